package gpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/spline"
	"painless/kernels/cpu"
	"painless/kernels/gpu"
)

const testCutoff, testIntervals, testRBF = 5.0, 32, 10

// randomCurves is smooth random φ as tables are made of.
func randomCurves(rng *rand.Rand, parts, h int) [][6]float64 {
	step := testCutoff / testIntervals
	row := parts * h
	n := (testIntervals + 1) * row
	value, slope, curvature := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range row {
		a, w, phase := rng.NormFloat64(), 0.5+rng.Float64(), 6*rng.Float64()
		for k := range testIntervals + 1 {
			sin, cos := math.Sincos(w*float64(k)*step + phase)
			value[k*row+i], slope[k*row+i], curvature[k*row+i] = a*sin, a*w*cos*step, -a*w*w*sin*step*step
		}
	}
	return spline.Quintic(value, slope, curvature, row)
}

// randomPairs is pairs of n atoms, of which the first has many and the last
// none; some are of an atom with its own image.
func randomPairs(rng *rand.Rand, n, many, others int) cpu.Pairs[float64] {
	var p atoms.Pairs[float64]
	p.Resize(many + others)
	for k := range many + others {
		i, j := int32(0), int32(rng.IntN(n-1))
		if k >= many {
			i = int32(rng.IntN(n - 1))
		}
		x := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		d := atoms.Distance(x)
		to := 0.8 + (testCutoff-0.8)*rng.Float64()
		if k == 0 {
			to = testCutoff
		}
		for c := range x {
			x[c] *= to / d
		}
		p.Set(k, i, j, x, atoms.Distance(x))
		p.D[k] = min(p.D[k], testCutoff)
	}
	pairs := cpu.Pairs[float64]{Pairs: p, U: make([][3]float64, len(p.D))}
	pairs.Direct(0, len(p.D))
	return pairs
}

// edgesOf is both directions of the pairs, by the atom that they end at.
func edgesOf(b *bench, p *cpu.Pairs[float64], n int) (e gpu.Edges) {
	lists := make([][]int, n) // pair·2, and 1 for the direction towards J
	for k := range p.D {
		lists[p.I[k]] = append(lists[p.I[k]], 2*k)
		lists[p.J[k]] = append(lists[p.J[k]], 2*k+1)
	}
	var spans [][2]int32
	var ea [][4]int32
	var eb [][4]float32
	for _, list := range lists {
		first := int32(len(ea))
		for _, edge := range list {
			k, from, sign := edge/2, p.J[edge/2], 1.0
			if edge%2 == 1 {
				from, sign = p.I[k], -1
			}
			at := p.D[k] * testIntervals / testCutoff
			interval := min(int(at), testIntervals-1)
			ea = append(ea, [4]int32{from, int32(interval), int32(math.Float32bits(float32(at - float64(interval)))), int32(math.Float32bits(float32(p.D[k])))})
			eb = append(eb, [4]float32{float32(sign * p.U[k][0]), float32(sign * p.U[k][1]), float32(sign * p.U[k][2]), float32(1 / (p.D[k] + 1e-8))})
		}
		spans = append(spans, [2]int32{first, int32(len(ea))})
	}
	return gpu.Edges{Spans: upload(b, spans), A: upload(b, ea), B: upload(b, eb), Status: upload(b, []int64{int64(len(ea)), 0})}
}

// tabulated is φ and φ′ of all pairs in float64, [P, parts, H].
func tabulated(c [][6]float64, parts, h int, p *cpu.Pairs[float64]) cpu.Filter[float64] {
	row := parts * h
	f := cpu.Filter[float64]{Phi: make([]float64, len(p.D)*row), Slope: make([]float64, len(p.D)*row), Row: row, Part: h}
	for k, d := range p.D {
		at := d * testIntervals / testCutoff
		interval := min(int(at), testIntervals-1)
		share := at - float64(interval)
		for i, polynomial := range c[interval*row:][:row] {
			y, slope := 0.0, 0.0
			for n := len(polynomial) - 1; n >= 0; n-- { // Horner's rule
				y, slope = y*share+polynomial[n], slope*share+y
			}
			f.Phi[k*row+i], f.Slope[k*row+i] = y, slope*testIntervals/testCutoff
		}
	}
	return f
}

func copied(s cpu.State[float64]) cpu.State[float64] {
	return cpu.State[float64]{S: append([]float64(nil), s.S...), V: append([]float64(nil), s.V...)}
}

func TestMessage(t *testing.T) {
	for _, h := range []int{32, 64, 128} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("h=%d/first=%v", h, first), func(t *testing.T) { testMessage(t, h, first) })
		}
	}
}

func testMessage(t *testing.T, h int, first bool) {
	const n = 19
	rng := rand.New(rand.NewPCG(1, uint64(h)))
	parts := 3
	if first {
		parts = 2
	}
	c, pairs := randomCurves(rng, parts, h), randomPairs(rng, n, 200, 60)
	in := cpu.State[float64]{S: normal(rng, n*h), V: normal(rng, n*3*h)}
	g := cpu.State[float64]{S: normal(rng, n*h), V: normal(rng, n*3*h)}
	if first {
		in.V = nil
	}
	b := newBench(t, h, testIntervals)
	edges := edgesOf(b, &pairs, n)
	table, err := gpu.NewTable(b.memory, c, testIntervals, parts, h)
	require.NoError(t, err)

	want := cpu.State[float64]{S: append([]float64(nil), in.S...), V: make([]float64, n*3*h)}
	copy(want.V, in.V)
	gin, grad := copied(g), make([]cpu.PairGrad[float64], len(pairs.D))
	f := tabulated(c, parts, h, &pairs)
	cpu.MessageForward(want, in, pairs, f, h)
	cpu.MessageBackward(gin, grad, g, in, pairs, f, h)
	state, out := before(b, in, h, first), room[[4]float32](b, n*h)
	require.NoError(t, b.k.MessageForward(out, state, &edges, table, nil))
	got := unpack(download(b, out), h)
	checkScaled(t, "s", got.S, want.S, 2e-6)
	checkScaled(t, "v", got.V, want.V, 2e-6)

	force := upload(b, make([]float32, gpu.Groups(h)*n*12))
	for _, last := range []bool{true, false} { // set, and added to it once more
		require.NoError(t, b.k.MessageBackward(out, force, upload(b, pack(g, h)), state, &edges, table, nil, testCutoff, last))
	}
	if !first {
		got = unpack(download(b, out), h)
		checkScaled(t, "∂E/∂s", got.S, gin.S, 2e-6)
		checkScaled(t, "∂E/∂v", got.V, gin.V, 2e-6)
	}
	checkForces(t, b, force, h, &pairs, grad, n, 2)
}

// checkForces compares force, to which times launches added, with what the
// pairs' gradients give.
func checkForces(t *testing.T, b *bench, force gpu.Array[float32], h int, pairs *cpu.Pairs[float64], grad []cpu.PairGrad[float64], n int, times float64) {
	t.Helper()
	wantForces, wantVirials := make([]float64, 3*n), make([]float64, 9*n)
	for k := range pairs.D {
		x := pairs.X[k]
		for c, f := range cpu.PairGradient(x, pairs.D[k], grad[k]) {
			wantForces[3*pairs.I[k]+int32(c)] += times * f
			wantForces[3*pairs.J[k]+int32(c)] -= times * f
			for d := range x {
				wantVirials[9*int(pairs.I[k])+3*c+d] += times * f * x[d]
				wantVirials[9*int(pairs.J[k])+3*c+d] += times * f * x[d]
			}
		}
	}
	forces, virials := room[[3]float32](b, n), room[[9]float32](b, n)
	order := rand.New(rand.NewPCG(6, 6)).Perm(n)
	given := make([]int32, n)
	for i, to := range order {
		given[i] = int32(to)
	}
	require.NoError(t, b.k.SumGroups(forces, virials, force, upload(b, given), gpu.Groups(h)))
	sorted := download(b, forces)
	require.NoError(t, b.k.SumGroups(forces, virials, force, gpu.Array[int32]{}, gpu.Groups(h)))
	var gotForces, gotVirials []float64
	for i, f := range download(b, forces) {
		assert.Equal(t, f, sorted[order[i]])
		gotForces = append(gotForces, float64(f[0]), float64(f[1]), float64(f[2]))
	}
	for _, w := range download(b, virials) {
		for _, x := range w {
			gotVirials = append(gotVirials, float64(x))
		}
	}
	checkScaled(t, "forces", gotForces, wantForces, 2e-6)
	checkScaled(t, "virials", gotVirials, wantVirials, 2e-6)
}

// Launchers refuse arrays of the wrong length.
func TestMessageChecksSizes(t *testing.T) {
	const h = 32
	rng := rand.New(rand.NewPCG(2, 2))
	b := newBench(t, h, testIntervals)
	c, pairs := randomCurves(rng, 3, h), randomPairs(rng, 4, 2, 2)
	edges := edgesOf(b, &pairs, 4)
	table, err := gpu.NewTable(b.memory, c, testIntervals, 3, h)
	require.NoError(t, err)
	state, short := room[[4]float32](b, 4*h), room[[4]float32](b, 3*h)
	err = b.k.MessageForward(short, gpu.Before{State: state}, &edges, table, nil)
	assert.EqualError(t, err, "message forward: state has 96 elements, expected 128")
	err = b.k.MessageForward(state, gpu.Before{State: short}, &edges, table, nil)
	assert.EqualError(t, err, "message forward: before has 96 elements, expected 128")
	err = edges.Resize(b.memory, 4, 1<<31) // more than int32 counts
	assert.ErrorIs(t, err, gpu.ErrOutOfMemory)
	assert.ErrorContains(t, err, "2147483648 edges")
	_, err = gpu.NewTable(b.memory, c[97:], testIntervals, 3, h)
	assert.EqualError(t, err, fmt.Sprintf("table: polynomials has %d elements, expected %d", 32*96-1, 32*96))
	other, err := gpu.NewTable(b.memory, c, testIntervals/2, 3, h)
	require.NoError(t, err)
	err = b.k.MessageForward(state, gpu.Before{State: state}, &edges, other, nil)
	assert.EqualError(t, err, "message forward: a table of 16 intervals, the kernels were loaded for 32")
	assert.EqualError(t, b.k.UpdateForward(state, gpu.Array[float32]{}, gpu.Array[float32]{}, state, nil, 2*h), "update forward: 64 features, the kernels were loaded for 32")
}
