package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

// messageCase is random states of 5 atoms and 12 pairs, and weights that make
// an energy of the message's output.
type messageCase struct {
	h, parts int
	pairs    Pairs[float64]
	in, g    State[float64]
	filter   Filter[float64]
}

func newMessageCase(seed uint64, h int, first bool) *messageCase {
	const atoms, pairs = 5, 12
	rng := rand.New(rand.NewPCG(seed, uint64(h)))
	c := &messageCase{h: h, parts: 3, pairs: randomPairs(rng, pairs, atoms)}
	c.in = State[float64]{normal[float64](rng, atoms*h), normal[float64](rng, atoms*3*h)}
	c.g = State[float64]{normal[float64](rng, atoms*h), normal[float64](rng, atoms*3*h)}
	if first {
		c.in.V, c.parts = nil, 2
	}
	c.filter = Filter[float64]{normal[float64](rng, pairs*c.parts*h), normal[float64](rng, pairs*c.parts*h), c.parts * h, h}
	return c
}

// group is the filter of the features from lo on.
func (c *messageCase) group(lo int) Filter[float64] {
	return Filter[float64]{c.filter.Phi[lo:], c.filter.Slope[lo:], c.filter.Row, c.filter.Part}
}

// features copies the features lo up to hi of a state out of it, and with put back into it.
func (c *messageCase) features(a State[float64], lo, hi int) (part State[float64], put func()) {
	both := func(whole []float64) (part []float64, put func()) {
		move := func(do func(whole, part []float64)) {
			for row := range len(whole) / c.h {
				do(whole[row*c.h+lo:row*c.h+hi], part[row*(hi-lo):])
			}
		}
		part = make([]float64, len(whole)/c.h*(hi-lo))
		move(func(whole, part []float64) { copy(part, whole) })
		return part, func() { move(func(whole, part []float64) { copy(whole, part) }) }
	}
	var s, v func()
	part.S, s = both(a.S)
	if a.V == nil {
		return part, s
	}
	part.V, v = both(a.V)
	return part, func() { s(); v() }
}

// forward is the message's output, groups of so many features one by one.
func (c *messageCase) forward(width int) State[float64] {
	out := State[float64]{append([]float64(nil), c.in.S...), make([]float64, 3*len(c.in.S))}
	copy(out.V, c.in.V)
	for lo := 0; lo < c.h; lo += width {
		hi := min(lo+width, c.h)
		part, put := c.features(out, lo, hi)
		in, _ := c.features(c.in, lo, hi)
		MessageForward(part, in, c.pairs, c.group(lo), hi-lo)
		put()
	}
	return out
}

func (c *messageCase) energy() float64 {
	out := c.forward(c.h)
	return dotProduct(out.S, c.g.S) + dotProduct(out.V, c.g.V)
}

// reference is the equation itself, over directed edges.
func (c *messageCase) reference() State[float64] {
	h := c.h
	out := State[float64]{append([]float64(nil), c.in.S...), make([]float64, 3*len(c.in.S))}
	copy(out.V, c.in.V)
	edge := func(p int, i, j int32, sign float64) {
		for f := range h {
			phi := c.filter.Phi[p*c.parts*h:]
			out.S[int(i)*h+f] += c.in.S[int(j)*h+f] * phi[f]
			for axis := range 3 {
				to := &out.V[(int(i)*3+axis)*h+f]
				*to += sign * c.pairs.U[p][axis] * phi[(c.parts-1)*h+f]
				if c.in.V != nil {
					*to += c.in.V[(int(j)*3+axis)*h+f] * phi[h+f]
				}
			}
		}
	}
	for p := range c.pairs.D {
		edge(p, c.pairs.I[p], c.pairs.J[p], 1)
		edge(p, c.pairs.J[p], c.pairs.I[p], -1)
	}
	return out
}

func forMessages(t *testing.T, test func(t *testing.T, c *messageCase)) {
	for _, h := range []int{1, 7, 16, 20} {
		for _, first := range []bool{false, true} {
			t.Run(fmt.Sprintf("h=%d/first=%v", h, first), func(t *testing.T) { test(t, newMessageCase(1, h, first)) })
		}
	}
}

func TestMessageForward(t *testing.T) {
	forMessages(t, func(t *testing.T, c *messageCase) {
		got, want := c.forward(c.h), c.reference()
		tolerance.Check(t, "s", got.S, want.S, 1e-13, 0)
		tolerance.Check(t, "v", got.V, want.V, 1e-13, 0)
		assert.Equal(t, got, c.forward(4), "groups of features do not matter")
	})
}

func TestMessageBackward(t *testing.T) {
	forMessages(t, func(t *testing.T, c *messageCase) {
		gin := State[float64]{append([]float64(nil), c.g.S...), append([]float64(nil), c.g.V...)}
		grad := make([]PairGrad[float64], len(c.pairs.D))
		MessageBackward(gin, grad, c.g, c.in, c.pairs, c.filter, c.h)

		if c.in.V != nil {
			checkGradient(t, "∂E/∂s", c.energy, c.in.S, gin.S)
			checkGradient(t, "∂E/∂v", c.energy, c.in.V, gin.V)
		} else {
			assert.Equal(t, c.g, gin, "left alone before the first message")
		}
		for p := range c.pairs.D {
			checkGradient(t, "∂E/∂u", c.energy, c.pairs.U[p][:], grad[p][:3])
			// ∂E/∂d: move φ along its slope.
			step, at := []float64{0}, append([]float64(nil), c.filter.Phi...)
			along := func() float64 {
				for k := p * c.parts * c.h; k < (p+1)*c.parts*c.h; k++ {
					c.filter.Phi[k] = at[k] + step[0]*c.filter.Slope[k]
				}
				return c.energy()
			}
			checkGradient(t, "∂E/∂d", along, step, grad[p][3:])
			copy(c.filter.Phi, at)
		}
	})
}

// The features' shares of a pair's gradient add up to the whole.
func TestMessageBackwardInGroups(t *testing.T) {
	c := newMessageCase(2, 20, false)
	n := len(c.pairs.D)
	run := func(width int) (gin State[float64], grad []PairGrad[float64]) {
		gin, grad = State[float64]{make([]float64, len(c.g.S)), make([]float64, len(c.g.V))}, make([]PairGrad[float64], n)
		for lo := 0; lo < c.h; lo += width {
			hi := min(lo+width, c.h)
			part, put := c.features(gin, lo, hi)
			g, _ := c.features(c.g, lo, hi)
			in, _ := c.features(c.in, lo, hi)
			MessageBackward(part, grad, g, in, c.pairs, c.group(lo), hi-lo)
			put()
		}
		return gin, grad
	}
	gin, grad := run(c.h)
	ginParts, gradParts := run(8)
	assert.Equal(t, gin, ginParts)
	for p := range n {
		tolerance.Check(t, "∂E/∂u, ∂E/∂d", gradParts[p][:], grad[p][:], 1e-12, 0)
	}
}
