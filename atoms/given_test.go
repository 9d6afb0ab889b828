package atoms_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/pool"
)

// A host's pairs are taken in their order, whatever the threads, and the first that cannot be is the error.
func TestTakeOn(t *testing.T) {
	const cutoff = 3
	rng := rand.New(rand.NewPCG(41, 42))
	positions := make([][3]float64, 200)
	for i := range positions {
		positions[i] = [3]float64{8 * rng.Float64(), 8 * rng.Float64(), 8 * rng.Float64()}
	}
	var pairs [][2]int32
	for i := range int32(200) {
		for j := i + 1; j < 200; j++ {
			pairs = append(pairs, [2]int32{i, j})
		}
	}
	rng.Shuffle(len(pairs), func(a, b int) { pairs[a], pairs[b] = pairs[b], pairs[a] })
	threads := pool.New(3)
	defer threads.Close()
	var l atoms.NeighborList[float32]
	for _, n := range []int{len(pairs), 1, 4096, 4097, len(pairs)} {
		require.NoError(t, l.TakeOn(threads, positions, pairs[:n], cutoff))
		var want atoms.Pairs[float32]
		want.Resize(n)
		kept := 0
		for _, p := range pairs[:n] {
			var x [3]float32
			for c := range x {
				x[c] = float32(positions[p[1]][c] - positions[p[0]][c])
			}
			if d := atoms.Distance(x); d <= cutoff {
				want.Set(kept, p[0], p[1], x, d)
				kept++
			}
		}
		want.Resize(kept)
		require.Equal(t, clipped(want), clipped(l.Pairs), "%d pairs", n)
		require.Equal(t, []int{0, kept}, l.Start)
	}
	require.NoError(t, l.TakeOn(threads, positions, nil, cutoff))
	assert.Empty(t, l.D)
	assert.Zero(t, testing.AllocsPerRun(3, func() { _ = l.TakeOn(threads, positions, pairs, cutoff) }))

	pairs[9000], pairs[18000] = [2]int32{7, 200}, [2]int32{8, 8}
	assert.EqualError(t, l.TakeOn(threads, positions, pairs, cutoff), "pair 9000 is of the atoms 7 and 200: expected two different ones of 200")
	pairs[100], positions[199] = [2]int32{0, 199}, positions[0]
	assert.ErrorContains(t, l.TakeOn(threads, positions, pairs[:101], cutoff), "the atoms 0 and 199 are on the same point")
}
