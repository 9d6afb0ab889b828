package devicetest

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// marks has what takes turns: while one result is on its way the other is taken.
func marks(t *testing.T, d gpu.Device) {
	m := load(t, d)
	k := kernel(t, m, "saxpy", 0)
	x, y := upload(t, d, []float32{1}), upload(t, d, []float32{0})
	var back [gpu.Marks][]byte
	for i := range back {
		var err error
		back[i], err = d.AllocHost(4)
		require.NoError(t, err)
		assert.ErrorContains(t, d.Await(i), "was not made")
	}
	for _, none := range []int{-1, gpu.Marks} {
		assert.Error(t, d.Mark(none))
		assert.Error(t, d.Await(none))
	}
	require.NoError(t, d.Mark(0), "behind no work")
	require.NoError(t, d.Await(0))

	add := func(i int) error {
		if err := d.Launch(saxpy(k, y, x, 1, 1)); err != nil {
			return err
		}
		return d.Download(back[i], y)
	}
	graph, err := d.Capture(func() error { return add(0) })
	require.NoError(t, err)
	const rounds = 9
	for round := range rounds {
		if i := round % gpu.Marks; i == 0 {
			require.NoError(t, graph.Launch())
		} else {
			require.NoError(t, add(i))
		}
		require.NoError(t, d.Mark(round%gpu.Marks), "in place of the one before")
		if before := round - gpu.Marks + 1; before >= 0 {
			i := before % gpu.Marks
			require.NoError(t, d.Await(i))
			assert.Equal(t, float32(before+1), math.Float32frombits(binary.LittleEndian.Uint32(back[i])))
			require.NoError(t, d.Await(i), "again")
		}
	}
	assert.Equal(t, []float32{rounds}, download(t, d, y, 1))
	require.NoError(t, d.Await(0), "after all is done")

	for _, wrong := range []func(int) error{d.Mark, d.Await} {
		_, err := d.Capture(func() error { return wrong(0) })
		assert.ErrorContains(t, err, "a mark in a graph")
	}
	require.NoError(t, d.Mark(1), "the device works on")
	require.NoError(t, d.Await(1))
	require.NoError(t, graph.Close())
	require.NoError(t, m.Close())
	for _, host := range back {
		require.NoError(t, d.FreeHost(host))
	}
	require.NoError(t, d.Free(x))
	require.NoError(t, d.Free(y))
}
