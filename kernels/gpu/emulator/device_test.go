package emulator

import (
	"testing"

	"painless/kernels/gpu"
	"painless/kernels/gpu/devicetest"
)

// The emulator does what the interface says, as GPUs do.
func TestDevice(t *testing.T) {
	devicetest.Run(t, func(*testing.T) gpu.Device { return New(Options{}) })
}
