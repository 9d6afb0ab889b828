package devicetest

import (
	_ "embed"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

//go:embed meetings.ptx
var meetingsPTX string

// meetings launches blocks that wait for each other, as many as the device can run at the same time, and has one more refused;
// and a cluster of them where there are clusters.
func meetings(t *testing.T, d gpu.Device) {
	m := load(t, d)
	k := kernel(t, m, "meet", 0)
	resident, err := k.Resident()
	require.NoError(t, err)
	require.Positive(t, resident)
	most := min(resident, 100)
	next := func(n int) (want []uint32) {
		for i := range n {
			want = append(want, uint32((i+1)%n))
		}
		return want
	}
	arrivals, x, out := upload(t, d, []float32{0}), upload(t, d, make([]float32, most)), upload(t, d, make([]float32, most))
	l := gpu.Launch{Kernel: k, Grid: gpu.Dim{Y: most}, Args: []uint64{uint64(x), uint64(out), uint64(arrivals)}, Together: true}
	require.NoError(t, d.Launch(&l))
	assert.Equal(t, next(most), words(t, d, out, most))
	l.Grid = gpu.Dim{X: resident + 1}
	assert.ErrorContains(t, d.Launch(&l), "wait for each other")

	if d.Properties().Capability >= 90 {
		clusters, err := d.Load("meetings.ptx", meetingsPTX)
		require.NoError(t, err)
		k := kernel(t, clusters, "meet_cluster", 0)
		for blocks, want := range map[int]bool{1: true, 8: true, 1000: false} {
			fits, err := k.Clusters(blocks)
			require.NoError(t, err)
			require.Equal(t, want, fits, "%d blocks", blocks)
		}
		require.NoError(t, d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{Y: 8}, Args: []uint64{uint64(x), uint64(out)}, Cluster: true}))
		assert.Equal(t, next(8), words(t, d, out, 8))
		assert.Error(t, d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{Y: 1000}, Args: []uint64{uint64(x), uint64(out)}, Cluster: true}))
		require.NoError(t, clusters.Close())
	} else {
		fits, err := k.Clusters(1)
		require.NoError(t, err)
		assert.False(t, fits)
	}
	for _, p := range []gpu.Pointer{arrivals, x, out} {
		require.NoError(t, d.Free(p))
	}
	require.NoError(t, m.Close())
}

// words is the n integers at p.
func words(t *testing.T, d gpu.Device, p gpu.Pointer, n int) (out []uint32) {
	t.Helper()
	for _, x := range download(t, d, p, n) {
		out = append(out, math.Float32bits(x))
	}
	return out
}
