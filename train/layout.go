package train

import "painless/nn"

// layer is where the weight [out, in] and the bias [out] of a Linear begin among a
// model's weights.
type layer struct{ weight, bias, out, in int }

// blockLayout is the layers of an interaction, as nn.Block has them.
type blockLayout struct {
	filter, update [2]layer
	mixing         int // [3, 3]
}

// layout is where each tensor begins among a model's weights, which lie one after
// another in the order of the architecture.
type layout struct {
	config    nn.Config
	embedding int // [MaxZ+1, H]
	blocks    []blockLayout
	head      [3]layer
	size      int
}

func newLayout(c nn.Config) (l layout) {
	l.config = c
	take := func(n int) (at int) {
		at, l.size = l.size, l.size+n
		return at
	}
	linear := func(out, in int) layer { return layer{weight: take(out * in), bias: take(out), out: out, in: in} }
	h := c.HiddenDim
	l.embedding = take((c.MaxZ + 1) * h)
	for range c.NumInteractions {
		l.blocks = append(l.blocks, blockLayout{
			filter: [2]layer{linear(h, c.NumRBF), linear(3*h, h)},
			update: [2]layer{linear(h, 2*h), linear(3*h, h)},
			mixing: take(9),
		})
	}
	l.head = [3]layer{linear(h/2, h), linear(h/4, h/2), linear(1, h/4)}
	return l
}

// matrices goes over the weights of all layers.
func (l *layout) layers(yield func(layer) bool) {
	for i := range l.blocks {
		b := &l.blocks[i]
		for _, x := range [...]layer{b.filter[0], b.filter[1], b.update[0], b.update[1]} {
			if !yield(x) {
				return
			}
		}
	}
	for _, x := range l.head {
		if !yield(x) {
			return
		}
	}
}

// row is a row of a layer's weight.
func row[E any](weights []E, l layer, o int) []E { return weights[l.weight+o*l.in:][:l.in] }
