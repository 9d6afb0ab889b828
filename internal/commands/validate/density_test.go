package validate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// However many the points, the cells are few, lose none and stay where the points are.
func TestDensity(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var d density
	const n = 200_000
	sum := [2]float64{}
	for range n {
		x := 3 * rng.NormFloat64()
		y := x + 0.1*rng.NormFloat64()
		sum[0], sum[1] = sum[0]+x, sum[1]+y
		d.add(x, y)
	}
	assert.LessOrEqual(t, len(d.cells), maxCells+1)
	assert.Greater(t, len(d.cells), maxCells/4)
	total, middle := 0, [2]float64{}
	cells := d.list()
	for i, c := range cells {
		total += c.n
		middle[0], middle[1] = middle[0]+c.x*float64(c.n), middle[1]+c.y*float64(c.n)
		assert.True(t, i == 0 || cells[i-1].n <= c.n, "the fullest last")
	}
	assert.Equal(t, n, total)
	for c := range sum {
		assert.InDelta(t, sum[c]/n, middle[c]/n, d.side)
	}
}

// A few points are where they are, even far away.
func TestDensityOfFew(t *testing.T) {
	for _, x := range []float64{0, 1.25, -1.25, -3e4, 1e250} {
		var d density
		d.add(x, -x)
		cells := d.list()
		require.Len(t, cells, 1)
		assert.InDelta(t, x, cells[0].x, math.Max(finestSide, math.Abs(x)*1e-15))
		assert.InDelta(t, -x, cells[0].y, math.Max(finestSide, math.Abs(x)*1e-15))
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for _, x := range []float64{0, 1e-300, 1.1, 1.2, 1e300} {
		h.add(x)
	}
	assert.Equal(t, 5, h.total)
	assert.Equal(t, 2, h.counts[0])
	assert.Equal(t, 1, h.counts[len(h.counts)-1])
	bin := -lowestDecade * binsPerDecade
	assert.Equal(t, 2, h.counts[bin])
	assert.InDelta(t, 1, edge(bin), 1e-12)
}

func TestRanking(t *testing.T) {
	var r ranking
	for k := range 30 {
		r.add(worst{place: place{Frame: k}}, float64(k%15))
	}
	require.Len(t, r.list, ranks)
	assert.Equal(t, []float64{14, 14, 13, 13, 12, 12, 11, 11, 10, 10}, r.by)
	assert.Equal(t, 14, r.list[0].Frame, "what came first stays first")
	assert.Equal(t, 29, r.list[1].Frame)
}

// A sample has the wanted number, the same for a seed, and leaves none out for ever.
func TestSample(t *testing.T) {
	drawn := func(seed uint64, wanted, total int) []int {
		s := newSample[int](seed, wanted)
		for k := range total {
			s.offer(func() int { return k })
		}
		slices.Sort(s.taken)
		assert.Len(t, slices.Compact(slices.Clone(s.taken)), len(s.taken), "none twice")
		return s.taken
	}
	assert.Equal(t, drawn(1, 5, 100), drawn(1, 5, 100))
	assert.NotEqual(t, drawn(1, 5, 100), drawn(2, 5, 100))
	assert.Equal(t, []int{0, 1, 2}, drawn(1, 7, 3), "more than there are is all")
	times := make([]int, 10)
	for seed := range uint64(1000) {
		list := drawn(seed, 3, 10)
		require.Len(t, list, 3)
		for _, k := range list {
			times[k]++
		}
	}
	for k := range times {
		assert.InDelta(t, 300, times[k], 60, "each as likely as any other")
	}
}
