package atoms

import (
	"fmt"

	"painless/internal/buffer"
)

// TakeOn makes the list, on many threads, of pairs that a host gives, each once, in its
// order, but those beyond the cutoff, Å: atoms in other cells are atoms of their own, and no
// pair is of an atom with itself. Two atoms on one point are an error, as is a pair
// of others than the atoms at positions.
func (l *NeighborList[T]) TakeOn(threads Runner, positions [][3]float64, pairs [][2]int32, cutoff float64) error {
	g := &l.given
	if g.task == nil {
		g.task = l.take
	}
	l.Resize(len(pairs))
	l.cutoff, g.positions, g.pairs = T(cutoff), positions, pairs
	g.parts = buffer.Resize(g.parts, (len(pairs)+givenPart-1)/givenPart)
	threads.Run(len(g.parts), g.task)
	g.positions, g.pairs = nil, nil // the host's
	n := 0
	for unit, part := range g.parts {
		if part.err != nil {
			return part.err
		}
		if first := unit * givenPart; n < first {
			copy(l.I[n:], l.I[first:][:part.kept])
			copy(l.J[n:], l.J[first:][:part.kept])
			copy(l.X[n:], l.X[first:][:part.kept])
			copy(l.D[n:], l.D[first:][:part.kept])
		}
		n += part.kept
	}
	l.Resize(n)
	l.Start = append(l.Start[:0], 0, n)
	return nil
}

// given is pairs that a host gives, and what became of each part of them.
type given struct {
	positions [][3]float64
	pairs     [][2]int32
	parts     []struct {
		kept int
		err  error // of the part's first pair that has one
	}
	task func(worker, unit int)
}

// givenPart is the pairs that one thread takes at a time.
const givenPart = 4096

// take puts the pairs of a part where it begins.
func (l *NeighborList[T]) take(_, unit int) {
	g, first := &l.given, unit*givenPart
	part, n := &g.parts[unit], first
	part.kept, part.err = 0, nil
	for p, pair := range g.pairs[first:min(first+givenPart, len(g.pairs))] {
		i, j := pair[0], pair[1]
		if i < 0 || j < 0 || int(i) >= len(g.positions) || int(j) >= len(g.positions) || i == j {
			part.err = fmt.Errorf("pair %d is of the atoms %d and %d: expected two different ones of %d", first+p, i, j, len(g.positions))
			return
		}
		ri, rj := &g.positions[i], &g.positions[j]
		x, y, z := T(rj[0]-ri[0]), T(rj[1]-ri[1]), T(rj[2]-ri[2])
		d := distance(x, y, z)
		if d == 0 {
			part.err = fmt.Errorf("the atoms %d and %d are on the same point, %v Å", i, j, *ri)
			return
		}
		if d <= l.cutoff { // as NaN is not
			l.I[n], l.J[n], l.D[n] = i, j, d
			to := &l.X[n] // written one by one, as in measure
			to[0], to[1], to[2] = x, y, z
			n++
		}
	}
	part.kept = n - first
}

// DropGhosts takes away the pairs of two atoms from own on.
func (l *NeighborList[T]) DropGhosts(own int) {
	n := 0
	for p, i := range l.I {
		if j := l.J[p]; int(i) < own || int(j) < own {
			l.Set(n, i, j, l.X[p], l.D[p])
			n++
		}
	}
	l.Resize(n)
	l.Start = append(l.Start[:0], 0, n)
}
