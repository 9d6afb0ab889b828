package atoms

import (
	"math"

	"painless/internal/buffer"
	"painless/internal/vec"
)

// places puts the atoms of large structures into an order in which those that are
// near one another in space are so in memory: box by box, and within a box by their
// numbers. It depends on the positions as they are and on nothing before.
type places struct {
	order []int32 // the atom of each place, [N]
	of    []int32 // the place of each atom, [N]

	batch *Batch
	k     int // the structure at hand
	boxes boxes
	box   []int32 // of its atoms, [n]
	start []int32 // the places of box c begin at start[c]
	tasks struct{ assign func(worker, unit int) }
}

// boxes divide what a structure takes up.
type boxes struct {
	lattice Lattice
	count   [3]int
	low     [3]float64 // of the coordinates along the lattice vectors: fractions where periodic, otherwise Å
	scale   [3]float64 // boxes over their extent
}

const (
	// placedFrom is the atoms of a structure whose states leave the second-level cache.
	placedFrom = 2048
	boxEdge    = 3.0  // Å
	assigned   = 1024 // atoms at a time
)

// update makes the order of a batch, and says whether it differs from that of the atoms' numbers.
func (p *places) update(threads Runner, b *Batch) bool {
	large := false
	for k := range b.Len() {
		large = large || b.Start[k+1]-b.Start[k] >= placedFrom
	}
	if !large {
		return false
	}
	if p.tasks.assign == nil {
		p.tasks.assign = p.assign
	}
	p.batch, p.order, p.of = b, buffer.Resize(p.order, b.NumAtoms()), buffer.Resize(p.of, b.NumAtoms())
	for k := range b.Len() {
		lo, hi := b.Start[k], b.Start[k+1]
		if hi-lo < placedFrom || !p.boxes.divide(b, k) {
			for i := lo; i < hi; i++ {
				p.order[i], p.of[i] = int32(i), int32(i)
			}
			continue
		}
		p.k, p.box = k, buffer.Resize(p.box, hi-lo)
		threads.Run((hi-lo+assigned-1)/assigned, p.tasks.assign)
		p.sort(lo)
	}
	return true
}

// divide makes the boxes of structure k, at most as many as it has atoms; false
// where its cell has no volume.
func (x *boxes) divide(b *Batch, k int) bool {
	var err error
	if x.lattice, err = NewLattice(b.Cells[k], b.PBC[k]); err != nil {
		return false
	}
	positions := b.Positions[b.Start[k]:b.Start[k+1]]
	var extent, edges [3]float64
	for c, periodic := range x.lattice.Periodic {
		if periodic {
			x.low[c], extent[c], edges[c] = 0, 1, x.lattice.Height[c]/boxEdge
			continue
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, r := range positions {
			f := vec.Dot(x.lattice.Reciprocal[c], r)
			low, high = min(low, f), max(high, f)
		}
		x.low[c], extent[c] = low, high-low
		edges[c] = extent[c] / boxEdge
	}
	for many := math.Inf(1); many > float64(len(positions)); {
		many = 1
		for c := range edges {
			edges[c] = max(edges[c], 1)
			many *= math.Floor(edges[c])
		}
		if many > float64(len(positions)) {
			for c := range edges {
				edges[c] *= 0.8
			}
		}
	}
	for c := range edges {
		x.count[c] = int(edges[c])
		x.scale[c] = float64(x.count[c]) / max(extent[c], math.SmallestNonzeroFloat64)
	}
	return true
}

// of is the box of a position.
func (x *boxes) of(r [3]float64) int {
	var at [3]int
	for c := range at {
		f := vec.Dot(x.lattice.Reciprocal[c], r)
		if x.lattice.Periodic[c] {
			f -= math.Floor(f)
		}
		at[c] = max(0, min(int((f-x.low[c])*x.scale[c]), x.count[c]-1))
	}
	return (at[2]*x.count[1]+at[1])*x.count[0] + at[0]
}

func (p *places) assign(_, unit int) {
	first := p.batch.Start[p.k]
	for i := unit * assigned; i < min((unit+1)*assigned, len(p.box)); i++ {
		p.box[i] = int32(p.boxes.of(p.batch.Positions[first+i]))
	}
}

// sort gives the atoms of the structure at hand, whose first is lo, their places.
func (p *places) sort(lo int) {
	n := p.boxes.count[0] * p.boxes.count[1] * p.boxes.count[2]
	p.start = buffer.Resize(p.start, n+1)
	clear(p.start)
	for _, c := range p.box {
		p.start[c+1]++
	}
	for c := range n {
		p.start[c+1] += p.start[c]
	}
	for i, c := range p.box {
		place := int32(lo) + p.start[c]
		p.start[c]++
		p.order[place], p.of[lo+i] = int32(lo+i), place
	}
}
