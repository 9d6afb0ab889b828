package train

import (
	"fmt"
	"maps"
	"slices"
)

// The energies of the elements are part of the network: the last channel c has
// embedding[Z, c] = E_Z, and nothing else in it, in filters or updates, so that it
// stays as it is up to the readout. There silu(x) − silu(−x) = x carries it through
// the last two units of each hidden layer, and the last weights of these are 1 and −1.
// What a model keeps for this is 0 while it is trained.

// reserved goes over the weights that are kept for the elements.
func (m *Model) reserved(do func(at int)) {
	l, h := &m.layout, m.Config.HiddenDim
	c := h - 1
	hold := func(x layer, rows, columns []int) {
		for _, o := range rows {
			for i := range x.in {
				do(x.weight + o*x.in + i)
			}
			do(x.bias + o)
		}
		for _, i := range columns {
			for o := range x.out {
				do(x.weight + o*x.in + i)
			}
		}
	}
	for z := range m.Config.MaxZ + 1 {
		do(l.embedding + z*h + c)
	}
	for k := range l.blocks {
		b := &l.blocks[k]
		hold(b.filter[1], []int{c, h + c, 2*h + c}, nil)
		hold(b.update[0], nil, []int{c, h + c})
		hold(b.update[1], []int{c, h + c, 2*h + c}, nil)
	}
	hold(l.head[0], lastTwo(h/2), []int{c})
	hold(l.head[1], lastTwo(h/4), lastTwo(h/2))
	hold(l.head[2], nil, lastTwo(h/4))
}

func lastTwo(n int) []int { return []int{n - 2, n - 1} }

// carriers is the weights of the readout that carry the channel through, and what
// they are: 1 or −1.
func (m *Model) carriers() map[int]float32 {
	a, b, c := m.layout.head[0], m.layout.head[1], m.layout.head[2]
	plus, minus := a.out-2, a.out-1
	last := b.out - 2
	return map[int]float32{
		a.weight + plus*a.in + a.in - 1: 1, a.weight + minus*a.in + a.in - 1: -1,
		b.weight + last*b.in + plus: 1, b.weight + last*b.in + minus: -1,
		b.weight + (last+1)*b.in + plus: -1, b.weight + (last+1)*b.in + minus: 1,
		c.weight + last: 1, c.weight + last + 1: -1,
	}
}

func (m *Model) clearReserved() {
	if m.Reserved {
		m.reserved(func(at int) { m.Weights[at] = 0 })
	}
}

// element is the weight that is the energy of an element.
func (m *Model) element(z int) int {
	return m.layout.embedding + z*m.Config.HiddenDim + m.Config.HiddenDim - 1
}

// fold puts the energies of the elements into weights.
func (m *Model) fold(w []float32, elements map[int]float64) error {
	if len(elements) > 0 && !m.Reserved {
		return fmt.Errorf("energies of %d elements: the network has no channel for them", len(elements))
	}
	for _, z := range slices.Sorted(maps.Keys(elements)) {
		if z < 1 || z > m.Config.MaxZ {
			return fmt.Errorf("energy of element %d: the network has elements 1 to %d", z, m.Config.MaxZ)
		}
		w[m.element(z)] = float32(elements[z])
	}
	if m.Reserved {
		for at, x := range m.carriers() {
			w[at] = x
		}
	}
	return nil
}

// unfold is the energies of the elements where the weights carry them, or nil.
func (m *Model) unfold() map[int]float64 {
	if m.Config.HiddenDim < leastReserved {
		return nil
	}
	want := m.carriers()
	for z := range m.Config.MaxZ + 1 {
		want[m.element(z)] = m.Weights[m.element(z)]
	}
	carries := true
	m.reserved(func(at int) { carries = carries && m.Weights[at] == want[at] })
	if !carries {
		return nil
	}
	elements := map[int]float64{}
	for z := 1; z <= m.Config.MaxZ; z++ {
		if e := m.Weights[m.element(z)]; e != 0 {
			elements[z] = float64(e)
		}
	}
	return elements
}
