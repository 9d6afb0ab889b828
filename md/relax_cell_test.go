package md

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/units"
	"painless/internal/vec"
)

// solidArgon is Lennard-Jones's potential of argon up to a cutoff, Å, in any cell, and 0 there.
func solidArgon(cutoff float64) potential {
	at := pairOf(cutoff)
	var list atoms.NeighborList[float64]
	return func(b *atoms.Batch, k int, forces [][3]float64) (energy float64, virial [3][3]float64) {
		if err := list.Build(atoms.NewBatch(b.Structure(k)), cutoff); err != nil {
			return math.NaN(), virial
		}
		for p, d := range list.D {
			u, slope := at(d)
			energy += u
			for c, x := range list.X[p] {
				f := -slope * x / d
				forces[list.J[p]][c] += f
				forces[list.I[p]][c] -= f
				for e, y := range list.X[p] {
					virial[c][e] += f * y
				}
			}
		}
		return energy, virial
	}
}

const argonEpsilon, argonSigma = 0.0104, 3.4 // eV, Å

// pairOf is energy, eV, and slope, eV/Å, of a pair.
func pairOf(cutoff float64) func(d float64) (u, slope float64) {
	at := func(d float64) (u, slope float64) {
		q := math.Pow(argonSigma/d, 6)
		return 4 * argonEpsilon * (q*q - q), -24 * argonEpsilon * (2*q*q - q) / d
	}
	shift, _ := at(cutoff)
	return func(d float64) (u, slope float64) {
		u, slope = at(d)
		return u - shift, slope
	}
}

// shells is of the cutoff, in units of the nearest distance of fcc: between the second and the third shell.
const shells = 1.57

// latticeParameter is that of fcc at a pressure, by bisection of dE/dV = −P of
// the lattice sum: a way of its own.
func latticeParameter(cutoff, bar float64) float64 {
	at := pairOf(cutoff)
	slope := func(a float64) (sum float64) { // dE/da of the cubic cell's four atoms, and PV's
		for x := -8; x <= 8; x++ {
			for y := -8; y <= 8; y++ {
				for z := -8; z <= 8; z++ {
					if r := math.Sqrt(float64(x*x+y*y+z*z)) / 2; (x+y+z)%2 == 0 && r > 0 && r*a <= cutoff {
						_, s := at(r * a)
						sum += 2 * s * r
					}
				}
			}
		}
		return sum + 3*a*a*bar*units.Bar
	}
	lo, hi := 4.5, 5.6
	for range 60 {
		if mid := (lo + hi) / 2; slope(mid) > 0 {
			hi = mid
		} else {
			lo = mid
		}
	}
	return lo
}

// fcc is a crystal of n³ cubic cells of a Å, with four atoms each.
func fcc(a float64, n int) (s atoms.Structure) {
	for x := range n {
		for y := range n {
			for z := range n {
				for _, r := range [][3]float64{{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}} {
					s.Numbers = append(s.Numbers, 18)
					s.Positions = append(s.Positions, [3]float64{a * (r[0] + float64(x)), a * (r[1] + float64(y)), a * (r[2] + float64(z))})
				}
			}
		}
	}
	for c := range 3 {
		s.Cell[c][c], s.PBC[c] = a*float64(n), true
	}
	return s
}

// deformed is a structure strained by a matrix.
func deformed(s atoms.Structure, m [3][3]float64) atoms.Structure {
	s.Positions = append([][3]float64{}, s.Positions...)
	for i := range s.Positions {
		s.Positions[i] = vec.Times(&m, s.Positions[i])
	}
	for i := range s.Cell {
		s.Cell[i] = vec.Times(&m, s.Cell[i])
	}
	return s
}

// A crystal finds the lattice parameter of the lattice sum, without and under
// pressure, of which its stress is the negative then.
func TestRelaxCell(t *testing.T) {
	cutoff := shells * 5.3 / math.Sqrt2
	for _, o := range optimizers {
		for _, cell := range []CellRelaxation{IsotropicCell, FullCell} {
			for _, pressure := range []float64{0, 5000, -500} {
				for _, n := range []int{1, 2} {
					settings := RelaxSettings{Optimizer: o, Cell: cell, Pressure: pressure, Force: 1e-5, Stress: 0.1}
					done := relax(t, solidArgon(cutoff), settings, nil, shaken(fcc(5.35, n), 0.05, 1))[0]
					require.True(t, done.Converged, "%+v: %+v", settings, done)
					want := latticeParameter(cutoff, pressure)
					assert.InDelta(t, want, math.Cbrt(done.Volume)/float64(n), 2e-5, "%+v", settings)
					for a, s := range done.Stress {
						if a < 3 {
							s += pressure * units.Bar
						}
						assert.InDelta(t, 0, s/units.Bar, 0.3)
					}
					assert.InDelta(t, math.Pow(5.35*float64(n), 3), done.FirstVolume, 1e-9)
					t.Logf("%s %s %5.0f bar, %2d atoms: %d steps", optimizerNames[o], cellNames[cell], pressure, len(done.Forces), done.Steps)
				}
			}
		}
	}
}

// A sheared cell finds its symmetric shape, and is not turned; one that keeps its shape does not.
func TestRelaxShearedCell(t *testing.T) {
	cutoff := shells * 5.3 / math.Sqrt2
	sheared := deformed(fcc(5.3, 2), [3][3]float64{{1.02, 0.03, 0}, {0.03, 0.99, -0.02}, {0, -0.02, 1}})
	for _, o := range optimizers {
		done := relax(t, solidArgon(cutoff), RelaxSettings{Optimizer: o, Cell: FullCell, Force: 1e-5, Stress: 0.1}, nil, sheared)[0]
		require.True(t, done.Converged)
		want := 2 * latticeParameter(cutoff, 0)
		for a, v := range done.Structure.Cell {
			for b, x := range v {
				if a == b {
					assert.InDelta(t, want, x, 1e-4)
				} else {
					assert.InDelta(t, 0, x, 1e-4)
				}
			}
		}
		t.Logf("%s: %d steps", optimizerNames[o], done.Steps)

		done = relax(t, solidArgon(cutoff), RelaxSettings{Optimizer: o, Cell: IsotropicCell, Force: 1e-5, Stress: 0.1}, nil, sheared)[0]
		require.True(t, done.Converged)
		scale := done.Structure.Cell[0][0] / sheared.Cell[0][0]
		for a, v := range done.Structure.Cell {
			for b, x := range v {
				assert.InDelta(t, scale*sheared.Cell[a][b], x, 1e-12)
			}
		}
	}
}

// The forces on the coordinates are the enthalpy's slopes, in a strained and sheared cell.
func TestForcesOnStrain(t *testing.T) {
	const pressure = 2000 * units.Bar
	p := solidArgon(8.4)
	s := deformed(shaken(fcc(5.3, 2), 0.1, 3), [3][3]float64{{1, 0.1, 0}, {0, 1, 0.05}, {0, 0, 0.95}})
	for _, change := range []CellRelaxation{FixedCell, IsotropicCell, FullCell} {
		var c coordinates
		c.start(&s, nil, change, pressure)
		n, b := len(s.Numbers), atoms.NewBatch(s)
		if change == FullCell {
			copy(c.x[n:], [][3]float64{{0.5, 0.2, -0.1}, {0.2, -0.3, 0.4}, {-0.1, 0.4, 0.1}})
		} else if change == IsotropicCell {
			copy(c.x[n:], [][3]float64{{0.5, 0, 0}, {0, 0.5, 0}, {0, 0, 0.5}})
		}
		compute := func() float64 {
			c.place(b.Positions, &b.Cells[0])
			forces := make([][3]float64, n)
			energy, virial := p(b, 0, forces)
			volume, _ := b.Volume(0)
			require.NoError(t, c.pull(forces, &virial, volume))
			return energy + pressure*volume
		}
		slope := func(rows [][3]float64) float64 { // along a direction
			const h = 1e-5
			add(c.x, h, rows)
			up := compute()
			add(c.x, -2*h, rows)
			down := compute()
			add(c.x, h, rows)
			return (down - up) / (2 * h)
		}
		compute()
		f := append([][3]float64{}, c.f...)
		d := make([][3]float64, len(f))
		for i, v := range f {
			d[i] = [3]float64{v[1], v[2], v[0]} // a direction that is not the forces'
		}
		for a := range d[n:] { // symmetric, as the strain is
			for b := range 3 {
				d[n+a][b] = f[n+b][a]
			}
		}
		assert.InEpsilon(t, dot(f, d), slope(d), 1e-6, cellNames[change])
		assert.InEpsilon(t, dot(f, f), slope(f), 1e-6, cellNames[change])
		for a := range f[n:] {
			only := make([][3]float64, len(f))
			copy(only[n:], f[n:])
			only[n+a] = [3]float64{}
			for b := range 3 {
				only[n+b][a] = 0
			}
			if change == FullCell {
				assert.InEpsilon(t, dot(f, only), slope(only), 1e-6)
			}
		}
	}
}
