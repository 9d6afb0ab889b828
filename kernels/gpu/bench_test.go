package gpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"painless/internal/spline"
	"painless/kernels/gpu"
)

// sizes are the atoms that kernels are measured with: one molecule, a batch,
// and on a GPU a large system.
func sizes() []int {
	if backend == "emulator" {
		return []int{256}
	}
	return []int{16, 1024, 16384, 131072}
}

// together is how many launches are timed as one, so that what starting and
// stopping the clock takes does not count. The emulator's clock is the host's.
func together() int {
	if backend == "emulator" {
		return 1
	}
	return 10
}

// measure runs a launch often and reports what it achieved; flops counts a
// fused multiply-add as two, bytes are those of global memory that it has to move.
func (b *bench) measure(t *testing.B, flops, bytes float64, launch func() error) {
	t.Helper()
	before, _ := counted(b.dev)
	require.NoError(t, launch())
	require.NoError(t, b.dev.Synchronize())
	after, ok := counted(b.dev)
	launches := func() error {
		for range together() {
			if err := launch(); err != nil {
				return err
			}
		}
		return nil
	}
	var spent time.Duration
	runs := 0
	for t.Loop() {
		d, err := b.dev.Time(launches)
		require.NoError(t, err)
		spent += d
		runs += together()
	}
	seconds := spent.Seconds() / float64(runs)
	if ok {
		t.ReportMetric(after.instructions-before.instructions, "instructions")
		t.ReportMetric(after.flops-before.flops, "flop")
		t.ReportMetric(flops, "flop-floor")
		t.ReportMetric(after.global-before.global, "B-global")
		t.ReportMetric(bytes, "B-floor")
		t.ReportMetric(after.shared-before.shared, "B-shared")
	}
	t.ReportMetric(seconds*1e6, "device-µs")
	t.ReportMetric(flops/seconds/1e9, "GFLOP/s")
	t.ReportMetric(bytes/seconds/1e9, "GB/s")
}

// BenchmarkCeilings is what the device can do at most.
func BenchmarkCeilings(t *testing.B) {
	n, times := 1<<26, 1<<14
	if backend == "emulator" {
		n, times = 1<<12, 1<<4
	}
	b := newBench(t, 128, testIntervals)
	ptx, err := os.ReadFile("ceilings.ptx")
	require.NoError(t, err)
	m, err := b.dev.Load("ceilings.ptx", string(ptx))
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Close()) }()
	blocks := 8 * b.dev.Properties().Multiprocessors
	from, to := upload(b, make([][4]float32, n)), room[[4]float32](b, n)
	run := func(name string, args ...uint64) func() error {
		k, err := m.Kernel(name, 256, 0)
		require.NoError(t, err)
		l := &gpu.Launch{Kernel: k, Grid: gpu.Dim{X: blocks}, Block: gpu.Dim{X: 256}, Args: args}
		return func() error { return b.dev.Launch(l) }
	}
	t.Run("backend="+backend+"/kernel=copy", func(t *testing.B) {
		b.measure(t, 0, 32*float64(n), run("copy", gpu.Address(to), gpu.Address(from), gpu.Int(n)))
	})
	t.Run("backend="+backend+"/kernel=multiply_add", func(t *testing.B) {
		b.measure(t, 16*float64(times)*float64(blocks)*256, 0, run("multiply_add", gpu.Address(to), gpu.Float(0.5), gpu.Int(times)))
	})
}

// BenchmarkKernels is every kernel of the network on liquid water, 64
// intervals of the table for the compact students and 128 for the original.
// What a size needs is made for it alone, and given back before the next.
func BenchmarkKernels(t *testing.B) {
	for _, student := range []struct{ h, intervals int }{{32, 64}, {64, 64}, {128, 128}} {
		for _, atoms := range sizes() {
			t.Run(fmt.Sprintf("backend=%s/h=%d/atoms=%d", backend, student.h, atoms), func(t *testing.B) {
				b := newBench(t, student.h, student.intervals)
				for _, k := range newWater(b, atoms, student.h, student.intervals).kernels() {
					t.Run("kernel="+k.name, func(t *testing.B) { b.measure(t, k.flops, k.bytes, k.launch) })
				}
			})
		}
	}
}

// water is a box of atoms as dense as water and the network's buffers for it.
type water struct {
	*bench
	n, h, edgeCount int
	structures      gpu.Structures
	search          gpu.Search
	edges           gpu.Edges
	filters         [2]*gpu.Filter // of the first block, and of others
	update, last    gpu.Update
	readout         gpu.Readout
	intervals       int

	state, next, g, gin gpu.State
	pre, gates, energy  gpu.Array[float32]
	force               gpu.Array[float32]
	forces              gpu.Array[[3]float32]
	virials             gpu.Array[[9]float32]
	results             gpu.Array[[10]float64]
	embedding           gpu.Array[float32]
}

func newWater(b *bench, n, h, intervals int) *water {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(h)))
	w := &water{bench: b, n: n, h: h, intervals: intervals}
	side := math.Cbrt(float64(n) * 10) // 0.1 atoms in an Å³
	w.structures = oneBox(b, rng, n, side)
	w.edges.Status = room[int64](b, 2)
	require.NoError(b.t, w.search.Resize(b.memory, n, w.structures.Buckets))
	require.NoError(b.t, w.edges.Resize(b.memory, n, 100*n))
	require.NoError(b.t, w.neighbors())
	w.edgeCount = int(download(b, w.edges.Status)[0])
	for i, parts := range []int{2, 3} {
		row := (intervals + 1) * parts * h
		f, err := gpu.NewTable(b.memory, spline.Quintic(normal(rng, row), normal(rng, row), normal(rng, row), parts*h), intervals, parts, h)
		require.NoError(b.t, err)
		w.filters[i] = f
	}
	hidden, out, last := newLayer(b, rng, 2*h, h), newLayer(b, rng, h, 3*h), newLayer(b, rng, h, h)
	mixing := upload(b, floats(normal(rng, 9)))
	w.update = gpu.Update{Hidden: hidden.dense, Out: out.dense, Mixing: mixing}
	w.last = gpu.Update{Hidden: hidden.dense, Out: last.dense, Mixing: mixing}
	w.readout = gpu.Readout{newLayer(b, rng, h, h/2).dense, newLayer(b, rng, h/2, h/4).dense, newLayer(b, rng, h/4, 1).dense}
	random := func(count int) []float32 { return repeated(floats(normal(rng, min(count, 1<<14))), count) }
	states := func() gpu.State {
		s := make([][4]float32, min(n*h, 1<<12))
		for i := range s {
			s[i] = [4]float32(floats(normal(rng, 4)))
		}
		return upload(b, repeated(s, n*h))
	}
	w.state, w.next, w.g, w.gin = states(), states(), states(), states()
	w.pre, w.gates, w.energy = upload(b, random(n*h)), upload(b, random(n*2*h)), upload(b, random(n))
	w.force = upload(b, make([]float32, gpu.Groups(h)*n*12))
	w.forces, w.virials = room[[3]float32](b, n), upload(b, make([][9]float32, n))
	w.results, w.embedding = room[[10]float64](b, 1), upload(b, random(101*h))
	return w
}

// repeated is n elements, those of x again and again: random numbers take longer
// than all kernels, and no kernel is faster for seeing some twice.
func repeated[T any](x []T, n int) []T {
	out := make([]T, n)
	for done := copy(out, x); done < n; done *= 2 {
		copy(out[done:], out[:done])
	}
	return out
}

// oneBox is n atoms at random in a periodic cube of that side, and its boxes.
func oneBox(b *bench, rng *rand.Rand, n int, side float64) gpu.Structures {
	positions := make([][3]float64, n)
	for i := range positions {
		positions[i] = [3]float64{side * rng.Float64(), side * rng.Float64(), side * rng.Float64()}
	}
	count := max(1, int32(side/(testCutoff*1.00001)))
	l := gpu.Lattice{Width: testCutoff, Last: int32(n), Mask: 1}
	for k := range 3 {
		l.Vectors[k][k], l.Reciprocal[k][k] = side, 1/side
		l.Count[k], l.Periodic[k] = count, 1
		l.Reach[k] = int32(math.Ceil(testCutoff * float64(count) / side))
	}
	for l.Mask < count*count*count {
		l.Mask *= 2
	}
	l.Mask--
	return gpu.Structures{Positions: upload(b, positions), Numbers: upload(b, make([]int32, n)), Structure: upload(b, make([]int32, n)),
		First: upload(b, []int32{0, int32(n)}), Lattices: upload(b, []gpu.Lattice{l}), Buckets: int(l.Mask) + 1}
}

func (w *water) neighbors() error {
	return w.k.Neighbors(w.memory, &w.edges, &w.search, &w.structures, testCutoff, w.intervals)
}

// work is a kernel, or a few of one operation, and what it does at least.
type work struct {
	name         string
	flops, bytes float64
	launch       func() error
}

// kernels counts operations and bytes as docs/performance.md does.
func (w *water) kernels() []work {
	n, e, h := float64(w.n), float64(w.edgeCount), float64(w.h)
	state, records := 16*n*h, 32*e
	update, readout := 2*(2*h*h+3*h*h)*n, 2*(h*h/2+h*h/8)*n
	return []work{
		{"neighbors", 0, 24*n + records, w.neighbors},
		{"embed", 0, state, func() error { return w.k.Embed(w.next, w.embedding, w.search.Numbers, w.h) }},
		{"message_forward_first", 28 * h * e, 2*state + records, func() error { return w.k.MessageForward(w.next, w.state, &w.edges, w.filters[0], nil) }},
		{"message_forward", 44 * h * e, 2*state + records, func() error { return w.k.MessageForward(w.next, w.state, &w.edges, w.filters[1], nil) }},
		{"message_backward_first", 87 * h * e, 2*state + records + 96*n*h/8, func() error {
			return w.k.MessageBackward(w.gin, w.force, w.g, w.state, &w.edges, w.filters[0], nil, testCutoff, false)
		}},
		{"message_backward", 126 * h * e, 3*state + records + 96*n*h/8, func() error {
			return w.k.MessageBackward(w.gin, w.force, w.g, w.state, &w.edges, w.filters[1], nil, testCutoff, false)
		}},
		{"update_forward", update, 2*state + 12*n*h, func() error { return w.k.UpdateForward(w.next, w.pre, w.gates, w.state, &w.update, w.h) }},
		{"update_backward", update, 3*state + 12*n*h, func() error { return w.k.UpdateBackward(w.g, w.state, w.pre, w.gates, &w.update, w.h) }},
		{"turn", 2*2*3*h*h*n + 2*readout, 2 * state, func() error { return w.k.Turn(w.g, w.energy, w.state, &w.last, &w.readout, w.h) }},
		{"sum_groups", 0, 48*n*h/8 + 48*n, func() error { return w.k.SumGroups(w.forces, w.virials, w.force, w.search.Order, gpu.Groups(w.h)) }},
		{"reduce", 0, 40 * n, func() error { return w.k.Reduce(w.results, w.energy, w.virials, &w.structures) }},
	}
}
