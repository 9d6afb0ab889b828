//go:build cuda

package nn

import (
	"testing"

	"painless/kernels/gpu"
	"painless/kernels/gpu/cuda"
)

const emulated = false

// openGPU is what the GPU's engine is tested on.
func openGPU(t testing.TB) gpu.Device {
	t.Helper()
	d, err := cuda.Open(0)
	if err != nil {
		t.Skip(err)
	}
	return d
}
