//go:build cuda

package gpu_test

import (
	"testing"

	"painless/kernels/gpu"
	"painless/kernels/gpu/cuda"
)

// backend is what the kernels are tested and measured on.
const backend = "cuda"

func openDevice(t testing.TB) gpu.Device {
	t.Helper()
	d, err := cuda.Open(0)
	if err != nil {
		t.Skip(err)
	}
	return d
}

// count is what a launch did.
type count struct{ instructions, flops, global, shared float64 }

// counted is what the emulator counts and a GPU does not.
func counted(gpu.Device) (count, bool) { return count{}, false }
