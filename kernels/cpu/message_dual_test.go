package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
	"painless/internal/tolerance"
)

// dualCase is a messageCase, how its state and pairs change, and weights that make a
// loss of the message's output and of its rate.
type dualCase struct {
	*messageCase
	tangent, l State[float64]
	rates      []PairRate[float64]
}

func newDualCase(c *messageCase) *dualCase {
	rng := rand.New(rand.NewPCG(7, uint64(c.h)))
	d := &dualCase{messageCase: c}
	d.l = State[float64]{normal[float64](rng, len(c.g.S)), normal[float64](rng, len(c.g.V))}
	if c.in.V != nil {
		d.tangent = State[float64]{normal[float64](rng, len(c.g.S)), normal[float64](rng, len(c.g.V))}
	}
	for range c.pairs.D {
		d.rates = append(d.rates, PairRate[float64](normal[float64](rng, 4)))
	}
	return d
}

func (c *dualCase) empty() State[float64] {
	return State[float64]{make([]float64, len(c.g.S)), make([]float64, len(c.g.V))}
}

func copied(a State[float64]) State[float64] {
	b := State[float64]{S: append([]float64(nil), a.S...)}
	if a.V != nil {
		b.V = append([]float64(nil), a.V...)
	}
	return b
}

// rate is the message's rate, without the identity part.
func (c *dualCase) rate() State[float64] {
	out := c.empty()
	MessageTangent(out, c.in, c.tangent, c.pairs, c.rates, c.filter, c.h)
	return out
}

func TestRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		x, rate := [3]float64(normal[float64](rng, 3)), [3]float64(normal[float64](rng, 3))
		at := func(step float64) Pairs[float64] {
			var moved [3]float64
			for c := range x {
				moved[c] = x[c] + step*rate[c]
			}
			var list atoms.Pairs[float64]
			list.Resize(1)
			list.Set(0, 0, 1, moved, atoms.Distance(moved))
			return directed(list)
		}
		const h = 1e-5
		up, down := at(h), at(-h)
		got := Rate(x, atoms.Distance(x), rate)
		for c := range 3 {
			assert.InDelta(t, (up.U[0][c]-down.U[0][c])/(2*h), got[c], 1e-7)
		}
		assert.InDelta(t, (up.D[0]-down.D[0])/(2*h), got[3], 1e-8)
	}
}

func TestMessageTangent(t *testing.T) {
	forMessages(t, func(t *testing.T, c *messageCase) {
		d := newDualCase(c)
		got := d.rate()
		// The message where all has moved by a step.
		at := func(step float64) State[float64] {
			moved := *c
			moved.in, moved.filter.Phi = copied(c.in), append([]float64(nil), c.filter.Phi...)
			for i, x := range d.tangent.S {
				moved.in.S[i] += step * x
			}
			for i, x := range d.tangent.V {
				moved.in.V[i] += step * x
			}
			moved.pairs.U = append([][3]float64(nil), c.pairs.U...)
			for p := range moved.pairs.U {
				for a := range 3 {
					moved.pairs.U[p][a] += step * d.rates[p][a]
				}
				for k := p * c.filter.Row; k < (p+1)*c.filter.Row; k++ {
					moved.filter.Phi[k] += step * d.rates[p][3] * c.filter.Slope[k]
				}
			}
			out := moved.forward(c.h)
			for i, x := range moved.in.S { // the identity part
				out.S[i] -= x
			}
			for i, x := range moved.in.V {
				out.V[i] -= x
			}
			return out
		}
		const h = 1e-4
		numeric := func(up, down []float64) []float64 {
			for i := range up {
				up[i] = (up[i] - down[i]) / (2 * h)
			}
			return up
		}
		up, down := at(h), at(-h)
		tolerance.Check(t, "ṡ", got.S, numeric(up.S, down.S), 1e-6, 1e-7)
		tolerance.Check(t, "v̇", got.V, numeric(up.V, down.V), 1e-6, 1e-7)
	})
}

func TestMessageDualBackward(t *testing.T) {
	forMessages(t, func(t *testing.T, c *messageCase) {
		d := newDualCase(c)
		loss := func() float64 {
			out, rate := c.forward(c.h), d.rate()
			return dotProduct(out.S, d.l.S) + dotProduct(out.V, d.l.V) + dotProduct(rate.S, c.g.S) + dotProduct(rate.V, c.g.V)
		}
		lin := copied(d.l)
		if c.in.V == nil {
			lin.V = nil
		}
		grad := Filter[float64]{make([]float64, len(c.filter.Phi)), make([]float64, len(c.filter.Slope)), c.filter.Row, c.filter.Part}
		MessageDualBackward(lin, grad, d.l, c.g, c.in, d.tangent, c.pairs, d.rates, c.filter, c.h)
		checkGradient(t, "by s", loss, c.in.S, lin.S)
		checkGradient(t, "by φ", loss, c.filter.Phi, grad.Phi)
		checkGradient(t, "by φ′", loss, c.filter.Slope, grad.Slope)
		if c.in.V == nil {
			return
		}
		checkGradient(t, "by v", loss, c.in.V, lin.V)
		gin, ignored := d.empty(), make([]PairGrad[float64], len(c.pairs.D))
		MessageBackward(gin, ignored, c.g, c.in, c.pairs, c.filter, c.h)
		checkGradient(t, "by ṡ", loss, d.tangent.S, gin.S)
		checkGradient(t, "by v̇", loss, d.tangent.V, gin.V)
	})
}

// Features do not matter to one another, so that groups may be computed one by one.
func TestMessageDualInGroups(t *testing.T) {
	const h, width = 20, 8
	d := newDualCase(newMessageCase(2, h, false))
	run := func(width int) (rate, lin State[float64], grad Filter[float64]) {
		rate, lin = d.empty(), d.empty()
		grad = Filter[float64]{make([]float64, len(d.filter.Phi)), make([]float64, len(d.filter.Slope)), d.filter.Row, d.filter.Part}
		for lo := 0; lo < h; lo += width {
			hi := min(lo+width, h)
			take := func(a State[float64]) State[float64] { part, _ := d.features(a, lo, hi); return part }
			partRate, putRate := d.features(rate, lo, hi)
			partLin, putLin := d.features(lin, lo, hi)
			MessageTangent(partRate, take(d.in), take(d.tangent), d.pairs, d.rates, d.group(lo), hi-lo)
			partGrad := Filter[float64]{grad.Phi[lo:], grad.Slope[lo:], grad.Row, grad.Part}
			MessageDualBackward(partLin, partGrad, take(d.l), take(d.g), take(d.in), take(d.tangent), d.pairs, d.rates, d.group(lo), hi-lo)
			putRate()
			putLin()
		}
		return rate, lin, grad
	}
	rate, lin, grad := run(h)
	partRate, partLin, partGrad := run(width)
	assert.Equal(t, rate, partRate)
	assert.Equal(t, lin, partLin)
	assert.Equal(t, grad, partGrad)
}
