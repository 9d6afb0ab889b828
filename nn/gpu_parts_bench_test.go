package nn

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu"
)

// busy is a GPU that does nothing, for as long as a real one would take: by the bytes of the results, which every piece of work ends with.
type busy struct {
	idle
	perByte float64   // ns
	free    time.Time // when all that was asked for will be done
	marks   [gpu.Marks]time.Time
	graph   *busyGraph // that records
}

func (d *busy) Download(dst []byte, _ gpu.Pointer) error {
	took := time.Duration(float64(len(dst)) * d.perByte)
	if d.graph != nil {
		d.graph.took += took
		return nil
	}
	d.work(took)
	return nil
}

// work is asked for behind all that was.
func (d *busy) work(took time.Duration) {
	if now := time.Now(); d.free.Before(now) {
		d.free = now
	}
	d.free = d.free.Add(took)
}

func (d *busy) Synchronize() error { return d.wait(d.free) }

func (d *busy) Mark(mark int) error {
	d.marks[mark] = d.free
	return nil
}

func (d *busy) Await(mark int) error { return d.wait(d.marks[mark]) }

// wait spins, as the driver does.
func (d *busy) wait(until time.Time) error {
	for time.Now().Before(until) {
		runtime.Gosched()
	}
	return nil
}

type busyGraph struct {
	device *busy
	took   time.Duration
}

func (d *busy) Capture(work func() error) (gpu.Graph, error) {
	d.graph = &busyGraph{device: d}
	defer func() { d.graph = nil }()
	return d.graph, work()
}

func (g *busyGraph) Launch() error {
	g.device.work(g.took)
	return nil
}

func (g *busyGraph) Close() error { return nil }

// BenchmarkGPUParts is a large batch, whole and in parts, on a GPU that takes as long for its kernels and copies as an H200 was measured to: what a call takes beyond that is
// the host's share that is still waited for.
func BenchmarkGPUParts(b *testing.B) {
	const molecules, kernels = 8192, 112.5 // ns an atom
	batch := atoms.NewBatch(slices.Repeat([]atoms.Structure{systems.Benzene()}, molecules)...)
	net := randomNetwork(Config{HiddenDim: 128, NumInteractions: 3, NumRBF: 20, Cutoff: 5, MaxZ: 100}, 1)
	took, results := kernels*float64(batch.NumAtoms()), float64(12*batch.NumAtoms()+80*molecules)
	for _, atomsOfPart := range []int{math.MaxInt, atomsOfPart} {
		for threads := 1; threads <= runtime.GOMAXPROCS(0); threads *= 2 {
			d := &busy{idle: *newIdle(), perByte: took / results}
			e := newGPUTestPotential(b, net, d, Options{Threads: threads}).(*gpuEngine)
			e.parts.atoms = atomsOfPart
			e.divide(batch)
			b.Run(fmt.Sprintf("atoms=%d/parts=%d/threads=%d", batch.NumAtoms(), len(e.parts.ends), threads), func(b *testing.B) {
				r := &Result{}
				for range 3 { // memory grows, and the work is recorded
					require.NoError(b, e.Compute(context.Background(), batch, r))
				}
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, e.Compute(context.Background(), batch, r))
				}
				b.ReportMetric((float64(b.Elapsed().Nanoseconds())/float64(b.N)-took)/1e3, "host-µs")
			})
		}
	}
}
