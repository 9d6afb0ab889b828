//go:build !cuda

package gpu_test

import (
	"testing"

	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// backend is what the kernels are tested and measured on.
const backend = "emulator"

func openDevice(testing.TB) gpu.Device { return emulator.New(emulator.Options{}) }
