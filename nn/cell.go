package nn

import (
	"fmt"
	"math"
)

type matrix = [3][3]float64

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func length(a [3]float64) float64 { return math.Sqrt(dot(a, a)) }

func scale(a [3]float64, by float64) [3]float64 { return [3]float64{a[0] * by, a[1] * by, a[2] * by} }

func determinant(m matrix) float64 { return dot(m[0], cross(m[1], m[2])) }

// times is the row vector f times the lattice vectors m: from fractional to Cartesian.
func times(f [3]float64, m *matrix) (r [3]float64) {
	for c := range r {
		r[c] = f[0]*m[0][c] + f[1]*m[1][c] + f[2]*m[2][c]
	}
	return r
}

// lattice is the periodicity of one structure. Along directions that are not
// periodic the lattice vector is a unit vector at right angles to the others.
type lattice struct {
	vectors    matrix
	reciprocal matrix     // columns of the inverse, as rows: fractional coordinate k is reciprocal[k]·r
	height     [3]float64 // distance between the planes of a cell, Å
	periodic   [3]bool
}

// minVolume is the least volume of a cell whose edges are 1 Å: below it the
// edges lie in one plane, or nearly.
const minVolume = 1e-6

func newLattice(cell matrix, pbc [3]bool) (lattice, error) {
	l := lattice{vectors: cell, periodic: pbc}
	for k := range cell {
		if !pbc[k] {
			continue
		}
		if n := length(cell[k]); !(n > 0 && n <= maxCoordinate) {
			return l, fmt.Errorf("lattice vector %c is %v Å, and periodic: expected a finite length above 0", "abc"[k], cell[k])
		}
	}
	l.complete()
	volume := determinant(l.vectors)
	if edges := length(l.vectors[0]) * length(l.vectors[1]) * length(l.vectors[2]); !(math.Abs(volume) > minVolume*edges) {
		return l, fmt.Errorf("singular cell %v: its periodic lattice vectors are not independent", cell)
	}
	for k := range l.reciprocal {
		l.reciprocal[k] = scale(cross(l.vectors[(k+1)%3], l.vectors[(k+2)%3]), 1/volume)
		l.height[k] = 1 / length(l.reciprocal[k])
	}
	return l, nil
}

// complete puts unit normals in place of the vectors that are not periodic.
func (l *lattice) complete() {
	switch l.periodic {
	case [3]bool{}:
		l.vectors = matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	case [3]bool{true, false, false}, [3]bool{false, true, false}, [3]bool{false, false, true}:
		k := 0
		for !l.periodic[k] {
			k++
		}
		along := l.vectors[k]
		least := 0 // the axis that lies least along the wire
		for c := range along {
			if math.Abs(along[c]) < math.Abs(along[least]) {
				least = c
			}
		}
		var axis [3]float64
		axis[least] = 1
		first := cross(along, axis)
		first = scale(first, 1/length(first))
		second := cross(along, first)
		l.vectors[(k+1)%3], l.vectors[(k+2)%3] = first, scale(second, 1/length(second))
	default:
		for k := range l.periodic {
			if !l.periodic[k] {
				// Two parallel vectors have no normal: the volume shows it.
				normal := cross(l.vectors[(k+1)%3], l.vectors[(k+2)%3])
				l.vectors[k] = scale(normal, 1/math.Max(length(normal), math.SmallestNonzeroFloat64))
			}
		}
	}
}

// wrap moves r into the cell: r = inside + image·vectors. fraction is in [0, 1)
// along periodic directions and in Å along the others, where image is 0.
func (l *lattice) wrap(r [3]float64) (inside, fraction [3]float64, image [3]int32) {
	var whole [3]float64
	for k := range fraction {
		fraction[k] = dot(l.reciprocal[k], r)
		if l.periodic[k] {
			whole[k] = math.Floor(fraction[k])
			fraction[k] -= whole[k]
			image[k] = int32(whole[k])
		}
	}
	back := times(whole, &l.vectors)
	return [3]float64{r[0] - back[0], r[1] - back[1], r[2] - back[2]}, fraction, image
}
