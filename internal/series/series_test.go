package series

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Mean and line are those of all points, whatever the numbers' size.
func TestFit(t *testing.T) {
	var f Fit
	_, ok := f.Slope()
	assert.False(t, ok)
	_, ok = f.MeanError()
	assert.False(t, ok)
	const n = 100_003
	for i := range n {
		f.Add(1e6+0.5*float64(i), -1e6+1e-9*float64(i)+float64(i%2)*1e-3)
	}
	assert.EqualValues(t, n, f.Len())
	slope, ok := f.Slope()
	assert.True(t, ok)
	assert.InDelta(t, 2e-9, slope, 1e-12)
	assert.InDelta(t, -1e6+1e-9*n/2+0.5e-3, f.Mean(), 1e-7)
	deviation, ok := f.Deviation()
	assert.True(t, ok)
	assert.InDelta(t, 0.5e-3, deviation, 1e-6)
	assert.LessOrEqual(t, len(f.blocks), maxBlocks)
}

// The errors are those that repetitions show: of series without memory, and of
// one that remembers a hundred points, where the usual formula says a fourteenth of them.
func TestFitErrors(t *testing.T) {
	for memory, n := range map[float64]int{0: 1000, 100: 40_000} {
		rng := rand.New(rand.NewPCG(1, uint64(memory)))
		keep := 0.
		if memory > 0 {
			keep = math.Exp(-1 / memory)
		}
		var means, slopes, meanErrors, slopeErrors Fit
		for range 100 {
			var f Fit
			x := rng.NormFloat64()
			for i := range n {
				x = keep*x + math.Sqrt(1-keep*keep)*rng.NormFloat64()
				f.Add(float64(i), 7+x)
			}
			slope, _ := f.Slope()
			meanError, ok := f.MeanError()
			assert.True(t, ok)
			slopeError, ok := f.SlopeError()
			assert.True(t, ok)
			means.Add(0, f.Mean())
			slopes.Add(0, slope)
			meanErrors.Add(0, meanError)
			slopeErrors.Add(0, slopeError)
		}
		want, _ := means.Deviation()
		assert.InEpsilon(t, want, meanErrors.Mean(), 0.25, "the mean's, memory %v", memory)
		want, _ = slopes.Deviation()
		assert.InEpsilon(t, want, slopeErrors.Mean(), 0.25, "the slope's, memory %v", memory)
	}
	var two Fit
	two.Add(0, 1)
	two.Add(1, 3)
	meanError, ok := two.MeanError()
	assert.True(t, ok)
	assert.InDelta(t, 1, meanError, 1e-12)
	_, ok = two.SlopeError()
	assert.False(t, ok)
}

func TestCurve(t *testing.T) {
	var c Curve
	for i := range 500 {
		c.Add(float64(i), float64(i%10))
	}
	assert.Len(t, c.Points(), 500, "as they are")
	for i := 500; i < 1_000_000; i++ {
		c.Add(float64(i), float64(i%10))
	}
	points := c.Points()
	assert.LessOrEqual(t, len(points), maxPoints)
	assert.Greater(t, len(points), maxPoints/4)
	for i, p := range points[:len(points)-1] {
		assert.InDelta(t, 4.5, p.Mean, 0.1)
		assert.Equal(t, []float64{0, 9}, []float64{p.Low, p.High})
		assert.Less(t, p.T, points[i+1].T)
	}
}

// All values are counted, wherever they lie, in bins that are not many.
func TestHistogram(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for name, draw := range map[string]func(i int) float64{
		"normal":      func(int) float64 { return 40 + rng.NormFloat64() },
		"few":         func(i int) float64 { return float64(i % 3) },
		"one value":   func(int) float64 { return 5 },
		"nothing":     func(int) float64 { return 0 },
		"far away":    func(i int) float64 { return math.Pow(10, float64(i%600)/50) },
		"below 0":     func(i int) float64 { return -float64(i) },
		"later wider": func(i int) float64 { return float64(i) * rng.NormFloat64() },
	} {
		for _, n := range []int{1, 100, firstValues, 5000} {
			var h Histogram
			values := make([]float64, n)
			for i := range values {
				values[i] = draw(i)
				h.Add(values[i])
			}
			from, width, counts := h.Bins()
			assert.LessOrEqual(t, len(counts), maxBins, name)
			got, want := make([]int64, len(counts)), 0
			for _, x := range values {
				got[min(len(got)-1, max(0, int(math.Floor((x-from)/width+1e-9))))]++
			}
			sum := 0
			for i, c := range counts {
				sum += int(c)
				want += int(max(c-got[i], got[i]-c))
			}
			assert.Equal(t, n, sum, name)
			assert.LessOrEqual(t, want, n/100+2, "%s: but for what lies on an edge", name)
		}
	}
	var none Histogram
	_, _, counts := none.Bins()
	assert.Empty(t, counts)
}

func TestQuantiles(t *testing.T) {
	var q Quantiles
	assert.Zero(t, q.At(0.5))
	for i := range 10_000 {
		q.Add(1e-4 * float64(i+1))
	}
	for p, want := range map[float64]float64{0.5: 0.5, 0.9: 0.9, 0.99: 0.99, 1: 1} {
		assert.InEpsilon(t, want, q.At(p), 0.01)
	}
	assert.Equal(t, 1., q.Largest())
	q.Add(0)
	q.Add(1e9)
	assert.Equal(t, 1e9, q.Largest())
	assert.InEpsilon(t, leastQuantile, q.At(0), 0.01)
}
