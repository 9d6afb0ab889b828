//go:build !cuda

package gpu_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
	"painless/kernels/gpu/emulator/roofline"
)

// backend is what the kernels are tested and measured on.
const backend = "emulator"

func openDevice(testing.TB) gpu.Device { return emulator.New(emulator.Options{}) }

// openCharged is a device that can say what its launches cost.
func openCharged(testing.TB) gpu.Device { return emulator.New(emulator.Options{Charged: true}) }

// predict reports what the emulator counted of one launch, and what each GPU would
// take for it: µs as it is, and ns an atom among so many that the GPU is full.
func (b *bench) predict(t *testing.B, w *work) {
	dev, ok := b.dev.(*emulator.Device)
	if !ok {
		dev = b.dev.(older).Device.(*emulator.Device)
	}
	before := dev.Total()
	dev.TakeCharges()
	for t.Loop() {
		require.NoError(t, w.launch())
	}
	after, charges := dev.Total(), dev.TakeCharges()
	n := float64(t.N)
	report := func(unit string, x float64) { t.ReportMetric(x, unit) }
	report("instructions", float64(after.Instructions-before.Instructions)/n)
	report("flop", float64(after.Flops-before.Flops)/n)
	report("flop-floor", w.flops)
	report("B-global", float64(after.GlobalRead+after.GlobalWritten-before.GlobalRead-before.GlobalWritten)/n)
	report("B-floor", w.bytes)
	report("B-shared", float64(after.Shared-before.Shared)/n)

	var sum emulator.Charges
	for i := range charges {
		sum.Add(&charges[i])
	}
	slots := uint64(0)
	for _, s := range sum.Slots {
		slots += s
	}
	report("slots", float64(slots)/n)
	report("wavefronts/least", sum.Shared.Conflicts())
	report("sectors/least", float64(sum.Sectors)/float64(max(1, sum.LeastSectors)))
	report("B-beyond-L1", 32*float64(sum.Missed)/n)
	report("B-footprint", float64(sum.Footprint)/n)
	for _, g := range roofline.GPUs {
		if ok == (g.Capability == 89) { // which does not use tensor cores
			continue
		}
		name := strings.ReplaceAll(g.Name, " ", "")
		launch, err := g.Call(charges, g.Predict)
		require.NoError(t, err)
		report(name+"-µs-"+launch.Bound, launch.Seconds*1e6/n)
		full, err := g.Call(charges, g.Saturated)
		require.NoError(t, err)
		report(name+"-ns/atom-"+full.Bound, full.Seconds*1e9/n/float64(max(1, b.atoms)))
	}
}
