package train

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// AdamW gives what torch.optim.AdamW gave in float64 (PyTorch 1.13: lr 0.1, weight
// decay 0.2, and none for the second weight).
func TestAdamW(t *testing.T) {
	o := NewAdamW(0.2, []bool{true, false})
	weights := []float32{1, -2}
	torch := [][2]float64{{0.880000002000, -1.900000001000}, {0.770621890883, -1.816940248772}, {0.663304707044, -1.787085074781},
		{0.557065860692, -1.813439396561}, {0.451641570273, -1.869462314022}}
	for k, want := range torch {
		o.Update(weights, []float32{float32(0.5 + float64(k)), float32(-1 + 0.75*float64(k))}, 0.1)
		assert.InDelta(t, want[0], float64(weights[0]), 3e-7, "step %d", k)
		assert.InDelta(t, want[1], float64(weights[1]), 3e-7, "step %d", k)
	}
	assert.Equal(t, int64(len(torch)), o.Step)
}

// Gradients are bounded by their running norm, and by an absolute one.
func TestClip(t *testing.T) {
	c := Clip{Factor: 3}
	assert.Equal(t, 5.0, c.Apply([]float32{3, 4}), "the first sets the norm")
	g := []float32{30, 40}
	assert.Equal(t, 50.0, c.Apply(g))
	assert.InDeltaSlice(t, []float64{9, 12}, []float64{float64(g[0]), float64(g[1])}, 1e-6)
	assert.InDelta(t, 5.1, c.Running, 1e-12)
	g = []float32{float32(math.NaN()), 1}
	assert.True(t, math.IsNaN(c.Apply(g)))
	assert.InDelta(t, 5.1, c.Running, 1e-12, "what is no number does not count")
	c = Clip{Absolute: 1}
	g = []float32{0, 2}
	c.Apply(g)
	assert.Equal(t, []float32{0, 1}, g)
	g = []float32{0, 200}
	(&Clip{}).Apply(g)
	assert.Equal(t, []float32{0, 200}, g)
}

func TestRate(t *testing.T) {
	r := Rate{Peak: 2, Warmup: 0.1, Final: 0.01}
	for done, want := range map[float64]float64{0.05: 1, 0.1: 2, 0.55: 1.01, 1: 0.02, 1.5: 0.02} {
		assert.InDelta(t, want, r.At(done, 7), 1e-12)
	}
	r.Plateau = 5
	assert.Equal(t, 0.5, r.At(0.9, 2))
}

// The average is of few steps at first, and of 1/(1 − decay) later.
func TestAverage(t *testing.T) {
	ema := []float32{100}
	average(ema, []float32{1}, 0.999, 1)
	assert.InDelta(t, 1+99*2.0/11, float64(ema[0]), 1e-5)
	average(ema, []float32{0}, 0.5, 1000)
	assert.InDelta(t, 9.5, float64(ema[0]), 1e-5)
}

// An epoch's order is all structures, and seed and epoch tell which.
func TestOrder(t *testing.T) {
	first := order(100, 1, 0)
	assert.Equal(t, first, order(100, 1, 0))
	assert.NotEqual(t, first, order(100, 1, 1))
	assert.NotEqual(t, first, order(100, 2, 0))
	slices.Sort(first)
	for i, k := range first {
		require.Equal(t, int32(i), k)
	}
}

// Batches are bounded by structures and by pairs.
func TestBatch(t *testing.T) {
	s := &Set{pairs: []int32{5, 100, 5, 5, 5, 40, 30}}
	list := []int32{0, 1, 2, 3, 4, 5, 6}
	var sizes []int
	for len(list) > 0 {
		batch := s.batch(list, 3, 50)
		sizes, list = append(sizes, len(batch)), list[len(batch):]
	}
	assert.Equal(t, []int{1, 1, 3, 1, 1}, sizes, "a structure of more pairs is alone")
	assert.Len(t, s.batch([]int32{0, 2}, 3, 50), 2)
}
