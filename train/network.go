package train

import "painless/kernels/cpu"

// network is a model's layers, packed.
type network[T cpu.Float] struct {
	updates []chain[T] // [K]
	filters []chain[T] // [K]
	head    chain[T]
	mixing  [][3][3]T // [K]
	layers  []*dense[T]
}

func newNetwork[T cpu.Float](l *layout) *network[T] {
	n := &network[T]{mixing: make([][3][3]T, len(l.blocks))}
	for k := range l.blocks {
		b := &l.blocks[k]
		n.filters = append(n.filters, chain[T]{newDense[T](b.filter[0], 1, 0), newDense[T](b.filter[1], 3, l.config.FilterParts(k)...)})
		n.updates = append(n.updates, chain[T]{newDense[T](b.update[0], 1, 0), newDense[T](b.update[1], 3, l.config.UpdateParts(k)...)})
		n.layers = append(append(n.layers, n.filters[k]...), n.updates[k]...)
	}
	for _, x := range l.head {
		n.head = append(n.head, newDense[T](x, 1, 0))
	}
	n.layers = append(n.layers, n.head...)
	return n
}

// gated reports whether block k has vectors after it.
func (n *network[T]) gated(k int) bool { return k < len(n.updates)-1 }
