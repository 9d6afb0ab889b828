package gpu_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// fewCase is a few atoms, and what the launches for few and for many of them work on.
type fewCase struct {
	*bench
	h, n        int
	edges       gpu.Edges
	embedding   gpu.Array[float32]
	numbers     gpu.Array[int32]
	first, next *gpu.FewMessage // of the first block and of another
}

func newFewCase(t *testing.T, rng *rand.Rand, h, n int) *fewCase {
	b := newBench(t, h, testIntervals)
	pairs := randomPairs(rng, n, 9, 2*n)
	c := &fewCase{bench: b, h: h, n: n, edges: edgesOf(b, &pairs, n), embedding: upload(b, floats(normal(rng, 7*h)))}
	numbers := make([]int32, n)
	for i := range numbers {
		numbers[i] = int32(rng.IntN(7))
	}
	c.numbers = upload(b, numbers)
	message := func(parts int) *gpu.FewMessage {
		table, err := gpu.NewTable(b.memory, randomCurves(rng, parts, h), testIntervals, parts, h)
		require.NoError(t, err)
		return &gpu.FewMessage{Edges: &c.edges, Filter: table, Cutoff: testCutoff, Before: gpu.Before{Embedding: c.embedding, Numbers: c.numbers}}
	}
	c.first, c.next = message(2), message(3)
	return c
}

func (c *fewCase) room() gpu.State { return room[[4]float32](c.bench, c.n*c.h) }

func (c *fewCase) random(rng *rand.Rand) []([4]float32) {
	out := make([][4]float32, c.n*c.h)
	for i := range out {
		out[i] = [4]float32(floats(normal(rng, 4)))
	}
	return out
}

func (c *fewCase) floats(width int) gpu.Array[float32] {
	return room[float32](c.bench, c.n*width)
}

func (c *fewCase) force() gpu.Array[float32] {
	return upload(c.bench, make([]float32, gpu.Groups(c.h)*c.n*12))
}

// same is whether two arrays hold the same bits.
func same[T any](t *testing.T, c *fewCase, what string, got, want gpu.Array[T]) {
	t.Helper()
	assert.Equal(t, download(c.bench, want), download(c.bench, got), what)
}

// The launches for few atoms give the bits of those for many, at every point where both have them.
func TestFewEqualsMany(t *testing.T) {
	for _, h := range []int{32, 80, 128} {
		for _, n := range []int{2, 13, gpu.FewAtoms} {
			t.Run(fmt.Sprintf("h=%d/atoms=%d", h, n), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(7, uint64(h+n)))
				c := newFewCase(t, rng, h, n)
				c.forward(t, rng)
				c.turn(t, rng)
				c.backward(t, rng)
			})
		}
	}
}

// forward leaves the state before the second message, after the first and an update, to turn and backward.
func (c *fewCase) forward(t *testing.T, rng *rand.Rand) {
	u, k := newUpdateCase(c.bench, rng, c.h, c.n, 3), c.k
	after, got := c.room(), c.room()
	require.NoError(t, k.MessageForward(after, c.first.Before, &c.edges, c.first.Filter, nil))
	require.NoError(t, k.FewMessage(got, c.first))
	same(t, c, "first message", got, after)

	out, next, pre, gates := c.room(), c.room(), c.floats(c.h), c.floats(2*c.h)
	require.NoError(t, k.UpdateForward(out, pre, gates, after, &u.weights, c.h))
	require.NoError(t, k.MessageForward(next, gpu.Before{State: out}, &c.edges, c.next.Filter, nil))
	gotNext, gotPre, gotGates := c.room(), c.floats(c.h), c.floats(2*c.h)
	c.next.State = c.room()
	require.NoError(t, k.FewUpdate(gotNext, gotPre, gotGates, after, &u.weights, c.next))
	same(t, c, "pre", gotPre, pre)
	same(t, c, "gates", gotGates, gates)
	same(t, c, "update", c.next.State, out)
	same(t, c, "message", gotNext, next)
}

func (c *fewCase) turn(t *testing.T, rng *rand.Rand) {
	u, k, h := newUpdateCase(c.bench, rng, c.h, c.n, 1), c.k, c.h
	readout := gpu.Readout{newLayer(c.bench, rng, h, h/2, h).dense, newLayer(c.bench, rng, h/2, h/4, h).dense, newLayer(c.bench, rng, h/4, 1, h).dense}
	in := upload(c.bench, c.random(rng))
	var w gpu.Few
	require.NoError(t, w.Resize(c.memory, c.n, h))
	for what, m := range map[string]*gpu.FewMessage{"last": c.next, "only": c.first} {
		energy, g, gin, force := c.floats(1), c.room(), c.room(), c.force()
		require.NoError(t, k.Turn(g, energy, in, &u.weights, &readout, h))
		require.NoError(t, k.MessageBackward(gin, force, g, m.Before, &c.edges, m.Filter, nil, testCutoff, true))

		gotEnergy, gotG, gotGin, gotForce := c.floats(1), c.room(), c.room(), c.force()
		require.NoError(t, k.FewTurn(gotEnergy, in, &u.weights, &readout, &w))
		require.NoError(t, k.FewTurnBack(gotGin, gotForce, gotG, in, &u.weights, &w, m))
		same(t, c, what+": energy", gotEnergy, energy)
		same(t, c, what+": turn", gotG, g)
		same(t, c, what+": force", gotForce, force)
		if m == c.next {
			same(t, c, what+": message back", gotGin, gin)
		}
	}
}

func (c *fewCase) backward(t *testing.T, rng *rand.Rand) {
	u, k := newUpdateCase(c.bench, rng, c.h, c.n, 3), c.k
	in, pre, gates := upload(c.bench, pack(u.in, c.h)), c.floats(c.h), c.floats(2*c.h)
	require.NoError(t, k.UpdateForward(c.room(), pre, gates, in, &u.weights, c.h))
	var w gpu.Few
	require.NoError(t, w.Resize(c.memory, c.n, c.h))
	for what, m := range map[string]*gpu.FewMessage{"next": c.next, "first": c.first} {
		random := c.random(rng)
		g, gotG := upload(c.bench, random), upload(c.bench, random)
		gin, force, gotGin, gotForce := c.room(), c.force(), c.room(), c.force()
		require.NoError(t, k.UpdateBackward(g, in, pre, gates, &u.weights, c.h))
		require.NoError(t, k.MessageBackward(gin, force, g, m.Before, &c.edges, m.Filter, nil, testCutoff, false))
		require.NoError(t, k.FewUpdateBack(gotGin, gotForce, gotG, in, pre, gates, &u.weights, &w, m))
		same(t, c, what+": update back", gotG, g)
		same(t, c, what+": force", gotForce, force)
		if m == c.next {
			same(t, c, what+": message back", gotGin, gin)
		}
	}
}

// Launchers for few atoms refuse many, exact filters, and arrays of the wrong length.
func TestFewChecks(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	c := newFewCase(t, rng, 32, gpu.FewAtoms+1)
	assert.EqualError(t, c.k.FewMessage(c.room(), c.first), "message of few: 65 atoms, expected 1 to 64")
	exact := *c.first
	exact.Filter = gpu.NewExact(&gpu.FilterNetwork{}, 2, 32)
	assert.EqualError(t, c.k.FewMessage(c.room(), &exact), "message of few: an exact filter, expected a table")

	c = newFewCase(t, rng, 32, 4)
	c.first.Numbers = gpu.Array[int32]{}
	assert.EqualError(t, c.k.FewMessage(c.room(), c.first), "message of few: before has 0 elements, expected 4")
	assert.EqualError(t, c.k.FewMessage(gpu.State{}, c.next), "message of few: state has 0 elements, expected 128")
	var w gpu.Few
	assert.EqualError(t, c.k.FewTurn(c.floats(1), c.room(), &gpu.Update{}, &gpu.Readout{}, &w), "turn of few: room has 0 elements, expected 128")
}
