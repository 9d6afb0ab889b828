package gpu_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/tolerance"
	"painless/kernels/gpu"
)

// Edges of displacements are those of float64, also at the cutoff and a rounding beyond it.
func TestPlaceEdges(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	b := newBench(t, 16, testIntervals)
	var e gpu.Edges
	assert.Error(t, b.k.PlaceEdges(&e, upload(b, make([][4]float32, 1)), testCutoff, testIntervals), "no room")
	require.NoError(t, b.k.LoadExchange())
	const n = 300
	given := make([][4]float32, n)
	for k := range given {
		x := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		to := testCutoff * rng.Float64() / math.Sqrt(x[0]*x[0]+x[1]*x[1]+x[2]*x[2])
		given[k] = [4]float32{float32(to * x[0]), float32(to * x[1]), float32(to * x[2]), math.Float32frombits(uint32(rng.IntN(1 << 20)))}
	}
	copy(given[n-2][:3], []float32{testCutoff, 0, 0})
	copy(given[n-1][:3], []float32{0, 0, math.Nextafter32(testCutoff, 99)})
	e = gpu.Edges{A: room[[4]int32](b, n), B: room[[4]float32](b, n)}
	require.NoError(t, b.k.PlaceEdges(&e, upload(b, given), testCutoff, testIntervals))
	as, bs := download(b, e.A), download(b, e.B)
	for k, g := range given {
		x, y, z := float64(g[0]), float64(g[1]), float64(g[2])
		d := math.Sqrt(x*x + y*y + z*z)
		assert.Equal(t, int32(math.Float32bits(g[3])), as[k][0])
		tolerance.Check(t, "d", []float64{float64(math.Float32frombits(uint32(as[k][3])))}, []float64{d}, 0, 2e-7)
		at := float64(as[k][1]) + float64(math.Float32frombits(uint32(as[k][2])))
		tolerance.Check(t, "place", []float64{at}, []float64{d * testIntervals / testCutoff}, 1e-6, 2e-7)
		assert.True(t, as[k][1] >= 0 && as[k][1] < testIntervals)
		by := 1 / (d + 1e-8)
		tolerance.Check(t, "direction", []float64{float64(bs[k][0]), float64(bs[k][1]), float64(bs[k][2]), float64(bs[k][3])}, []float64{x * by, y * by, z * by, by}, 0, 5e-7)
	}
}

// Rows are those of the list, in its order, and go back by a copy.
func TestPackRows(t *testing.T) {
	const atoms, h = 7, 48
	rng := rand.New(rand.NewPCG(9, 10))
	b := newBench(t, h, testIntervals)
	require.NoError(t, b.k.LoadExchange())
	state := make([][4]float32, atoms*h)
	for k := range state {
		state[k] = [4]float32{rng.Float32(), rng.Float32(), rng.Float32(), rng.Float32()}
	}
	list := []int32{6, 0, 6, 3}
	on, rows := upload(b, state), room[[4]float32](b, len(list)*h)
	require.NoError(t, b.k.PackRows(rows, on, upload(b, list), h))
	require.NoError(t, b.k.PackRows(room[[4]float32](b, 0), on, upload(b, []int32{}), h))
	assert.ErrorContains(t, b.k.PackRows(rows, on, upload(b, list[1:]), h), "rows has 192 elements, expected 144")
	got := download(b, rows)
	for n, i := range list {
		assert.Equal(t, state[int(i)*h:][:h], got[n*h:][:h])
	}
	require.NoError(t, gpu.Overwrite(b.memory, gpu.Part(on, 2*h, h), got[:h]))
	assert.ErrorContains(t, gpu.Overwrite(b.memory, gpu.Part(on, 2*h, h), got), "upload of 192 elements over 48")
	copy(state[2*h:], state[6*h:])
	assert.Equal(t, state, download(b, on))
}
