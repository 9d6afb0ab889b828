package atoms

import (
	"fmt"
	"math"

	"painless/internal/vec"
)

// Lattice is the periodicity of one structure. Along directions that are not
// periodic the lattice vector is a unit vector at right angles to the others.
type Lattice struct {
	Vectors    vec.Matrix
	Reciprocal vec.Matrix // columns of the inverse, as rows: fractional coordinate k is reciprocal[k]·r
	Height     [3]float64 // distance between the planes of a cell, Å
	Periodic   [3]bool
}

// minVolume is the least volume of a cell whose edges are 1 Å: below it the
// edges lie in one plane, or nearly.
const minVolume = 1e-6

// NewLattice makes the lattice of a cell, Å. A periodic vector that is no vector
// and vectors that are not independent are errors.
func NewLattice(cell [3][3]float64, pbc [3]bool) (Lattice, error) {
	l := Lattice{Vectors: cell, Periodic: pbc}
	for k := range cell {
		if !pbc[k] {
			continue
		}
		if n := vec.Norm(cell[k]); !(n > 0 && n <= maxCoordinate) {
			return l, fmt.Errorf("lattice vector %c is %v Å, and periodic: expected a finite length above 0", "abc"[k], cell[k])
		}
	}
	l.complete()
	volume := vec.Determinant(&l.Vectors)
	if edges := vec.Norm(l.Vectors[0]) * vec.Norm(l.Vectors[1]) * vec.Norm(l.Vectors[2]); !(math.Abs(volume) > minVolume*edges) {
		return l, fmt.Errorf("singular cell %v: its periodic lattice vectors are not independent", cell)
	}
	for k := range l.Reciprocal {
		l.Reciprocal[k] = vec.Scale(vec.Cross(l.Vectors[(k+1)%3], l.Vectors[(k+2)%3]), 1/volume)
		l.Height[k] = 1 / vec.Norm(l.Reciprocal[k])
	}
	return l, nil
}

// complete puts unit normals in place of the vectors that are not periodic.
func (l *Lattice) complete() {
	switch l.Periodic {
	case [3]bool{}:
		l.Vectors = vec.Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	case [3]bool{true, false, false}, [3]bool{false, true, false}, [3]bool{false, false, true}:
		k := 0
		for !l.Periodic[k] {
			k++
		}
		along := l.Vectors[k]
		least := 0 // the axis that lies least along the wire
		for c := range along {
			if math.Abs(along[c]) < math.Abs(along[least]) {
				least = c
			}
		}
		var axis [3]float64
		axis[least] = 1
		first := vec.Cross(along, axis)
		first = vec.Scale(first, 1/vec.Norm(first))
		second := vec.Cross(along, first)
		l.Vectors[(k+1)%3], l.Vectors[(k+2)%3] = first, vec.Scale(second, 1/vec.Norm(second))
	default:
		for k := range l.Periodic {
			if !l.Periodic[k] {
				// Two parallel vectors have no normal: the volume shows it.
				normal := vec.Cross(l.Vectors[(k+1)%3], l.Vectors[(k+2)%3])
				l.Vectors[k] = vec.Scale(normal, 1/math.Max(vec.Norm(normal), math.SmallestNonzeroFloat64))
			}
		}
	}
}

// wrap moves r into the cell: r = inside + image·vectors. fraction is in [0, 1)
// along periodic directions and in Å along the others, where image is 0.
func (l *Lattice) wrap(r [3]float64) (inside, fraction [3]float64, image [3]int32) {
	var whole [3]float64
	for k := range fraction {
		fraction[k] = vec.Dot(l.Reciprocal[k], r)
		if l.Periodic[k] {
			whole[k] = math.Floor(fraction[k])
			fraction[k] -= whole[k]
			image[k] = int32(whole[k])
		}
	}
	back := vec.RowTimes(whole, &l.Vectors)
	return [3]float64{r[0] - back[0], r[1] - back[1], r[2] - back[2]}, fraction, image
}

// maxImages is how far to look for images: a cell thinner than cutoff/maxImages is no matter.
const maxImages = 64

// SearchMargin widens the search against rounding; the exact test comes after it.
const SearchMargin = 1 + 1e-5

// Boxes is how many boxes, SearchMargin times as wide as the cutoff or more, lie along the periodic
// directions, and how many of them away a neighbour may be; 1 along open ones.
func (l *Lattice) Boxes(cutoff float64) (count, reach [3]int64, err error) {
	width := cutoff * SearchMargin
	for k := range count {
		count[k], reach[k] = 1, 1
		if !l.Periodic[k] {
			continue
		}
		count[k] = max(1, int64(l.Height[k]/width))
		reach[k] = int64(math.Ceil(width * float64(count[k]) / l.Height[k]))
		if reach[k] > maxImages {
			return count, reach, fmt.Errorf("the cell is %.3g Å thick along %c: expected at least cutoff/%d = %.3g Å",
				l.Height[k], "abc"[k], maxImages, cutoff/maxImages)
		}
	}
	return count, reach, nil
}
