package train

import (
	"math/rand/v2"
	"slices"
)

// widening is how many features a network grows by: the least that leave the readout's
// layers, of a half and a quarter as many units, the two units that are kept.
const widening = 8

// Widen returns a model of eight more features that gives the same energies and forces
// and has a channel for the energies of the elements. What is new has random weights,
// the same for each seed, and nothing that was there reads it before training does.
func (m *Model) Widen(seed uint64) (*Model, error) {
	w := &Model{Config: m.Config, Centers: slices.Clone(m.Centers), Widths: slices.Clone(m.Widths), Free: m.Free, Reserved: true}
	w.Config.HiddenDim += widening
	if err := w.prepare(); err != nil {
		return nil, err
	}
	w.randomise(rand.New(rand.NewPCG(seed, 0x776964656e)))
	from, to := &m.layout, &w.layout
	for z := range m.Config.MaxZ + 1 {
		copy(w.Weights[to.embedding+z*w.Config.HiddenDim:], m.Weights[from.embedding+z*m.Config.HiddenDim:][:m.Config.HiddenDim])
	}
	for k := range from.blocks {
		a, b := &from.blocks[k], &to.blocks[k]
		w.widen(b.filter[0], m.Weights, a.filter[0], 1, 1)
		w.widen(b.filter[1], m.Weights, a.filter[1], 3, 1)
		w.widen(b.update[0], m.Weights, a.update[0], 1, 2)
		w.widen(b.update[1], m.Weights, a.update[1], 3, 1)
		copy(w.Weights[b.mixing:][:9], m.Weights[a.mixing:])
	}
	for i := range from.head {
		w.widen(to.head[i], m.Weights, from.head[i], 1, 1)
	}
	w.clearReserved()
	w.Tie()
	return w, nil
}

// widen puts a layer's weights into a larger one, whose units and inputs are in so many
// parts that each grew. Units that were there read nothing new.
func (m *Model) widen(to layer, weights []float32, from layer, units, inputs int) {
	for o := range to.out {
		old, ok := before(o, to.out/units, from.out/units)
		if !ok {
			continue
		}
		m.Weights[to.bias+o] = weights[from.bias+old]
		reads, has := row(m.Weights, to, o), row(weights, from, old)
		for i := range reads {
			reads[i] = 0
			if at, ok := before(i, to.in/inputs, from.in/inputs); ok {
				reads[i] = has[at]
			}
		}
	}
}

// before is where the number i was when its part was smaller; ok is false of a new one.
func before(i, part, smaller int) (old int, ok bool) {
	return i/part*smaller + i%part, i%part < smaller
}
