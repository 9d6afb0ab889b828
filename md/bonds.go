package md

import (
	"fmt"
	"math"
	"slices"

	"painless/atoms"
	"painless/internal/buffer"
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
	of     []int        // how many each structure has, [S]
	before [][3]float64 // of the vectors, before a drift
	stuck  []int        // of the list: those that the last sweep still found to be wrong
}

const (
	bondTolerance  = 1e-10 // of the squared length
	bondIterations = 1000
)

// newBonds checks that bonds lie within a structure and have the length that they are to keep.
func newBonds(s *System, list []Bond) (bonds, error) {
	b := bonds{list: slices.Clone(list), of: make([]int, s.Len()), before: make([][3]float64, len(list)), stuck: make([]int, 0, len(list))}
	for i := range b.list {
		bond := &b.list[i]
		if n := s.NumAtoms(); bond.I < 0 || bond.J < 0 || bond.I >= n || bond.J >= n {
			return b, fmt.Errorf("bond of atoms %d and %d: expected two of %d", bond.I, bond.J, n)
		}
		k, length := s.StructureOf(bond.I), vec.Norm(bond.vector(s))
		switch {
		case bond.J < s.Start[k] || bond.J >= s.Start[k+1]:
			other := s.StructureOf(bond.J)
			return b, fmt.Errorf("bond of atom %d of structure %d and atom %d of structure %d: expected two atoms of one structure", bond.I-s.Start[k], k, bond.J-s.Start[other], other)
		case bond.I == bond.J:
			return b, bond.error(s, "expected two atoms")
		case s.Fixed != nil && (s.Fixed[bond.I] != [3]bool{} || s.Fixed[bond.J] != [3]bool{}):
			return b, bond.error(s, "expected atoms that are not fixed")
		case !(math.Abs(length-bond.Length) < 0.1*bond.Length):
			return b, bond.error(s, "expected a length near %.3f Å, found %.3f", bond.Length, length)
		}
		b.of[k]++
	}
	return b, nil
}

// error is what is wrong with the bond, which it names.
func (b *Bond) error(s *System, format string, a ...any) *atoms.StructureError {
	k := s.StructureOf(b.I)
	return &atoms.StructureError{Index: k, Err: fmt.Errorf("bond of atoms %d and %d: "+format, append([]any{b.I - s.Start[k], b.J - s.Start[k]}, a...)...)}
}

func (b *Bond) vector(s *System) (x [3]float64) {
	for c := range x {
		x[c] = s.Positions[b.J][c] + b.Shift[c] - s.Positions[b.I][c]
	}
	return x
}

// remove forgets the bonds of structures that are gone, of a batch that still has them.
func (b *bonds) remove(of *atoms.Batch, gone []bool) {
	before := make([]int, of.Len()) // atoms that are gone before those of a structure
	n := 0
	for k := range before {
		before[k] = n
		if gone[k] {
			n += of.Start[k+1] - of.Start[k]
		}
	}
	kept := b.list[:0]
	for _, bond := range b.list {
		if k := of.StructureOf(bond.I); !gone[k] {
			bond.I, bond.J = bond.I-before[k], bond.J-before[k]
			kept = append(kept, bond)
		}
	}
	b.list, b.before, b.of = kept, b.before[:len(kept)], buffer.Without(b.of, gone)
}

// remember keeps the vectors before a drift, along which SHAKE corrects.
func (b *bonds) remember(s *System) {
	for i := range b.list {
		b.before[i] = b.list[i].vector(s)
	}
}

// shake moves atoms along the bonds before a drift by dt until all lengths are
// right, and their velocities by as much over dt. It returns those of the list that
// do not come right.
func (b *bonds) shake(s *System, dt float64) (stuck []int) {
	for range bondIterations {
		b.stuck = b.stuck[:0]
		for n := range b.list {
			bond := &b.list[n]
			x := bond.vector(s)
			excess := vec.Dot(x, x) - bond.Length*bond.Length
			if math.Abs(excess) <= bondTolerance*bond.Length*bond.Length {
				continue
			}
			b.stuck = append(b.stuck, n)
			wi, wj := 1/s.Masses[bond.I], 1/s.Masses[bond.J]
			g := excess / (2 * (wi + wj) * vec.Dot(x, b.before[n]))
			for c, e := range b.before[n] {
				s.Positions[bond.I][c] += g * wi * e
				s.Positions[bond.J][c] -= g * wj * e
				s.Velocities[bond.I][c] += g * wi * e / dt
				s.Velocities[bond.J][c] -= g * wj * e / dt
			}
		}
		if len(b.stuck) == 0 {
			break
		}
	}
	return b.stuck
}

// rattle takes away velocities along the bonds. It returns those of the
// list that keep some.
func (b *bonds) rattle(s *System) (stuck []int) {
	const tolerance = 1e-13 // 1/fs, of the velocity along a bond over its length
	for range bondIterations {
		b.stuck = b.stuck[:0]
		for n := range b.list {
			bond := &b.list[n]
			x := bond.vector(s)
			vi, vj := &s.Velocities[bond.I], &s.Velocities[bond.J]
			along := x[0]*(vj[0]-vi[0]) + x[1]*(vj[1]-vi[1]) + x[2]*(vj[2]-vi[2])
			if math.Abs(along) <= tolerance*bond.Length*bond.Length {
				continue
			}
			b.stuck = append(b.stuck, n)
			wi, wj := 1/s.Masses[bond.I], 1/s.Masses[bond.J]
			g := along / ((wi + wj) * vec.Dot(x, x))
			for c := range x {
				vi[c] += g * wi * x[c]
				vj[c] -= g * wj * x[c]
			}
		}
		if len(b.stuck) == 0 {
			break
		}
	}
	return b.stuck
}

// broken fails the replicas of bonds that did not come right.
func (d *Dynamics) broken(stuck []int) {
	if len(stuck) == 0 {
		return
	}
	var alarms []Alarm
	for _, n := range stuck {
		b := d.bonds.list[n]
		k := d.System.StructureOf(b.I)
		alarms = append(alarms, Alarm{k, fmt.Errorf("the bond of atoms %d and %d does not keep its %.3f Å: is the time step too long?", b.I-d.System.Start[k], b.J-d.System.Start[k], b.Length)})
	}
	d.FailAll(alarms)
}
