package nn

import (
	"fmt"
	"slices"

	"painless/kernels/cpu"
)

// NeighborList is every undirected pair {i, j} of a batch with d ≤ cutoff:
// pairs of different atoms, and of atoms (an atom itself included) with
// periodic images. A pair stands for the two directed edges j → i with
// displacement x = r_j + Shift·cell − r_i and i → j with −x.
//
// x is computed in float64 and rounded to T once; d ≤ cutoff is decided on
// that x in T, the one that the network uses, so that both directions of a
// pair take the same decision. Pairs are in ascending order of (i, j, Shift)
// with i ≤ j, however they were found.
type NeighborList[T cpu.Float] struct {
	cpu.Pairs[T]
	Shift [][3]int32 // in lattice vectors, [P]
	Start []int      // the pairs of structure k are Start[k] up to Start[k+1]; [S+1]

	bins bins
	near []neighbor
}

type neighbor struct {
	j     int32
	shift [3]int32
}

const (
	// Below allPairsBelow atoms of an isolated structure, looking at all pairs is faster than binning them.
	allPairsBelow = 200
	// More neighbours than this, on average, are no matter but a wrong unit, and would fill the memory.
	maxNeighbors = 4096
)

// Build finds the pairs of a checked batch. Memory is reused from call to call.
func (l *NeighborList[T]) Build(b *Batch, cutoff float64) error {
	l.Reset()
	l.Shift = l.Shift[:0]
	l.Start = append(l.Start[:0], 0)
	for k := range b.Len() {
		var err error
		if n := b.Start[k+1] - b.Start[k]; n < allPairsBelow && !b.periodic(k) {
			err = l.allPairs(b, k, cutoff)
		} else {
			err = l.binned(b, k, cutoff)
		}
		if err != nil {
			return &StructureError{k, err}
		}
		l.Start = append(l.Start, len(l.D))
	}
	return nil
}

func (l *NeighborList[T]) allPairs(b *Batch, k int, cutoff float64) error {
	for i := b.Start[k]; i < b.Start[k+1]; i++ {
		for j := i + 1; j < b.Start[k+1]; j++ {
			if err := l.add(b, k, int32(i), neighbor{j: int32(j)}, cutoff); err != nil {
				return err
			}
		}
	}
	return nil
}

// binned looks for the neighbours of an atom in the bins around its own.
func (l *NeighborList[T]) binned(b *Batch, k int, cutoff float64) error {
	first, last := b.Start[k], b.Start[k+1]
	lat, err := newLattice(b.Cells[k], b.PBC[k])
	if err != nil {
		return err
	}
	if err := l.bins.fill(&lat, b.Positions[first:last], cutoff); err != nil {
		return err
	}
	limit := len(l.D) + max(1, last-first)*maxNeighbors/2
	for i := first; i < last; i++ {
		l.near = l.bins.around(i-first, l.near[:0])
		slices.SortFunc(l.near, compareNeighbors)
		for _, n := range l.near {
			n.j += int32(first)
			if err := l.add(b, k, int32(i), n, cutoff); err != nil {
				return err
			}
		}
		if len(l.D) > limit {
			return fmt.Errorf("more than %d neighbours per atom within %v Å: expected positions and cell in Å", maxNeighbors, cutoff)
		}
	}
	return nil
}

func compareNeighbors(a, b neighbor) int {
	if a.j != b.j {
		return int(a.j - b.j)
	}
	for c := range a.shift {
		if a.shift[c] != b.shift[c] {
			return int(a.shift[c] - b.shift[c])
		}
	}
	return 0
}

// add appends the pair of atom i with n if it is within the cutoff.
func (l *NeighborList[T]) add(b *Batch, k int, i int32, n neighbor, cutoff float64) error {
	ri, rj := &b.Positions[i], &b.Positions[n.j]
	var shift [3]float64
	if n.shift != [3]int32{} {
		shift = times([3]float64{float64(n.shift[0]), float64(n.shift[1]), float64(n.shift[2])}, &b.Cells[k])
	}
	x := [3]T{T(rj[0] + shift[0] - ri[0]), T(rj[1] + shift[1] - ri[1]), T(rj[2] + shift[2] - ri[2])}
	d := cpu.Length(x)
	if d > T(cutoff) {
		return nil
	}
	if d == 0 {
		return fmt.Errorf("%s and %s are on the same point", b.name(k, i), b.name(k, n.j))
	}
	l.Append(i, n.j, x, d)
	l.Shift = append(l.Shift, n.shift)
	return nil
}
