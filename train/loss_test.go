package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A number that a loss cannot have is named, whichever it is.
func TestLossCheck(t *testing.T) {
	assert.NoError(t, Loss{Energy: 1, Force: largestNumber}.Check())
	assert.ErrorIs(t, Loss{Scale: 10}.Check(), ErrNoWeight)
	for x, expected := range map[float64]string{-1: "0 or more", math.Inf(1): "0 or more", 1e300: "at most 1e+12"} {
		for name, l := range map[string]Loss{
			EnergyWeight: {Energy: x}, ForceWeight: {Force: x}, StressWeight: {Stress: x}, AtomEnergyWeight: {AtomEnergy: x}, HessianWeight: {Hessian: x},
			ForceScale: {Scale: x}, EnergyHuber: {EnergyHuber: x}, ForceHuber: {ForceHuber: x},
		} {
			var wrong *LossError
			require.ErrorAs(t, l.Check(), &wrong, name)
			assert.Equal(t, LossError{name, x, expected}, *wrong)
		}
	}
	assert.EqualError(t, Loss{Hessian: math.NaN()}.Check(), "loss: weight of the Hessian NaN: expected 0 or more")
}

// A first step that gives no numbers says which part of the loss is the largest.
func TestFirstStepDiverges(t *testing.T) {
	training, valid := &Set{}, &Set{}
	for k := range 8 {
		require.NoError(t, training.Add(water(0.01*float64(k)), labelled(-1, [3]float64{3e36}, [3]float64{}, [3]float64{-3e36}), 5))
	}
	require.NoError(t, valid.Add(water(0.2), labelled(-1, [3]float64{}, [3]float64{}, [3]float64{}), 5))
	s := quick
	s.Batch, s.Loss.Scale, s.Loss.Force = 8, 0, largestNumber
	x := trainer(t, training, valid, s, 1)
	_, err := x.Run(t.Context(), Hooks{})
	require.ErrorIs(t, err, ErrDiverged)
	assert.Regexp(t, `^training diverged at step 1: the loss is \S+e\+84 and its gradient NaN; that of forces is \S+e\+84 of it$`, err.Error())
	assert.Zero(t, x.Steps)
}
