package md

import (
	"fmt"
	"math"
	"slices"

	"painless/internal/vec"
)

// Bond is a distance between two atoms of a structure that stays what it is.
type Bond struct {
	I, J   int        // atoms of the batch
	Shift  [3]float64 // Å: the vector of the bond is r_J + Shift − r_I
	Length float64    // Å
}

// bonds holds distances (SHAKE: Ryckaert, Ciccotti and Berendsen, J. Comput.
// Phys. 23, 327 (1977); RATTLE: Andersen, ibid. 52, 24 (1983)).
type bonds struct {
	list   []Bond
	before [][3]float64 // of the vectors, before a drift
}

const (
	bondTolerance  = 1e-10 // of the squared length
	bondIterations = 1000
)

// newBonds checks that bonds lie within a structure and have the length that they are to keep.
func newBonds(s *System, list []Bond) (bonds, error) {
	b := bonds{list: slices.Clone(list), before: make([][3]float64, len(list))}
	for _, bond := range list {
		switch n := s.NumAtoms(); {
		case bond.I < 0 || bond.J < 0 || bond.I >= n || bond.J >= n || bond.I == bond.J || s.structure(bond.I) != s.structure(bond.J):
			return b, fmt.Errorf("bond of atoms %d and %d: expected two atoms of one structure", bond.I, bond.J)
		case s.Fixed != nil && (s.Fixed[bond.I] != [3]bool{} || s.Fixed[bond.J] != [3]bool{}):
			return b, fmt.Errorf("bond of atoms %d and %d: expected atoms that are not fixed", bond.I, bond.J)
		case !(math.Abs(vec.Norm(bond.vector(s))-bond.Length) < 0.1*bond.Length):
			return b, fmt.Errorf("bond of atoms %d and %d: expected a length near %.3f Å, found %.3f", bond.I, bond.J, bond.Length, vec.Norm(bond.vector(s)))
		}
	}
	return b, nil
}

// structure is the one that an atom belongs to.
func (s *System) structure(atom int) int {
	k, found := slices.BinarySearch(s.Start, atom)
	if !found {
		k--
	}
	for k+1 < len(s.Start) && s.Start[k+1] == atom { // empty structures begin there too
		k++
	}
	return k
}

func (b *Bond) vector(s *System) (x [3]float64) {
	for c := range x {
		x[c] = s.Positions[b.J][c] + b.Shift[c] - s.Positions[b.I][c]
	}
	return x
}

// count is the number of bonds of atoms lo up to hi.
func (b *bonds) count(lo, hi int) (n int) {
	for _, bond := range b.list {
		if lo <= bond.I && bond.I < hi {
			n++
		}
	}
	return n
}

// drop forgets the atoms lo up to hi.
func (b *bonds) drop(lo, hi int) {
	b.list = slices.DeleteFunc(b.list, func(bond Bond) bool { return lo <= bond.I && bond.I < hi })
	for i := range b.list {
		if b.list[i].I >= hi {
			b.list[i].I -= hi - lo
			b.list[i].J -= hi - lo
		}
	}
	b.before = b.before[:len(b.list)]
}

// remember keeps the vectors before a drift, along which SHAKE corrects.
func (b *bonds) remember(s *System) {
	for i := range b.list {
		b.before[i] = b.list[i].vector(s)
	}
}

// shake moves atoms along the bonds before a drift by dt until all lengths are
// right, and their velocities by as much over dt. It returns a bond that does
// not come right, or −1.
func (b *bonds) shake(s *System, dt float64) (stuck int) {
	for range bondIterations {
		stuck = -1
		for n := range b.list {
			bond := &b.list[n]
			x := bond.vector(s)
			excess := vec.Dot(x, x) - bond.Length*bond.Length
			if math.Abs(excess) <= bondTolerance*bond.Length*bond.Length {
				continue
			}
			stuck = n
			wi, wj := 1/s.Masses[bond.I], 1/s.Masses[bond.J]
			g := excess / (2 * (wi + wj) * vec.Dot(x, b.before[n]))
			for c, e := range b.before[n] {
				s.Positions[bond.I][c] += g * wi * e
				s.Positions[bond.J][c] -= g * wj * e
				s.Velocities[bond.I][c] += g * wi * e / dt
				s.Velocities[bond.J][c] -= g * wj * e / dt
			}
		}
		if stuck < 0 {
			break
		}
	}
	return stuck
}

// rattle takes away velocities along the bonds. It returns a bond that keeps
// some, or −1.
func (b *bonds) rattle(s *System) (stuck int) {
	const tolerance = 1e-13 // 1/fs, of the velocity along a bond over its length
	for range bondIterations {
		stuck = -1
		for n := range b.list {
			bond := &b.list[n]
			x := bond.vector(s)
			vi, vj := &s.Velocities[bond.I], &s.Velocities[bond.J]
			along := x[0]*(vj[0]-vi[0]) + x[1]*(vj[1]-vi[1]) + x[2]*(vj[2]-vi[2])
			if math.Abs(along) <= tolerance*bond.Length*bond.Length {
				continue
			}
			stuck = n
			wi, wj := 1/s.Masses[bond.I], 1/s.Masses[bond.J]
			g := along / ((wi + wj) * vec.Dot(x, x))
			for c := range x {
				vi[c] += g * wi * x[c]
				vj[c] -= g * wj * x[c]
			}
		}
		if stuck < 0 {
			break
		}
	}
	return stuck
}

// broken fails the replica of a bond that did not come right.
func (d *Dynamics) broken(bond int) {
	if bond < 0 {
		return
	}
	b := d.bonds.list[bond]
	k := d.System.structure(b.I)
	d.Fail(k, fmt.Errorf("the bond of atoms %d and %d does not keep its %.3f Å: is the time step too long?", b.I-d.System.Start[k], b.J-d.System.Start[k], b.Length))
}
