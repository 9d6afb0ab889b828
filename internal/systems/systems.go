// Package systems makes the structures that benchmarks run on: the same ones
// every time, a little out of their symmetry, as in a simulation.
package systems

import (
	"math"
	"math/rand/v2"

	"painless/atoms"
	"painless/internal/vec"
)

// waterSpacing is the edge of a cube that holds one molecule at 1 g/cm³, Å.
const waterSpacing = 3.1042

// WaterBox is nx × ny × nz molecules, each turned at random, in a periodic box.
func WaterBox(nx, ny, nz int) atoms.Structure {
	rng := rand.New(rand.NewPCG(uint64(nx), uint64(ny*1000+nz)))
	s := atoms.Structure{PBC: [3]bool{true, true, true}}
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

// WaterDrop is the same without the boundaries.
func WaterDrop(nx, ny, nz int) atoms.Structure {
	s := WaterBox(nx, ny, nz)
	s.PBC, s.Cell = [3]bool{}, [3][3]float64{}
	return s
}

// Shuffled is a structure's atoms in a random order, as after they have diffused for long.
func Shuffled(s atoms.Structure) atoms.Structure {
	o := atoms.Structure{Cell: s.Cell, PBC: s.PBC}
	for _, i := range rand.New(rand.NewPCG(uint64(len(s.Numbers)), 1)).Perm(len(s.Numbers)) {
		o.Numbers, o.Positions = append(o.Numbers, s.Numbers[i]), append(o.Positions, s.Positions[i])
	}
	return o
}

// orthonormal is two random directions at right angles.
func orthonormal(rng *rand.Rand) (first, second [3]float64) {
	for c := range first {
		first[c], second[c] = rng.NormFloat64(), rng.NormFloat64()
	}
	first = normalized(first)
	along := vec.Dot(first, second)
	for c := range second {
		second[c] -= along * first[c]
	}
	return first, normalized(second)
}

func normalized(r [3]float64) [3]float64 {
	n := vec.Norm(r)
	return [3]float64{r[0] / n, r[1] / n, r[2] / n}
}

// Benzene is slightly out of its symmetry, as in a simulation.
func Benzene() atoms.Structure {
	rng := rand.New(rand.NewPCG(6, 6))
	s := atoms.Structure{}
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

// Shake moves the atoms to and fro by a hundredth of an Å from step to step, as
// a simulation does, so that nothing is reused that a simulation could not.
func Shake(positions [][3]float64, step int) {
	by := 0.01 * float64(1-2*(step%2))
	for i := range positions {
		positions[i][i%3] += by
	}
}

// Cluster is atoms of H, C, N and O, at random in a ball that is as dense as an
// organic liquid, with no two nearer than 0.9 Å; another one for every seed.
func Cluster(n int, seed uint64) atoms.Structure {
	const density, nearest = 0.1, 0.9 // 1/Å³, Å
	rng := rand.New(rand.NewPCG(uint64(n), seed))
	radius := math.Cbrt(3 * float64(n) / (4 * math.Pi * density))
	s := atoms.Structure{}
	for len(s.Numbers) < n {
		r := [3]float64{radius * (2*rng.Float64() - 1), radius * (2*rng.Float64() - 1), radius * (2*rng.Float64() - 1)}
		free := vec.Distance(r, [3]float64{}) <= radius
		for _, other := range s.Positions {
			free = free && vec.Distance(r, other) >= nearest
		}
		if free {
			s.Numbers, s.Positions = append(s.Numbers, [...]int{1, 1, 6, 6, 7, 8}[rng.IntN(6)]), append(s.Positions, r)
		}
	}
	return s
}

// Cloud is atoms of H to N, each coordinate normal with a deviation of 1 Å: as
// good as all pairs are within any cutoff, however many they are.
func Cloud(n int, seed uint64) atoms.Structure {
	rng := rand.New(rand.NewPCG(uint64(n), seed))
	s := atoms.Structure{}
	for range n {
		s.Numbers = append(s.Numbers, 1+rng.IntN(7))
		s.Positions = append(s.Positions, [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()})
	}
	return s
}

// Random is n atoms of eight elements in a cell whose edges are about size, Å,
// and whose angles are up to skew away from 90°; they lie in the cell and, with
// outside, up to a few cells away. They may be as near to each other as chance has it.
func Random(rng *rand.Rand, n int, size, skew float64, pbc [3]bool, outside bool) atoms.Structure {
	s := atoms.Structure{PBC: pbc}
	for k := range s.Cell {
		for c := range s.Cell[k] {
			s.Cell[k][c] = size * skew * (rng.Float64() - 0.5)
		}
		s.Cell[k][k] += size * (0.8 + 0.4*rng.Float64())
	}
	elements := []int{1, 6, 7, 8, 9, 15, 16, 17}
	for range n {
		f := [3]float64{rng.Float64(), rng.Float64(), rng.Float64()}
		if outside {
			for c := range f {
				f[c] += float64(rng.IntN(7) - 3)
			}
		}
		s.Positions = append(s.Positions, vec.RowTimes(f, &s.Cell))
		s.Numbers = append(s.Numbers, elements[rng.IntN(len(elements))])
	}
	return s
}
