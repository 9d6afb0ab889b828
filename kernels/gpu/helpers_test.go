package gpu_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/internal/tolerance"
	"painless/kernels/cpu"
	"painless/kernels/gpu"
)

// bench is a device with its kernels and memory, closed with the test.
type bench struct {
	t      testing.TB
	dev    gpu.Device
	k      *gpu.Kernels
	memory *gpu.Memory
	atoms  int // that kernels are measured on
}

func newBench(t testing.TB, h, intervals int) *bench {
	t.Helper()
	return newBenchOn(t, openDevice(t), h, intervals)
}

func newBenchOn(t testing.TB, dev gpu.Device, h, intervals int) *bench {
	t.Helper()
	b := &bench{t: t, dev: dev}
	b.memory = gpu.NewMemory(b.dev)
	t.Cleanup(b.close)
	k, err := gpu.Load(b.dev, h, intervals, testRBF)
	require.NoError(t, err)
	b.k = k
	return b
}

// close may be called twice.
func (b *bench) close() {
	require.NoError(b.t, b.memory.Close())
	if b.k != nil {
		require.NoError(b.t, b.k.Close())
	}
	require.NoError(b.t, b.dev.Close())
}

// older is a device whose tensor cores are not used.
type older struct{ gpu.Device }

func (d older) Properties() gpu.Properties {
	p := d.Device.Properties()
	p.Capability = 75
	return p
}

func upload[T any](b *bench, values []T) (a gpu.Array[T]) {
	b.t.Helper()
	require.NoError(b.t, gpu.Upload(b.memory, &a, "a test", values))
	return a
}

func room[T any](b *bench, n int) (a gpu.Array[T]) {
	b.t.Helper()
	require.NoError(b.t, gpu.Resize(b.memory, &a, "a test", n))
	return a
}

func download[T any](b *bench, a gpu.Array[T]) []T {
	b.t.Helper()
	out := make([]T, a.Len())
	require.NoError(b.t, gpu.Download(b.memory, out, a))
	require.NoError(b.t, b.dev.Synchronize())
	return out
}

// normal is n random numbers that float32 holds exactly.
func normal(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(rng.NormFloat64()))
	}
	return x
}

func floats[T cpu.Float](x []T) []float32 {
	y := make([]float32, len(x))
	for i := range x {
		y[i] = float32(x[i])
	}
	return y
}

// pack is a state as the device has it, [N, H] of {s, vx, vy, vz}.
func pack(s cpu.State[float64], h int) [][4]float32 {
	out := make([][4]float32, len(s.S))
	for k := range out {
		out[k][0] = float32(s.S[k])
		if s.V != nil {
			for c := range 3 {
				out[k][1+c] = float32(s.V[(k/h*3+c)*h+k%h])
			}
		}
	}
	return out
}

// before is a state before a message: in the first block a row of the embedding for each atom, last atom first.
func before(b *bench, s cpu.State[float64], h int, first bool) gpu.Before {
	if !first {
		return gpu.Before{State: upload(b, pack(s, h))}
	}
	var embedding []float32
	var numbers []int32
	for i := len(s.S)/h - 1; i >= 0; i-- {
		numbers, embedding = append(numbers, int32(i)), append(embedding, floats(s.S[i*h:(i+1)*h])...)
	}
	return gpu.Before{Embedding: upload(b, embedding), Numbers: upload(b, numbers)}
}

func unpack(state [][4]float32, h int) cpu.State[float64] {
	s := cpu.State[float64]{S: make([]float64, len(state)), V: make([]float64, 3*len(state))}
	for k, x := range state {
		s.S[k] = float64(x[0])
		for c := range 3 {
			s.V[(k/h*3+c)*h+k%h] = float64(x[1+c])
		}
	}
	return s
}

// checkScaled compares numbers that are sums of others about as large as the
// largest of them, up to relative times that.
func checkScaled(t *testing.T, what string, got, want []float64, relative float64) {
	t.Helper()
	largest := 0.0
	for _, x := range want {
		largest = math.Max(largest, math.Abs(x))
	}
	tolerance.Check(t, what, got, want, relative*math.Max(largest, 1e-30), 0)
}
