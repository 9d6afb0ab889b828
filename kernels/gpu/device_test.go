package gpu_test

import (
	"testing"

	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// openDevice is what the kernels are tested on.
func openDevice(t *testing.T) gpu.Device {
	t.Helper()
	return emulator.New(emulator.Options{})
}
