package train

import (
	"math"
	"slices"

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

// tieGradient carries the gradient of block k's tied biases through to what they are
// made of: W2 −= gb2 ⊗ silu(b1), b1 −= silu′(b1) ⊙ W2ᵀ·gb2, and gb2 = 0. There is room
// for [2, H] in scratch.
func tieGradient[T cpu.Float](c chain[T], weights, gradient, scratch []T) {
	first, last := c[0], c[1]
	b1 := weights[first.bias:][:first.out]
	value, sum := scratch[:first.out], scratch[first.out:][:first.out]
	cpu.SiLU(value, b1)
	for i := range value {
		value[i] = -value[i]
	}
	for i, part := range last.parts {
		gb := gradient[last.bias+part*last.size:][:last.size]
		cpu.Outer(gradient[last.weight+part*last.size*last.in:][:last.size*last.in], nil, gb, value, 1, last.size, last.in, last.size)
		copy(last.row[i*last.size:], gb)
		clear(gb)
	}
	last.backward.Apply(sum, last.row, 1)
	cpu.SiLUBackward(sum, b1)
	for i, x := range sum {
		gradient[first.bias+i] -= x
	}
}

func silu(x float64) float64 { return x / (1 + math.Exp(-x)) }

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
			if !slices.Contains(used, i) {
				hold(x.weight+i*part*x.in, part*x.in)
				hold(x.bias+i*part, part)
			}
		}
	}
	for k := range l.blocks {
		b := &l.blocks[k]
		holdUnused(b.filter[1], l.config.FilterParts(k))
		holdUnused(b.update[1], l.config.UpdateParts(k))
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
