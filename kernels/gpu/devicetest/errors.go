package devicetest

import (
	"encoding/binary"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

func loadErrors(t *testing.T, d gpu.Device) {
	for name, ptx := range map[string]string{
		"words.ptx":       "these are no instructions",
		"instruction.ptx": ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k()\n{\n\tfrobnicate.f32 ;\n\tret;\n}\n",
	} {
		_, err := d.Load(name, ptx)
		assert.ErrorContains(t, err, name)
	}
	m := load(t, d)
	_, err := m.Kernel("absent", 1, 0)
	assert.ErrorContains(t, err, "absent")
	assert.ErrorContains(t, err, "kernels.ptx")
	_, err = m.Kernel("reverse", 1, d.Properties().SharedPerBlock+1)
	assert.ErrorContains(t, err, "reverse", "more shared memory than a block has")
	_, err = m.Kernel("reverse", 1025, 0)
	assert.ErrorContains(t, err, "reverse", "more threads than a block has")
	require.NoError(t, m.Close())
}

func launchErrors(t *testing.T, d gpu.Device) {
	m := load(t, d)
	k := kernel(t, m, "reverse", 1024)
	x := upload(t, d, []float32{1, 2})
	args := []uint64{uint64(x), gpu.Int(2)}
	for name, l := range map[string]gpu.Launch{
		"more threads than asked":       {Kernel: k, Block: gpu.Dim{X: 257}, Shared: 8, Args: args},
		"2048 threads":                  {Kernel: k, Block: gpu.Dim{X: 2048}, Shared: 8, Args: args},
		"a grid of −1":                  {Kernel: k, Grid: gpu.Dim{X: -1}, Shared: 8, Args: args},
		"a grid too high":               {Kernel: k, Grid: gpu.Dim{Y: 1 << 16}, Shared: 8, Args: args},
		"an argument too few":           {Kernel: k, Shared: 8, Args: args[:1]},
		"an argument too many":          {Kernel: k, Shared: 8, Args: append(args[:2:2], 0)},
		"more shared memory than asked": {Kernel: k, Shared: 2048, Args: args},
	} {
		assert.ErrorContains(t, d.Launch(&l), "reverse", name)
	}
	assert.Error(t, d.Launch(&gpu.Launch{}), "no kernel")

	require.NoError(t, d.Launch(&gpu.Launch{Kernel: k, Block: gpu.Dim{X: 32}, Shared: 8, Args: args}))
	assert.Equal(t, []float32{2, 1}, download(t, d, x, 2), "the device works on")
	require.NoError(t, m.Close())
	require.NoError(t, d.Free(x))
}

// closing closes a device that has a module and a graph.
func closing(t *testing.T, open func(t *testing.T) gpu.Device) {
	d, other := open(t), open(t)
	m := load(t, d)
	k := kernel(t, m, "nothing", 0)
	graph, err := d.Capture(func() error { return d.Launch(&gpu.Launch{Kernel: k}) })
	require.NoError(t, err)
	require.NoError(t, d.Mark(0))
	assert.Error(t, other.Launch(&gpu.Launch{Kernel: k}), "the kernel of another device")

	require.NoError(t, d.Close())
	require.NoError(t, d.Close(), "twice")
	assert.NoError(t, graph.Close())
	assert.NoError(t, m.Close())
	_, err = d.Alloc(1)
	assert.Error(t, err)
	_, err = d.Load("kernels.ptx", kernels)
	assert.Error(t, err)
	assert.Error(t, d.Launch(&gpu.Launch{Kernel: k}))
	assert.Error(t, graph.Launch())
	assert.Error(t, d.Synchronize())
	assert.Error(t, d.Mark(0))
	assert.Error(t, d.Await(0))

	x := upload(t, other, []float32{1})
	assert.Equal(t, []float32{1}, download(t, other, x, 1), "the other device works on")
	require.NoError(t, other.Free(x))
	require.NoError(t, other.Close())
}

func leaks(t *testing.T, d gpu.Device) {
	_, err := d.Alloc(1000)
	require.NoError(t, err)
	_, err = d.AllocHost(234)
	require.NoError(t, err)
	assert.ErrorContains(t, d.Close(), "1234 bytes")
	assert.NoError(t, d.Close(), "twice")
}

// together runs devices in goroutines.
func together(t *testing.T, open func(t *testing.T) gpu.Device) {
	const devices, steps = 4, 10
	var group sync.WaitGroup
	sums := make([]float32, devices)
	for i := range devices {
		d := open(t)
		m := load(t, d)
		k := kernel(t, m, "saxpy", 0)
		x, y := upload(t, d, []float32{float32(i)}), upload(t, d, []float32{0})
		group.Go(func() {
			for range steps {
				if !assert.NoError(t, d.Launch(saxpy(k, y, x, 1, 1))) {
					return
				}
			}
			got := make([]byte, 4)
			if assert.NoError(t, d.Download(got, y)) && assert.NoError(t, d.Synchronize()) {
				sums[i] = math.Float32frombits(binary.LittleEndian.Uint32(got))
			}
			assert.NoError(t, d.Free(x))
			assert.NoError(t, d.Free(y))
			assert.NoError(t, d.Close())
		})
	}
	group.Wait()
	assert.Equal(t, []float32{0, steps, 2 * steps, 3 * steps}, sums)
}

func load(t *testing.T, d gpu.Device) gpu.Module {
	t.Helper()
	m, err := d.Load("kernels.ptx", kernels)
	require.NoError(t, err)
	return m
}

func kernel(t *testing.T, m gpu.Module, name string, shared int) gpu.Kernel {
	t.Helper()
	k, err := m.Kernel(name, 256, shared)
	require.NoError(t, err)
	return k
}

// upload is a copy of x on the device.
func upload(t *testing.T, d gpu.Device, x []float32) gpu.Pointer {
	t.Helper()
	p, err := d.Alloc(4 * len(x))
	require.NoError(t, err)
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	require.NoError(t, d.Upload(p, b))
	require.NoError(t, d.Synchronize())
	return p
}

// download is the n numbers at p.
func download(t *testing.T, d gpu.Device, p gpu.Pointer, n int) []float32 {
	t.Helper()
	b := make([]byte, 4*n)
	require.NoError(t, d.Download(b, p))
	require.NoError(t, d.Synchronize())
	x := make([]float32, n)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}
