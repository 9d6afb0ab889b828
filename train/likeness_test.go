package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/units"
	"painless/nn"
)

// hessianFactors is what products are said to be in that are so many times as large.
var hessianFactors = map[float64]string{
	1:    "",
	1.5:  "", // another level of theory
	0.7:  "",
	-1:   "with a correlation of -1.00: changes of the forces in place of the gradient, perhaps; expected eV/Å² times the direction",
	7:    "they are 7 times as large, with a correlation of 1.00; expected eV/Å²",
	96.5: ": kJ/mol/Å²; expected",

	1 / units.KcalPerMol:                     "they are 23.06 times as large, with a correlation of 1.00: kcal/mol/Å²; expected eV/Å² times the direction",
	1 / units.Hartree:                        ": Hartree/Å²; expected",
	units.Bohr * units.Bohr / units.Hartree:  ": Hartree/Bohr²; expected",
	units.Bohr * units.Bohr:                  ": eV/Bohr²; expected",
	16.02:                                    ": N/m; expected",
	0.1602:                                   ": mdyn/Å; expected",
	-units.Bohr * units.Bohr / units.Hartree: ": changes of the forces in place of the gradient, perhaps, and Hartree/Bohr²; expected",
}

// Products in other units contradict how forces change between structures, in any order.
func TestHessiansContradictForces(t *testing.T) {
	for factor, says := range hessianFactors {
		s, rng := &Set{}, rand.New(rand.NewPCG(7, 8))
		for k := range 60 {
			d, v := 1.15+0.1*rng.NormFloat64(), RandomDirection(rng, 2)
			f, p := -40*(d-1.15), 40*factor*(v[0][0]-v[1][0])
			l := labelled(20*(d-1.15)*(d-1.15), [3]float64{-f}, [3]float64{f})
			l.Curvature = &Curvature{v, [][3]float64{{p}, {-p}}}
			require.NoError(t, s.Add(&atoms.Structure{Numbers: []int{6, []int{8, 16}[k%2]}, Positions: [][3]float64{{}, {d, 0, 0}}}, l, 5))
		}
		if err := s.Units().Contradiction(); says == "" {
			assert.NoError(t, err, factor)
		} else {
			assert.ErrorContains(t, err, "products of the Hessian contradict how forces change between structures that are near one another: ")
			assert.ErrorContains(t, err, says)
		}
	}
}

// Products in other units contradict those of the student to begin with.
func TestHessiansContradictTheStart(t *testing.T) {
	m := newTestModel(t, 16, 1, 8, false)
	network, err := m.Network(m.Weights, nil)
	require.NoError(t, err)
	potential, err := nn.NewPotential(network, nn.Options{Threads: 1})
	require.NoError(t, err)
	defer potential.Close()
	for factor, says := range hessianFactors {
		rng, s := rand.New(rand.NewPCG(2, 9)), &Set{}
		for range 20 {
			x, c := water(0.1*rng.NormFloat64()), &Curvature{Direction: RandomDirection(rng, 3)}
			forwards, backwards := c.Displaced(x)
			var r nn.Result
			require.NoError(t, potential.Compute(t.Context(), atoms.NewBatch(*x, forwards, backwards), &r))
			c.Measure(r.Forces[3:6], r.Forces[6:9])
			for i := range c.Product {
				for a := range 3 {
					c.Product[i][a] *= factor
				}
			}
			require.NoError(t, s.Add(x, &Labels{Energy: r.Energy[0], Forces: append([][3]float64(nil), r.Forces[:3]...), Curvature: c}, 3))
		}
		y, err := s.Measure(t.Context(), network, 1)
		require.NoError(t, err)
		if err := y.Contradiction(); says == "" {
			assert.NoError(t, err, factor)
		} else {
			assert.ErrorContains(t, err, "products of the Hessian contradict those of the start: ")
			assert.ErrorContains(t, err, says)
		}
	}
}

// Numbers that have nothing to do with one another, and few ones, say nothing.
func TestLikenessThatSaysNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var unlike, few Likeness
	for k := range 2000 {
		unlike.add(23*rng.NormFloat64(), rng.NormFloat64())
		if k < fewLikened-1 {
			few.add(23, 1)
		}
	}
	assert.NoError(t, unlike.Contradiction("others"))
	assert.NoError(t, few.Contradiction("others"))
	few.add(23, 1)
	assert.ErrorContains(t, few.Contradiction("others"), "kcal/mol/Å²")
	var zero Likeness
	for range fewLikened {
		zero.add(1, 0)
	}
	assert.NoError(t, zero.Contradiction("others"))
}
