//go:build !cuda

package nn

import (
	"testing"

	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

const emulated = true

// openGPU is what the GPU's engine is tested on.
func openGPU(testing.TB) gpu.Device { return emulator.New(emulator.Options{}) }
