package train

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// The loss of a validation is that of training: what the engine computes of the whole
// set as one batch, with labels of all kinds and some that are missing.
func TestValidationLoss(t *testing.T) {
	m, err := NewModel(smallest, 1, false)
	require.NoError(t, err)
	elements := map[int]float64{1: -13, 8: -400}
	for _, loss := range []Loss{DefaultLoss, {Energy: 1, Force: 2, Stress: 3, AtomEnergy: 4, EnergyHuber: 0.1, ForceHuber: 0.2}, {Energy: 1, Force: 1, Stress: 1, Hessian: 0.05, Scale: 1}} {
		set := &Set{}
		rng := rand.New(rand.NewPCG(3, 4))
		var batch []*Sample
		for k := range 5 {
			pbc := isolated
			if k%2 == 0 {
				pbc = everywhere
			}
			x := sample(t, rng, 5, 6, pbc, 4)
			for i := range x.Numbers {
				x.Numbers[i] = []int{1, 8}[i%2]
			}
			if k == 3 {
				x.Forces = nil
			}
			if k > 1 {
				x.Curvature = randomCurvature(rng, 5)
			}
			require.NoError(t, set.Add(&x.Structure, &x.Labels, 5))
			s := &Sample{}
			require.NoError(t, set.sample(s, k, elements, 5))
			batch = append(batch, s)
		}
		e := newTestEngine[float32](t, m, EngineOptions{Threads: 1, Loss: loss})
		_, want := gradientOf(t, e, batch)
		network, err := m.Network(m.Weights, elements)
		require.NoError(t, err)
		got, err := set.Validate(t.Context(), network, loss, 1)
		require.NoError(t, err)
		assert.Greater(t, want.Stress, 0.0)
		assert.InDelta(t, want.Loss, got.Loss, 1e-4*want.Loss)
		assert.Equal(t, loss.Hessian > 0, want.Hessian > 0)
		if loss.Hessian > 0 {
			assert.InEpsilon(t, want.AbsProducts/float64(want.Products), got.HessianMAE, 1e-3)
			assert.InEpsilon(t, math.Sqrt(want.SquaredProducts/float64(want.Products)), got.HessianRMSE, 1e-3)
		}
	}
}

// The best validation is that of the least loss, energies too: forces that get worse
// while energies that are far away come near make a better one.
func TestBestIsOfLeastLoss(t *testing.T) {
	training := taught(t, 1)
	s := quick
	s.Loss = Loss{Energy: 1}
	s.Total, s.Every = 400, 100
	x := trainer(t, training, training, s, 1)
	_, err := x.Run(t.Context(), Hooks{})
	require.NoError(t, err)
	least := 0
	for i := range x.Rows {
		if x.Rows[i].Valid.Loss < x.Rows[least].Valid.Loss {
			least = i
		}
	}
	assert.Equal(t, least, x.Best)
	best := x.BestRow()
	assert.Greater(t, best.Valid.ForceMAE, x.Rows[0].Valid.ForceMAE, "a mean error of forces would have taken the first")
	assert.Less(t, best.Valid.EnergyMAE, 0.5*x.Rows[0].Valid.EnergyMAE)
}

// A student knows what it knew before, and what it was trained on; before the first
// step it is what it was.
func TestKnown(t *testing.T) {
	training := taught(t, 1)
	x := trainer(t, training, training, quick, 1)
	x.Known = []int{1, 9}
	elements := func() []int {
		n, err := x.Student()
		require.NoError(t, err)
		return n.Elements
	}
	require.NoError(t, x.validate(t.Context(), Hooks{}))
	assert.Equal(t, []int{1, 9}, elements())
	_, err := x.Run(t.Context(), Hooks{})
	require.NoError(t, err)
	require.Greater(t, x.Best, 0)
	assert.Equal(t, []int{1, 6, 7, 8, 9}, elements())

	s := &Set{}
	for range 2 {
		require.NoError(t, s.Add(water(0), labelled(1), 5))
	}
	require.NoError(t, s.Add(&atoms.Structure{Numbers: []int{8}, Positions: [][3]float64{{}}}, labelled(1), 5))
	structures, atoms := s.Occurs(1)
	assert.Equal(t, []int{2, 4}, []int{structures, atoms})
	structures, atoms = s.Occurs(9)
	assert.Equal(t, []int{0, 0}, []int{structures, atoms})
}

// Measuring the speed changes nothing, and finds what steps and validations take.
func TestMeasure(t *testing.T) {
	training := taught(t, 1)
	want, got := trainer(t, training, training, quick, 1), trainer(t, training, training, quick, 1)
	for i, long := range []time.Duration{1, 20 * time.Millisecond} {
		speed, err := got.Measure(t.Context(), long)
		require.NoError(t, err, i)
		assert.Greater(t, speed.Visit, 1e-6)
		assert.Greater(t, speed.Validation, 1e-6)
	}
	assert.Equal(t, want.Progress, got.Progress)
	assert.Equal(t, want.Rate, got.Rate)
	for _, x := range []*Trainer{want, got} {
		_, err := x.Run(t.Context(), Hooks{})
		require.NoError(t, err)
	}
	assert.Equal(t, weightsOf(want), weightsOf(got))
}
