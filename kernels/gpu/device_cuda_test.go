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

// openCharged is a device as any other: no GPU says what its launches cost.
func openCharged(t testing.TB) gpu.Device { return openDevice(t) }

// predict is the emulator's.
func (b *bench) predict(*testing.B, *work) {}
