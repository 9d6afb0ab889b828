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

// count is what a launch did.
type count struct{ instructions, flops, global, shared float64 }

// counted is what a device's kernels did so far, summed up; ok is false where
// nothing counts.
func counted(dev gpu.Device) (sum count, ok bool) {
	for _, c := range dev.(*emulator.Device).Counts() {
		sum.instructions += float64(c.Instructions)
		sum.flops += float64(c.Flops)
		sum.global += float64(c.GlobalRead + c.GlobalWritten)
		sum.shared += float64(c.Shared)
	}
	return sum, true
}
