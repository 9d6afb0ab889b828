package devicetest

import (
	"math"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// letters launches blocks that send each other letters, to and fro: two, and as many as the device can run at the same time; and has one more
// refused. The second launch finds the letters of the first one, which have another stamp.
func letters(t *testing.T, d gpu.Device) {
	const rounds, threads = 20, 64
	m := load(t, d)
	k := kernel(t, m, "letters", 0)
	resident, err := k.Resident()
	require.NoError(t, err)
	require.Greater(t, resident, 1)
	for _, blocks := range []int{2, min(resident, 100)} {
		n := blocks * threads
		size := rounds * n * 4 * 8
		room, err := d.Alloc(size)
		require.NoError(t, err)
		require.NoError(t, d.Zero(room, size))
		out := upload(t, d, make([]float32, n))
		for stamp := 1; stamp <= 2; stamp++ {
			args := []uint64{uint64(out), uint64(room), gpu.Int(rounds), gpu.Int(stamp)}
			require.NoError(t, d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{Y: blocks}, Block: gpu.Dim{X: threads}, Args: args, Together: true}))
			assert.Equal(t, answered(rounds, blocks, threads, stamp), words(t, d, out, n), "%d blocks, launch %d", blocks, stamp)
		}
		require.NoError(t, d.Free(room))
		require.NoError(t, d.Free(out))
	}
	err = d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{X: resident + 1}, Args: make([]uint64, 4), Together: true})
	assert.ErrorContains(t, err, "wait for each other")
	require.NoError(t, m.Close())
}

// told has the threads of several blocks send the host a letter each, which comes by itself, or with Synchronize at the latest.
func told(t *testing.T, d gpu.Device) {
	const blocks, threads = 3, 64
	m := load(t, d)
	k := kernel(t, m, "tell", 0)
	host, err := d.AllocHost(8 * blocks * threads)
	require.NoError(t, err)
	at, err := d.Mapped(host)
	require.NoError(t, err)
	all := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(host))), blocks*threads)
	clear(all)
	for stamp := 1; stamp <= 2; stamp++ {
		require.NoError(t, d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{X: blocks}, Block: gpu.Dim{X: threads}, Args: []uint64{uint64(at), gpu.Int(stamp)}}))
		for i := range all {
			want := uint64(stamp)<<32 | uint64(i)
			for begun := time.Now(); atomic.LoadUint64(&all[i]) != want; {
				if time.Since(begun) > time.Second {
					require.NoError(t, d.Synchronize())
					break
				}
			}
			require.Equal(t, want, atomic.LoadUint64(&all[i]))
		}
	}
	require.NoError(t, d.Synchronize())
	require.NoError(t, d.FreeHost(host))
	require.NoError(t, m.Close())
}

// answered is what the kernel letters leaves in out.
func answered(rounds, blocks, threads, stamp int) []uint32 {
	n := blocks * threads
	x, y := make([]uint32, n), make([]uint32, n)
	for i := range n {
		x[i], y[i] = uint32(stamp+i), uint32(i)
	}
	for range rounds {
		nextX, nextY := make([]uint32, n), make([]uint32, n)
		for i := range n {
			before, next := (i+n-threads)%n, (i+threads)%n
			nextX[i], nextY[i] = 3*x[i]+y[i]+x[next]+x[before], y[before]+x[i]
		}
		x, y = nextX, nextY
	}
	return x
}

// words is the n integers at p.
func words(t *testing.T, d gpu.Device, p gpu.Pointer, n int) (out []uint32) {
	t.Helper()
	for _, x := range download(t, d, p, n) {
		out = append(out, math.Float32bits(x))
	}
	return out
}
