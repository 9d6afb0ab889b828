package train

import (
	"math"

	"painless/kernels/cpu"
)

// Tie makes the ties hold, as they must after each change of the weights: where the
// model is not free, b2 = −W2·silu(b1) in every filter, computed in float64 and
// rounded, so that φ and its slope are 0 at the cutoff.
func (m *Model) Tie() { m.tie(m.Weights) }

func (m *Model) tie(w []float32) {
	if !m.Free {
		tie(&m.layout, w)
	}
}

func tie[T cpu.Float](l *layout, w []T) {
	for k := range l.blocks {
		first, last := l.blocks[k].filter[0], l.blocks[k].filter[1]
		hidden := make([]float64, last.in)
		for i := range hidden {
			hidden[i] = silu(float64(w[first.bias+i]))
		}
		for o := range last.out {
			sum := 0.0
			for i, x := range row(w, last, o) {
				sum += float64(x) * hidden[i]
			}
			w[last.bias+o] = T(0 - sum) // and not −0
		}
	}
}

// tieGradient carries the gradient of the tied biases through to what they are made
// of: W2 −= gb2 ⊗ silu(b1), b1 −= silu′(b1) ⊙ W2ᵀ·gb2, and gb2 = 0.
func tieGradient[T cpu.Float](l *layout, w, g []T) {
	for k := range l.blocks {
		first, last := l.blocks[k].filter[0], l.blocks[k].filter[1]
		for i := range last.in {
			b := float64(w[first.bias+i])
			value, sum := T(silu(b)), T(0)
			for o := range last.out {
				gb := g[last.bias+o]
				g[last.weight+o*last.in+i] -= T(gb * value)
				sum += T(gb * w[last.weight+o*last.in+i])
			}
			g[first.bias+i] -= T(siluSlope(b)) * sum
		}
		clear(g[last.bias:][:last.out])
	}
}

func silu(x float64) float64 { return x / (1 + math.Exp(-x)) }

func siluSlope(x float64) float64 {
	sigma := 1 / (1 + math.Exp(-x))
	return sigma + x*sigma*(1-sigma)
}

// findHeld tells which weights are not trained: those that nobody reads; unless the
// model is free, mixing matrices and the filters' last biases; and what is kept for
// the elements.
func (m *Model) findHeld() []bool {
	l := &m.layout
	held := make([]bool, l.size)
	hold := func(at, n int) {
		for i := range n {
			held[at+i] = true
		}
	}
	holdUnused := func(x layer, used []int) {
		part := x.out / 3
		for i := range 3 {
			if !contains(used, i) {
				hold(x.weight+i*part*x.in, part*x.in)
				hold(x.bias+i*part, part)
			}
		}
	}
	for k := range l.blocks {
		b := &l.blocks[k]
		holdUnused(b.filter[1], filterParts(k))
		holdUnused(b.update[1], l.updateParts(k))
		if !m.Free {
			hold(b.filter[1].bias, b.filter[1].out)
		}
		if !m.Free || k == len(l.blocks)-1 {
			hold(b.mixing, 9)
		}
	}
	if m.Reserved {
		m.reserved(func(at int) { held[at] = true })
	}
	return held
}

func contains(parts []int, part int) bool {
	for _, p := range parts {
		if p == part {
			return true
		}
	}
	return false
}

// clearHeld sets the weights that nobody reads, and those kept for the elements, to
// 0; mixing matrices stay.
func (m *Model) clearHeld() {
	for l := range m.layout.layers {
		for i := l.weight; i < l.bias+l.out; i++ {
			if m.held[i] {
				m.Weights[i] = 0
			}
		}
	}
	m.clearReserved()
}
