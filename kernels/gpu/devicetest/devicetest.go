// Package devicetest tests that a gpu.Device does what the interface says, on
// real GPUs and under the emulator alike.
package devicetest

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

//go:embed kernels.ptx
var kernels string

// Run tests the devices that open opens. Each is used by one test, which closes
// it; all are open on the same GPU.
func Run(t *testing.T, open func(t *testing.T) gpu.Device) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, d gpu.Device)
	}{
		{"properties", properties},
		{"alloc", alloc},
		{"copies", copies},
		{"host memory", hostMemory},
		{"arguments", arguments},
		{"launch", launch},
		{"shared memory", sharedMemory},
		{"letters", letters},
		{"letters to the host", told},
		{"capture", capture},
		{"capture that fails", captureThatFails},
		{"marks", marks},
		{"time", timing},
		{"load errors", loadErrors},
		{"launch errors", launchErrors},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := open(t)
			defer func() { assert.NoError(t, d.Close()) }()
			test.run(t, d)
		})
	}
	t.Run("close", func(t *testing.T) { closing(t, open) })
	t.Run("close with leaks", func(t *testing.T) { leaks(t, open(t)) })
	t.Run("devices at the same time", func(t *testing.T) { together(t, open) })
}

func properties(t *testing.T, d gpu.Device) {
	p := d.Properties()
	assert.NotEmpty(t, p.Name)
	assert.GreaterOrEqual(t, p.Capability, 70)
	assert.Positive(t, p.Multiprocessors)
	assert.GreaterOrEqual(t, p.SharedPerBlock, 48<<10)
	assert.Positive(t, p.Memory)
}

func alloc(t *testing.T, d gpu.Device) {
	sizes := []int{1, 255, 256, 1 << 20, 3}
	var allocated []gpu.Pointer
	for _, size := range sizes {
		p, err := d.Alloc(size)
		require.NoError(t, err)
		require.NotZero(t, p)
		assert.Zero(t, p%256, "%#x is not aligned", p)
		for i, q := range allocated {
			assert.True(t, p+gpu.Pointer(size) <= q || q+gpu.Pointer(sizes[i]) <= p, "%#x overlaps %#x", p, q)
		}
		allocated = append(allocated, p)
	}
	for _, p := range allocated {
		require.NoError(t, d.Free(p))
	}
	assert.Error(t, d.Free(allocated[0]), "freed twice")
	assert.NoError(t, d.Free(0))

	for _, size := range []int{0, -1} {
		_, err := d.Alloc(size)
		assert.Error(t, err, "%d bytes", size)
		_, err = d.AllocHost(size)
		assert.Error(t, err, "%d bytes of the host", size)
	}
	tooMuch := int(2 * d.Properties().Memory)
	_, err := d.Alloc(tooMuch)
	assert.ErrorIs(t, err, gpu.ErrOutOfMemory)
	assert.ErrorContains(t, err, strconv.Itoa(tooMuch))
	p, err := d.Alloc(1)
	require.NoError(t, err, "after it was out of memory")
	require.NoError(t, d.Free(p))
}

func copies(t *testing.T, d gpu.Device) {
	p, err := d.Alloc(1000)
	require.NoError(t, err)
	want := make([]byte, 1000)
	for i := range want {
		want[i] = byte(i*7 + 1)
	}
	require.NoError(t, d.Upload(p, want))
	require.NoError(t, d.Upload(p+13, []byte("within")))
	require.NoError(t, d.Zero(p+500, 3))
	require.NoError(t, d.Zero(p, 0))
	require.NoError(t, d.Upload(p, nil))
	require.NoError(t, d.Download(nil, p))
	got, part := make([]byte, 1000), make([]byte, 4)
	require.NoError(t, d.Download(got, p))
	require.NoError(t, d.Download(part, p+12))
	require.NoError(t, d.Synchronize())

	copy(want[13:], "within")
	clear(want[500:503])
	assert.Equal(t, want, got)
	assert.Equal(t, want[12:16], part)
	require.NoError(t, d.Free(p))
}

func hostMemory(t *testing.T, d gpu.Device) {
	host, err := d.AllocHost(64)
	require.NoError(t, err)
	require.Len(t, host, 64)
	p, err := d.Alloc(64)
	require.NoError(t, err)
	copy(host, "from the host")
	require.NoError(t, d.Upload(p, host[:32]))
	require.NoError(t, d.Download(host[32:], p))
	require.NoError(t, d.Synchronize())
	assert.Equal(t, host[:32], host[32:])

	m := load(t, d)
	x, err := d.Mapped(host)
	require.NoError(t, err)
	for i := range 16 {
		binary.LittleEndian.PutUint32(host[4*i:], math.Float32bits(float32(i)))
	}
	require.NoError(t, d.Launch(saxpy(kernel(t, m, "saxpy", 0), x+32, x, 8, 2)), "reads and writes it where it is")
	require.NoError(t, d.Synchronize())
	for i := range 8 {
		assert.Equal(t, float32(8+i+2*i), math.Float32frombits(binary.LittleEndian.Uint32(host[32+4*i:])))
	}
	require.NoError(t, m.Close())
	_, err = d.Mapped(make([]byte, 64))
	assert.Error(t, err, "not of AllocHost")
	assert.Error(t, d.Free(x), "not of Alloc")

	assert.Error(t, d.FreeHost(make([]byte, 64)), "not of AllocHost")
	assert.NoError(t, d.FreeHost(nil))
	require.NoError(t, d.FreeHost(host[:10]), "by its start")
	require.NoError(t, d.Free(p))
}

func arguments(t *testing.T, d gpu.Device) {
	m := load(t, d)
	out := upload(t, d, make([]float32, 3))
	k := kernel(t, m, "arguments", 0)
	require.NoError(t, d.Launch(&gpu.Launch{
		Kernel: k,
		Args:   []uint64{gpu.Int(-3), uint64(out), gpu.Float(-1.5)},
	}), "grid and block of zeros are of one")
	assert.Equal(t, "arguments", k.Name())
	got := make([]byte, 12)
	require.NoError(t, d.Download(got, out))
	require.NoError(t, d.Synchronize())
	assert.Equal(t, int32(-3), int32(binary.LittleEndian.Uint32(got)))
	assert.Equal(t, float32(-1.5), math.Float32frombits(binary.LittleEndian.Uint32(got[4:])))
	assert.Equal(t, uint32(1), binary.LittleEndian.Uint32(got[8:]))
	require.NoError(t, d.Launch(&gpu.Launch{Kernel: kernel(t, m, "nothing", 0), Grid: gpu.Dim{X: 3, Y: 2}, Block: gpu.Dim{X: 7, Y: 3, Z: 2}}))
	require.NoError(t, d.Synchronize())
	require.NoError(t, m.Close())
	require.NoError(t, d.Free(out))
}

// saxpy is the launch of y += a·x, n numbers each.
func saxpy(k gpu.Kernel, y, x gpu.Pointer, n int, a float32) *gpu.Launch {
	return &gpu.Launch{
		Kernel: k,
		Grid:   gpu.Dim{X: (n + 127) / 128},
		Block:  gpu.Dim{X: 128},
		Args:   []uint64{uint64(y), uint64(x), gpu.Int(n), gpu.Float(a)},
	}
}

func launch(t *testing.T, d gpu.Device) {
	m := load(t, d)
	k := kernel(t, m, "saxpy", 0)
	for _, n := range []int{1, 127, 128, 129, 1000} {
		x, y, want := make([]float32, n), make([]float32, n+1), make([]float32, n+1)
		for i := range x {
			x[i], y[i] = float32(i), float32(-3*i)
			want[i] = y[i] + 2*x[i] + 0.5*x[i]
		}
		y[n], want[n] = 77, 77
		px, py := upload(t, d, x), upload(t, d, y)
		require.NoError(t, d.Launch(saxpy(k, py, px, n, 2)))
		require.NoError(t, d.Launch(saxpy(k, py, px, n, 0.5)))
		assert.Equal(t, want, download(t, d, py, n+1), "%d numbers", n)
		require.NoError(t, d.Free(px))
		require.NoError(t, d.Free(py))
	}
	require.NoError(t, m.Close())
	require.NoError(t, m.Close(), "twice")
}

func sharedMemory(t *testing.T, d gpu.Device) {
	m := load(t, d)
	for _, n := range []int{1 << 10, 14 << 10, 16 << 10, 1 << 10} { // 4, 56, 64 and again 4 KB
		if 4*n > d.Properties().SharedPerBlock {
			t.Logf("a block of %s has no %d bytes", d.Properties().Name, 4*n)
			continue
		}
		x, want := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], want[n-1-i] = float32(i), float32(i)
		}
		p := upload(t, d, x)
		require.NoError(t, d.Launch(&gpu.Launch{
			Kernel: kernel(t, m, "reverse", 4*n),
			Block:  gpu.Dim{X: 96},
			Shared: 4 * n,
			Args:   []uint64{uint64(p), gpu.Int(n)},
		}))
		assert.Equal(t, want, download(t, d, p, n), "%d numbers", n)
		require.NoError(t, d.Free(p))
	}
	require.NoError(t, m.Close())
}

func capture(t *testing.T, d gpu.Device) {
	m := load(t, d)
	k := kernel(t, m, "saxpy", 0)
	host, err := d.AllocHost(4)
	require.NoError(t, err)
	back, err := d.AllocHost(4)
	require.NoError(t, err)
	x, y := upload(t, d, []float32{0}), upload(t, d, []float32{100})

	// Launches are recorded as they are: what is changed later does not count.
	args := saxpy(k, y, x, 1, 2)
	graph, err := d.Capture(func() error {
		for _, err := range []error{d.Upload(x, host), d.Launch(args), d.Download(back, y)} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	args.Args[3] = gpu.Float(1000)
	assert.Equal(t, []float32{100}, download(t, d, y, 1), "nothing has run")

	sum := float32(100)
	for _, value := range []float32{1, 5, -2} {
		binary.LittleEndian.PutUint32(host, math.Float32bits(value))
		require.NoError(t, graph.Launch())
		require.NoError(t, d.Synchronize())
		sum += 2 * value
		assert.Equal(t, sum, math.Float32frombits(binary.LittleEndian.Uint32(back)))
	}
	require.NoError(t, graph.Launch())
	require.NoError(t, graph.Launch())
	assert.Equal(t, []float32{sum - 8}, download(t, d, y, 1), "launched twice")

	require.NoError(t, graph.Close())
	require.NoError(t, graph.Close(), "twice")
	assert.Error(t, graph.Launch(), "closed")
	require.NoError(t, m.Close())
	require.NoError(t, d.FreeHost(host))
	require.NoError(t, d.FreeHost(back))
	require.NoError(t, d.Free(x))
	require.NoError(t, d.Free(y))
}

func captureThatFails(t *testing.T, d gpu.Device) {
	m := load(t, d)
	k := kernel(t, m, "saxpy", 0)
	x, y := upload(t, d, []float32{1}), upload(t, d, []float32{1})
	failure := errors.New("on purpose")
	_, err := d.Capture(func() error {
		if err := d.Launch(saxpy(k, y, x, 1, 10)); err != nil {
			return err
		}
		return failure
	})
	assert.ErrorIs(t, err, failure)
	assert.Equal(t, []float32{1}, download(t, d, y, 1), "nothing has run")
	require.NoError(t, d.Launch(saxpy(k, y, x, 1, 1)))
	assert.Equal(t, []float32{2}, download(t, d, y, 1), "the device works on")
	require.NoError(t, m.Close())
	require.NoError(t, d.Free(x))
	require.NoError(t, d.Free(y))
}

func timing(t *testing.T, d gpu.Device) {
	m := load(t, d)
	k := kernel(t, m, "saxpy", 0)
	x, y := upload(t, d, []float32{1}), upload(t, d, []float32{1})
	took, err := d.Time(func() error {
		for range 5 {
			if err := d.Launch(saxpy(k, y, x, 1, 1)); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	assert.Positive(t, took)
	assert.Equal(t, []float32{6}, download(t, d, y, 1))
	failure := errors.New("on purpose")
	_, err = d.Time(func() error { return failure })
	assert.ErrorIs(t, err, failure)
	require.NoError(t, m.Close())
	require.NoError(t, d.Free(x))
	require.NoError(t, d.Free(y))
}
