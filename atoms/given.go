package atoms

import "fmt"

// Take makes the list of pairs that a host gives, each once, in its order, but
// those beyond the cutoff, Å: atoms in other cells are atoms of their own, and no
// pair is of an atom with itself. Two atoms on one point are an error, as is a pair
// of others than the atoms at positions.
func (l *NeighborList[T]) Take(positions [][3]float64, pairs [][2]int32, cutoff float64) error {
	l.Resize(len(pairs))
	n, limit := 0, T(cutoff)
	for p, pair := range pairs {
		i, j := pair[0], pair[1]
		if i < 0 || j < 0 || int(i) >= len(positions) || int(j) >= len(positions) || i == j {
			return fmt.Errorf("pair %d is of the atoms %d and %d: expected two of %d", p, i, j, len(positions))
		}
		ri, rj := &positions[i], &positions[j]
		x := [3]T{T(rj[0] - ri[0]), T(rj[1] - ri[1]), T(rj[2] - ri[2])}
		d := Distance(x)
		if d == 0 {
			return fmt.Errorf("the atoms %d and %d are on the same point, %v Å", i, j, *ri)
		}
		if d <= limit { // as NaN is not
			l.Set(n, i, j, x, d)
			n++
		}
	}
	l.Resize(n)
	l.Start = append(l.Start[:0], 0, n)
	return nil
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
