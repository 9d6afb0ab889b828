package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
	"painless/internal/vec"
)

var (
	isolated   = [3]bool{}
	everywhere = [3]bool{true, true, true}
)

// slope is the derivative of f at 0 by a five-point central difference.
func slope(f func(step float64) float64) float64 {
	const h = 5e-4
	return (8*(f(h)-f(-h)) - (f(2*h) - f(-2*h))) / (12 * h)
}

// relativeError is |got − want| over |want|, elements below a thousandth of
// the largest measured against that thousandth.
func relativeError(got, want, largest float64) float64 {
	return math.Abs(got-want) / math.Max(math.Abs(want), 1e-3*largest)
}

func strained(s atoms.Structure, a, b int, step float64) atoms.Structure {
	s.Positions = append([][3]float64(nil), s.Positions...)
	for i := range s.Positions {
		s.Positions[i][a] += step * s.Positions[i][b]
	}
	for k := range s.Cell {
		s.Cell[k][a] += step * s.Cell[k][b]
	}
	return s
}

// Forces, virial and stress are the exact derivatives of the energy: every
// element against central differences in float64.
func TestGradientIsThatOfTheEnergy(t *testing.T) {
	t.Run("exact", func(t *testing.T) { testGradient(t, Exact) })
	t.Run("table", func(t *testing.T) { testGradient(t, Table) })
}

func testGradient(t *testing.T, filters Filters) {
	p := newTestPotential(t, randomNetwork(smallConfig, 7), Options{Precision: Float64, Filters: filters})
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name       string
		n          int
		size, skew float64
		pbc        [3]bool
	}{
		{"pair", 2, 2, 0, isolated},
		{"molecule", 9, 4.5, 0.3, isolated},
		{"crystal", 6, 6.5, 0.2, everywhere},
		{"one atom and its images", 1, 3, 0.4, everywhere},
		{"small skewed cell", 2, 3.2, 0.9, everywhere},
		{"slab", 5, 5, 0.3, [3]bool{true, true, false}},
		{"wire", 4, 4, 0.3, [3]bool{false, true, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := distorted(t, rng, c.n, c.size, c.skew, c.pbc)
			r := compute(t, p, s)
			largest := 0.1 // eV/Å; one atom and its images have no force at all
			for _, f := range flatten(r.Forces) {
				largest = math.Max(largest, math.Abs(f))
			}
			for i := range s.Positions {
				for axis := range 3 {
					numeric := -slope(func(step float64) float64 {
						moved := s
						moved.Positions = append([][3]float64(nil), s.Positions...)
						moved.Positions[i][axis] += step
						return compute(t, p, moved).Energy[0]
					})
					assert.Less(t, relativeError(r.Forces[i][axis], numeric, largest), 1e-6, "force on atom %d along %d", i, axis)
				}
			}
			virial := [3][3]float64{}
			for a := range 3 {
				for b := range 3 {
					virial[a][b] = -slope(func(step float64) float64 { return compute(t, p, strained(s, a, b, step)).Energy[0] })
					assert.Less(t, relativeError(r.Virial[0][a][b], virial[a][b], math.Abs(virial[0][0])), 1e-6, "virial %d%d", a, b)
				}
			}
			if c.pbc == isolated {
				assert.Zero(t, r.Stress[0])
				return
			}
			volume := math.Abs(vec.Determinant(&s.Cell))
			for v, ab := range [][2]int{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}} {
				numeric := -(virial[ab[0]][ab[1]] + virial[ab[1]][ab[0]]) / 2 / volume
				assert.Less(t, relativeError(r.Stress[0][v], numeric, math.Abs(virial[0][0])/volume), 1e-6, "stress %d", v)
			}
		})
	}
}

// The float32 path is the float64 path up to rounding.
func TestFloat32FollowsFloat64(t *testing.T) {
	net := randomNetwork(smallConfig, 8)
	rng := rand.New(rand.NewPCG(5, 6))
	single, exact := newTestPotential(t, net, Options{}), newTestPotential(t, net, Options{Filters: Exact})
	double := newTestPotential(t, net, Options{Precision: Float64, Filters: Exact})
	for i, pbc := range [][3]bool{isolated, everywhere, {true, false, true}} {
		t.Run(fmt.Sprint(pbc), func(t *testing.T) {
			s := distorted(t, rng, 8+i, 6, 0.3, pbc)
			checkAccuracy(t, compute(t, single, s), compute(t, double, s), 0)
			checkAccuracy(t, compute(t, exact, s), compute(t, double, s), 0)
		})
	}
}
