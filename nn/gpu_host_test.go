package nn

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
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
	host map[gpu.Pointer][]byte
}

func newIdle() *idle {
	return &idle{Device: emulator.New(emulator.Options{}), host: map[gpu.Pointer][]byte{}}
}

func (d *idle) Alloc(int) (gpu.Pointer, error) {
	d.next += 1 << 40
	return d.next, nil
}

func (d *idle) Free(gpu.Pointer) error             { return nil }
func (d *idle) Upload(gpu.Pointer, []byte) error   { return nil }
func (d *idle) Download([]byte, gpu.Pointer) error { return nil }
func (d *idle) Zero(gpu.Pointer, int) error        { return nil }

func (d *idle) Mapped(b []byte) (gpu.Pointer, error) {
	p, err := d.Device.Mapped(b)
	d.host[p] = b
	return p, err
}

// Launch answers with zeros where the host waits for letters: see once.cu.
func (d *idle) Launch(l *gpu.Launch) error {
	if l.Together {
		for b := d.host[gpu.Pointer(l.Args[0])]; len(b) >= 8; b = b[8:] {
			binary.LittleEndian.PutUint64(b, l.Args[1]<<32)
		}
	}
	return nil
}

// In the steady state a call allocates nothing, however large the batch, and on any number of threads.
func TestGPUAllocatesNothing(t *testing.T) {
	many := systems.WaterDrop(16, 16, 16) // more than a unit of atoms
	parts := []atoms.Structure{many, systems.Benzene(), many, many, many, many, systems.WaterBox(4, 4, 4), many, many}
	for name, b := range map[string]*atoms.Batch{"few": atoms.NewBatch(systems.Benzene()), "isolated": atoms.NewBatch(systems.Benzene(), many), "water": atoms.NewBatch(systems.WaterBox(4, 4, 4)),
		"parts": atoms.NewBatch(parts...)} {
		p, r := newGPUTestPotential(t, randomNetwork(gpuConfig, 20), newIdle(), Options{Threads: 2}).(*gpuEngine), &Result{}
		p.parts.atoms = len(many.Numbers)
		compute := func() { require.NoError(t, p.Compute(context.Background(), b, r)) }
		for range 3 { // memory grows, and the work is recorded
			compute()
		}
		assert.Zero(t, testing.AllocsPerRun(5, compute), name)
		assert.Len(t, p.parts.ends, map[bool]int{true: 5, false: 1}[name == "parts"], name)
	}
}

// A batch is laid out alike, and its results are taken alike, by one thread and by several: boxes and isolated structures, some of no atoms,
// more atoms than a unit has. Of several structures that something is wrong with the first is named.
func TestGPUHostThreads(t *testing.T) {
	box := systems.WaterBox(3, 3, 3)
	structures := []atoms.Structure{{}, systems.WaterDrop(16, 16, 16), {}, box, systems.Benzene(), {}}
	for range structuresOfUnit {
		structures = append(structures, systems.WaterDrop(1, 1, 1))
	}
	flat := box
	flat.Cell[2] = flat.Cell[1]
	wrong := append(append([]atoms.Structure{}, structures...), flat, box, flat)
	rng := rand.New(rand.NewPCG(20, 20))
	b := atoms.NewBatch(structures...)
	forces, results := make([][3]float32, b.NumAtoms()), make([][10]float64, b.Len())
	for i := range forces {
		forces[i] = [3]float32{rng.Float32(), rng.Float32(), rng.Float32()}
	}
	for k := range results {
		results[k] = [10]float64{rng.Float64(), rng.Float64(), rng.Float64()}
	}
	var staged [][]byte
	var taken []*Result
	for _, threads := range []int{1, 3} {
		e := newGPUTestPotential(t, randomNetwork(gpuConfig, 20), newIdle(), Options{Threads: threads}).(*gpuEngine)
		r := &Result{}
		require.NoError(t, e.stage(b))
		staged = append(staged, slices.Clone(e.in.host[:e.in.size]))
		assert.Positive(t, e.input.Buckets)
		require.NoError(t, e.resizeResults(b.NumAtoms(), b.Len()))
		copy(e.host.forces, forces)
		copy(e.host.results, results)
		require.NoError(t, e.collect(b, r))
		taken = append(taken, r)

		e.host.forces[b.Start[4]][1] = float32(math.Inf(1)) // benzene's
		e.host.results[b.Len()-1][0] = math.NaN()
		var which *atoms.StructureError
		require.ErrorAs(t, e.collect(b, &Result{}), &which)
		assert.Equal(t, 4, which.Index)
		require.ErrorAs(t, e.stage(atoms.NewBatch(wrong...)), &which)
		assert.Equal(t, len(structures), which.Index)
		assert.ErrorContains(t, which, "singular cell")
	}
	assert.Equal(t, staged[0], staged[1])
	assert.Equal(t, taken[0], taken[1])
	for i, f := range forces {
		assert.Equal(t, [3]float64{float64(f[0]), float64(f[1]), float64(f[2])}, taken[0].Forces[i])
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
				p := newGPUTestPotential(b, net, newIdle(), Options{Threads: threads})
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
