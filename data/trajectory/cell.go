package trajectory

import (
	"fmt"
	"math"

	"painless/atoms"
	"painless/internal/vec"
)

// box is a cell as lengths and angles, and how to turn what is in it: formats
// that hold these alone put a along x, and b into the plane of x and y, with y > 0.
type box struct {
	lengths [3]float64 // of a, b and c, Å
	cosines [3]float64 // of α between b and c, β between a and c, γ between a and b
	axes    vec.Matrix // the new x, y and z, as rows
}

var untouched = box{axes: vec.Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}

// newBox makes the box of a structure; periodic is false where it has none. A
// cell that is periodic along some of its vectors only, or that has no volume, is
// an error.
//
// A left-handed cell is taken as (−a, −b, −c): the lattice, the lengths and the
// angles are the same, and turning mirrors nothing.
func newBox(s *atoms.Structure) (b box, periodic bool, err error) {
	switch s.PBC {
	case [3]bool{}:
		return untouched, false, nil
	case [3]bool{true, true, true}:
	default:
		return b, false, fmt.Errorf("expected a structure that is periodic along all lattice vectors or none, found pbc %v: extended XYZ holds it", s.PBC)
	}
	if _, err := atoms.NewLattice(s.Cell, s.PBC); err != nil {
		return b, false, err
	}
	cell := s.Cell
	if vec.Determinant(&cell) < 0 {
		for k := range cell {
			cell[k] = vec.Scale(cell[k], -1)
		}
	}
	for k := range cell {
		b.lengths[k] = vec.Norm(cell[k])
	}
	for k := range cell {
		u, v := (k+1)%3, (k+2)%3
		b.cosines[k] = max(-1, min(1, vec.Dot(cell[u], cell[v])/(b.lengths[u]*b.lengths[v])))
	}
	b.axes[0], b.axes[2] = direction(cell[0]), direction(vec.Cross(cell[0], cell[1]))
	b.axes[1] = vec.Cross(b.axes[2], b.axes[0])
	return b, true, nil
}

// direction is exactly an axis for a vector along it.
func direction(v [3]float64) [3]float64 {
	n := vec.Norm(v)
	return [3]float64{v[0] / n, v[1] / n, v[2] / n}
}

// degrees is α, β and γ.
func (b *box) degrees() (angles [3]float64) {
	for k, c := range b.cosines {
		angles[k] = math.Acos(c) / math.Pi * 180
	}
	return angles
}

// along is component k of a vector along the new axes.
func (b *box) along(k int, v *[3]float64) float64 {
	axis := &b.axes[k]
	return axis[0]*v[0] + axis[1]*v[1] + axis[2]*v[2]
}

// Turned reports whether DCD and NetCDF, which hold lengths and angles, hold the
// structure turned: its cell does not have a along x and b in the plane of x and
// y, or is left-handed. Positions, velocities and forces are turned with it.
func Turned(s *atoms.Structure) bool {
	b, _, err := newBox(s)
	if err != nil {
		return false
	}
	for k := range b.axes {
		if math.Abs(b.axes[k][k]-1) > 1e-9 { // less is rounding: 1 − cos of 4e-5 rad
			return true
		}
	}
	return false
}
