package nn

import (
	"math"
	"math/rand/v2"

	"painless/data"
)

// waterSpacing is the edge of a cube that holds one molecule at 1 g/cm³, Å.
const waterSpacing = 3.1042

// waterBox is nx × ny × nz molecules, each turned at random, in a periodic box.
func waterBox(nx, ny, nz int) data.Structure {
	rng := rand.New(rand.NewPCG(uint64(nx), uint64(ny*1000+nz)))
	s := data.Structure{PBC: everywhere}
	for k, n := range [3]int{nx, ny, nz} {
		s.Cell[k][k] = waterSpacing * float64(n)
	}
	for m := range nx * ny * nz {
		center := [3]float64{float64(m % nx), float64(m / nx % ny), float64(m / nx / ny)}
		first, second := orthonormal(rng)
		sin, cos := math.Sincos(104.5 / 2 * math.Pi / 180)
		for atom, number := range []int{8, 1, 1} {
			var r [3]float64
			for c := range r {
				r[c] = (center[c]+0.5)*waterSpacing + 0.05*rng.NormFloat64()
				if atom > 0 {
					r[c] += 0.96 * (cos*first[c] + sin*float64(2*atom-3)*second[c])
				}
			}
			s.Numbers, s.Positions = append(s.Numbers, number), append(s.Positions, r)
		}
	}
	return s
}

// waterDrop is the same without the boundaries.
func waterDrop(nx, ny, nz int) data.Structure {
	s := waterBox(nx, ny, nz)
	s.PBC, s.Cell = isolated, matrix{}
	return s
}

// orthonormal is two random directions at right angles.
func orthonormal(rng *rand.Rand) (first, second [3]float64) {
	for c := range first {
		first[c], second[c] = rng.NormFloat64(), rng.NormFloat64()
	}
	first = scale(first, 1/length(first))
	second = cross(first, second)
	return first, scale(second, 1/length(second))
}

// benzene is slightly out of its symmetry, as in a simulation.
func benzene() data.Structure {
	rng := rand.New(rand.NewPCG(6, 6))
	s := data.Structure{}
	for k := range 6 {
		sin, cos := math.Sincos(float64(k) * math.Pi / 3)
		for _, atom := range []struct {
			number int
			radius float64
		}{{6, 1.395}, {1, 2.48}} {
			s.Numbers = append(s.Numbers, atom.number)
			s.Positions = append(s.Positions, [3]float64{
				atom.radius*cos + 0.03*rng.NormFloat64(), atom.radius*sin + 0.03*rng.NormFloat64(), 0.03 * rng.NormFloat64()})
		}
	}
	return s
}
