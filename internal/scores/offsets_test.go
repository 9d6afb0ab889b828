package scores

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/tolerance"
)

// errorsOf is structures of random compositions whose errors are offsets alone.
func errorsOf(n int, energy map[int]float64, elements ...[]int) (of []int32, cs Compositions, errors []float64) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range n {
		var numbers []int
		for _, group := range elements {
			for range rng.IntN(5) {
				numbers = append(numbers, group...)
			}
		}
		numbers = append(numbers, elements[0]...)
		e := 0.0
		for _, z := range numbers {
			e += energy[z]
		}
		of = append(of, cs.Add(numbers))
		errors = append(errors, e)
	}
	return of, cs, errors
}

// Offsets are found again, in as many blocks of rows as there are.
func TestOffsets(t *testing.T) {
	energy := map[int]float64{1: 0.5, 6: -3, 8: 70}
	for _, n := range []int{40, blockRows, 3*blockRows + 17} {
		of, cs, errors := errorsOf(n, energy, []int{6}, []int{1}, []int{8})
		errors[3] = math.NaN() // was not computed
		o := FitOffsets(of, cs.List, errors)
		require.NotNil(t, o)
		assert.Equal(t, []int{1, 6, 8}, o.Elements)
		assert.Equal(t, 3, o.Rank)
		tolerance.Check(t, "offsets", o.Energies, []float64{0.5, -3, 70}, 0, 1e-12)
		left := o.Residuals(of, cs.List, errors)
		assert.True(t, math.IsNaN(left[3]))
		left[3] = 0
		tolerance.Check(t, "residuals", left, make([]float64, n), 1e-11, 0)
	}
}

// Elements that always come together share their offset, and nothing is left of the errors.
func TestOffsetsThatCannotBeToldApart(t *testing.T) {
	of, cs, errors := errorsOf(50, map[int]float64{6: 1, 11: 3, 17: 5}, []int{6}, []int{11, 17})
	o := FitOffsets(of, cs.List, errors)
	require.NotNil(t, o)
	assert.Equal(t, 2, o.Rank)
	tolerance.Check(t, "offsets", o.Energies, []float64{1, 4, 4}, 0, 1e-12)
	tolerance.Check(t, "residuals", o.Residuals(of, cs.List, errors), make([]float64, 50), 1e-11, 0)
}

func TestTooFewForOffsets(t *testing.T) {
	of, cs, errors := errorsOf(1, map[int]float64{6: 1}, []int{6})
	assert.Nil(t, FitOffsets(of, cs.List, errors), "one structure, one unknown")
	errors[0] = math.NaN()
	assert.Nil(t, FitOffsets(of, cs.List, errors), "no errors")
}

func TestFormula(t *testing.T) {
	for want, numbers := range map[string][]int{
		"C2H6O": {6, 6, 8, 1, 1, 1, 1, 1, 1},
		"H2O":   {8, 1, 1},
		"ClNa":  {11, 17},
		"CCl4":  {17, 17, 17, 17, 6},
		"":      {},
	} {
		assert.Equal(t, want, compose(numbers).Formula)
	}
}

// What is fitted to errors per atom leaves the least errors per atom, and the other
// the least errors.
func TestOffsetsPerAtom(t *testing.T) {
	of, cs, errors := errorsOf(60, map[int]float64{1: 0.5, 6: -3}, []int{6}, []int{1})
	rng := rand.New(rand.NewPCG(2, 2))
	for k := range errors {
		errors[k] += rng.NormFloat64() * float64(1+cs.List[of[k]].Counts[0])
	}
	squares := func(o *Offsets) (total, perAtom float64) {
		for k, e := range o.Residuals(of, cs.List, errors) {
			total += e * e
			e /= float64(cs.List[of[k]].Atoms)
			perAtom += e * e
		}
		return total, perAtom
	}
	total, perAtom := squares(FitOffsets(of, cs.List, errors))
	otherTotal, otherPerAtom := squares(FitOffsetsPerAtom(of, cs.List, errors))
	assert.Less(t, total, otherTotal)
	assert.Less(t, otherPerAtom, perAtom)
}
