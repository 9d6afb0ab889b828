package nn

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// idle is a GPU that does nothing, at once: what a call takes on it is the host's share.
type idle struct {
	gpu.Device
	next gpu.Pointer
}

func (d *idle) Alloc(int) (gpu.Pointer, error) {
	d.next += 1 << 40
	return d.next, nil
}

func (d *idle) Free(gpu.Pointer) error             { return nil }
func (d *idle) Upload(gpu.Pointer, []byte) error   { return nil }
func (d *idle) Download([]byte, gpu.Pointer) error { return nil }
func (d *idle) Zero(gpu.Pointer, int) error        { return nil }
func (d *idle) Launch(*gpu.Launch) error           { return nil }

// In the steady state a call allocates nothing, however large the batch, and on any number of threads.
func TestGPUAllocatesNothing(t *testing.T) {
	many := systems.WaterDrop(16, 16, 16) // more than a unit of atoms
	for name, b := range map[string]*atoms.Batch{"few": atoms.NewBatch(systems.Benzene()), "isolated": atoms.NewBatch(systems.Benzene(), many), "water": atoms.NewBatch(systems.WaterBox(4, 4, 4))} {
		p, r := newGPUTestPotential(t, randomNetwork(gpuConfig, 20), &idle{Device: emulator.New(emulator.Options{})}, Options{Threads: 2}), &Result{}
		compute := func() { require.NoError(t, p.Compute(context.Background(), b, r)) }
		for range 3 { // memory grows, and the work is recorded
			compute()
		}
		assert.Zero(t, testing.AllocsPerRun(5, compute), name)
	}
}

// BenchmarkGPUHost is the host's share of a call: what it stages, and what it makes of the results.
func BenchmarkGPUHost(b *testing.B) {
	var molecules []atoms.Structure
	for range 4096 {
		molecules = append(molecules, systems.Cluster(16, 1))
	}
	net := randomNetwork(Config{HiddenDim: 128, NumInteractions: 3, NumRBF: 20, Cutoff: 5, MaxZ: 100}, 1)
	for _, system := range []struct {
		name string
		*atoms.Batch
	}{{"benzene", atoms.NewBatch(systems.Benzene())}, {"molecules", atoms.NewBatch(molecules...)}, {"water-box", atoms.NewBatch(systems.WaterBox(34, 33, 30))}} {
		for threads := 1; threads <= runtime.GOMAXPROCS(0); threads *= 2 {
			b.Run(fmt.Sprintf("structure=%s/atoms=%d/threads=%d", system.name, system.NumAtoms(), threads), func(b *testing.B) {
				p := newGPUTestPotential(b, net, &idle{Device: emulator.New(emulator.Options{})}, Options{Threads: threads})
				r := &Result{}
				for range 3 { // memory grows, and the work is recorded
					require.NoError(b, p.Compute(context.Background(), system.Batch, r))
				}
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, p.Compute(context.Background(), system.Batch, r))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(system.NumAtoms()), "ns/atom")
			})
		}
	}
}
