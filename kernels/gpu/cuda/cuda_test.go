//go:build cuda

package cuda

import (
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
	"painless/kernels/gpu/devicetest"
)

// open is GPU 0; without one the test is skipped.
func open(t testing.TB) gpu.Device {
	t.Helper()
	if _, err := Count(); err != nil {
		t.Skip(err)
	}
	d, err := Open(0)
	require.NoError(t, err)
	return d
}

func TestDevice(t *testing.T) {
	if _, err := Count(); err != nil {
		t.Skip(err)
	}
	devicetest.Run(t, func(t *testing.T) gpu.Device { return open(t) })
}

// Without a GPU, the tests that need one run on a driver that is as strict as
// its documentation: see testdata/libcuda.c.
func TestStrictDriver(t *testing.T) {
	if n, err := Count(); err == nil {
		t.Skipf("%d GPUs, of which other tests make use", n)
	}
	library := filepath.Join(t.TempDir(), "libcuda.so.1")
	source := filepath.Join("testdata", "libcuda.c")
	for _, file := range []string{source, filepath.Join("testdata", "kernels.h")} {
		require.FileExists(t, file) // so that go test knows what its results depend on
	}
	text, err := exec.Command("gcc", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Werror", "-O1", "-pthread", "-o", library, source).CombinedOutput()
	require.NoError(t, err, string(text))
	again := exec.Command(os.Args[0], "-test.v", "-test.run", "^(TestDevice|TestOpenIndex|TestLoadSaysWhy|TestKernelSaysWhy|TestCopyInGraph|TestAwait|TestLaunchAllocatesNothing|TestErrorsSayWhat|TestLost|TestOccupancy)$")
	again.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Dir(library), "GODEBUG=invalidptr=1", "GOGC=1")
	text, err = again.CombinedOutput()
	require.NoError(t, err, string(text))
	t.Logf("%s", text)
	assert.NotContains(t, string(text), "--- SKIP")
	assert.Contains(t, string(text), "--- PASS: TestDevice/devices_at_the_same_time")
}

// The program runs, so it needs no driver to: see driver.c.
func TestStartsWithoutDriver(t *testing.T) {
	path, err := os.Executable()
	require.NoError(t, err)
	program, err := elf.Open(path)
	require.NoError(t, err)
	defer program.Close()
	libraries, err := program.ImportedLibraries()
	require.NoError(t, err)
	require.NotEmpty(t, libraries)
	for _, library := range libraries {
		assert.NotContains(t, library, "libcuda", "driver.c lacks a function that package cu or driver.go uses")
	}
}

func TestOpenWithoutGPU(t *testing.T) {
	if n, err := Count(); err == nil {
		t.Skipf("%d GPUs", n)
	}
	for range 2 {
		d, err := Open(0)
		assert.Nil(t, d)
		require.Error(t, err)
		assert.Contains(t, err.Error(), "NVIDIA")
		assert.Contains(t, err.Error(), "use -device cpu")
	}
}

func TestOpenIndex(t *testing.T) {
	n, err := Count()
	if err != nil {
		t.Skip(err)
	}
	for _, index := range []int{-1, n} {
		_, err := Open(index)
		assert.ErrorContains(t, err, "there is no GPU")
	}
}

// The compiler's words are in the error of a module that it refuses.
func TestLoadSaysWhy(t *testing.T) {
	d := open(t)
	_, err := d.Load("k.ptx", ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry k()\n{\n\tfrobnicate.f32 ;\n\tret;\n}\n")
	assert.ErrorContains(t, err, "frobnicate")
	assert.NoError(t, d.Close())
}

// A kernel whose registers do not suffice for its blocks is refused before it is launched.
func TestKernelSaysWhy(t *testing.T) {
	d := open(t)
	m, err := d.Load("nothing.ptx", nothing)
	require.NoError(t, err)
	_, err = m.Kernel("nothing", 1025, 0)
	assert.ErrorContains(t, err, "module nothing.ptx: kernel nothing: 1025 threads in a block, expected at most ")
	assert.Regexp(t, "; a thread has [1-9][0-9]* registers$", err.Error())
	assert.NoError(t, d.Close())
}

func TestCopyInGraph(t *testing.T) {
	d := open(t)
	p, err := d.Alloc(4)
	require.NoError(t, err)
	_, err = d.Capture(func() error { return d.Upload(p, make([]byte, 4)) })
	assert.ErrorContains(t, err, "AllocHost")
	require.NoError(t, d.Free(p))
	assert.NoError(t, d.Close())
}

// Await leaves what is behind the mark to go on: on the strict driver it does not even begin. And the driver refuses to wait for what was not recorded.
func TestAwait(t *testing.T) {
	d := open(t)
	strict := d.Properties().Name == "a GPU that is none"
	p, err := d.Alloc(8)
	require.NoError(t, err)
	host, err := d.AllocHost(8)
	require.NoError(t, err)
	clear(host)
	require.NoError(t, d.Upload(p, []byte("abcdefgh")))
	require.NoError(t, d.Download(host[:4], p))
	require.NoError(t, d.Mark(0))
	require.NoError(t, d.Download(host[4:], p+4))
	if strict {
		assert.ErrorIs(t, d.(*device).call("cuEventSynchronize", d.(*device).marks[1].Synchronize), result(400))
	}
	require.NoError(t, d.Mark(1))
	require.NoError(t, d.Await(0))
	assert.Equal(t, "abcd", string(host[:4]))
	if strict {
		assert.Equal(t, make([]byte, 4), host[4:])
	}
	require.NoError(t, d.Await(1))
	assert.Equal(t, "abcdefgh", string(host))
	require.NoError(t, d.FreeHost(host))
	require.NoError(t, d.Free(p))
	assert.NoError(t, d.Close())
}

const nothing = ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry nothing(.param .u32 n)\n{\n\tret;\n}\n"

// launcher is a function that launches a kernel that does nothing.
func launcher(t testing.TB, d gpu.Device) func() error {
	m, err := d.Load("nothing.ptx", nothing)
	require.NoError(t, err)
	k, err := m.Kernel("nothing", 32, 0)
	require.NoError(t, err)
	l := &gpu.Launch{Kernel: k, Block: gpu.Dim{X: 32}, Args: []uint64{gpu.Int(1)}}
	return func() error { return d.Launch(l) }
}

func TestLaunchAllocatesNothing(t *testing.T) {
	d := open(t)
	launch := launcher(t, d)
	var failed error
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if err := errors.Join(launch(), d.Mark(0), d.Await(0)); err != nil {
			failed = err
		}
	}))
	assert.NoError(t, failed)
	assert.NoError(t, d.Close())
}

// How long a launch keeps its caller, and how long one and its end take.
func BenchmarkLaunch(b *testing.B) {
	for _, wait := range []bool{false, true} {
		b.Run(map[bool]string{false: "asked", true: "done"}[wait], func(b *testing.B) {
			d := open(b)
			launch := launcher(b, d)
			for b.Loop() {
				require.NoError(b, launch())
				if wait {
					require.NoError(b, d.Synchronize())
				}
			}
			require.NoError(b, d.Close())
		})
	}
}

func TestPack(t *testing.T) {
	args := []uint64{gpu.Int(-1), gpu.Float(1.5), 0xfedcba9876543210}
	pointers := pack(nil, args)
	require.Len(t, pointers, 3)
	assert.Equal(t, int32(-1), *(*int32)(pointers[0]))
	assert.Equal(t, float32(1.5), *(*float32)(pointers[1]))
	assert.Equal(t, uint64(0xfedcba9876543210), *(*uint64)(pointers[2]))

	again := pack(pointers, args[:1])
	require.Len(t, again, 1)
	assert.Equal(t, unsafe.SliceData(pointers), unsafe.SliceData(again), "the memory is used again")
}

func TestErrorsSayWhat(t *testing.T) {
	if err := openDriver(); err == nil || errors.As(err, new(result)) { // there is a libcuda, which has words
		assert.EqualError(t, named("cuMemAlloc", result(2)), "cuMemAlloc: out of memory (CUDA_ERROR_OUT_OF_MEMORY)")
	}
	assert.EqualError(t, named("cuMemAlloc", result(12345)), "cuMemAlloc: CUDA error 12345")
	assert.NoError(t, named("cuMemAlloc", nil))
	assert.ErrorIs(t, named("cuMemAlloc", errClosed), errClosed)
}
