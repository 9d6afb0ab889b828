package gpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/internal/spline"
	"painless/kernels/gpu"
)

// sizes are the atoms that kernels are measured with: one molecule, a batch,
// and on a GPU a large system.
func sizes() []int {
	if backend == "emulator" {
		return []int{16, 256}
	}
	return []int{16, 1024, 16384, 131072}
}

// work is a kernel, or a few of one operation, and what it does at least: a
// fused multiply-add counts as two operations, bytes are those of global memory
// that have to move.
type work struct {
	name         string
	flops, bytes float64
	launch       func() error
}

// timed is how many launches are timed as one, so that what starting and stopping
// the clock takes does not count. They are a graph, as a call's are, so that the
// device does not wait for the host.
const timed = 20

// together is timed launches as one, which ran once.
func (b *bench) together(w *work) gpu.Graph {
	require.NoError(b.t, w.launch())
	graph, err := b.dev.Capture(func() error {
		for range timed {
			if err := w.launch(); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(b.t, err)
	require.NoError(b.t, graph.Launch())
	return graph
}

// seconds is how long a launch takes.
func (b *bench) seconds(graph gpu.Graph) float64 {
	took, err := b.dev.Time(graph.Launch)
	require.NoError(b.t, err)
	return took.Seconds() / timed
}

// rates is what a device does in a second, at most.
type rates struct{ flops, bytes float64 }

// measure runs a launch often and reports what it achieves beside the floor: the
// time that its operations or its bytes take at the most.
func (b *bench) measure(t *testing.B, w *work, most rates) {
	if backend == "emulator" {
		b.predict(t, w)
		return
	}
	graph := b.together(w)
	defer func() { require.NoError(t, graph.Close()) }()
	spent, runs := 0.0, 0.0
	for t.Loop() {
		spent += b.seconds(graph)
		runs++
	}
	seconds, floor := spent/runs, max(w.flops/most.flops, w.bytes/most.bytes)
	t.ReportMetric(seconds*1e6, "device-µs")
	t.ReportMetric(floor*1e6, "floor-µs")
	t.ReportMetric(100*floor/seconds, "%-of-floor")
	t.ReportMetric(w.flops/seconds/1e9, "GFLOP/s")
	t.ReportMetric(w.bytes/seconds/1e9, "GB/s")
}

// ceilings are kernels that do nothing but copy, and nothing but multiply and add.
func ceilings(b *bench) (copies, multiplyAdds *work) {
	n, times := 1<<24, 1<<14 // 256 MB, more than a second-level cache holds
	if backend == "emulator" {
		n, times = 1<<12, 1<<4
	}
	ptx, err := os.ReadFile("ceilings.ptx")
	require.NoError(b.t, err)
	m, err := b.dev.Load("ceilings.ptx", string(ptx)) // closed with the device
	require.NoError(b.t, err)
	blocks := 8 * b.dev.Properties().Multiprocessors
	from, to := room[[4]float32](b, n), room[[4]float32](b, n)
	require.NoError(b.t, gpu.Zero(b.memory, from))
	launch := func(name string, args ...uint64) func() error {
		k, err := m.Kernel(name, 256, 0)
		require.NoError(b.t, err)
		l := &gpu.Launch{Kernel: k, Grid: gpu.Dim{X: blocks}, Block: gpu.Dim{X: 256}, Args: args}
		return func() error { return b.dev.Launch(l) }
	}
	return &work{"copy", 0, 32 * float64(n), launch("copy", gpu.Address(to), gpu.Address(from), gpu.Int(n))},
		&work{"multiply_add", 16 * float64(times) * float64(blocks) * 256, 0, launch("multiply_add", gpu.Address(to), gpu.Float(0.5), gpu.Int(times))}
}

// ceiling is what the device does at most, measured; an emulator is not timed.
func ceiling(t testing.TB) (most rates) {
	if backend == "emulator" {
		return rates{}
	}
	b := newBench(t, 128, testIntervals)
	defer b.close()
	copies, multiplyAdds := ceilings(b)
	copying, multiplying := b.together(copies), b.together(multiplyAdds) // closed with the device
	for range 3 {
		most.bytes = max(most.bytes, copies.bytes/b.seconds(copying))
		most.flops = max(most.flops, multiplyAdds.flops/b.seconds(multiplying))
	}
	return most
}

func BenchmarkCeilings(t *testing.B) {
	b, most := newBench(t, 128, testIntervals), ceiling(t)
	copies, multiplyAdds := ceilings(b)
	for _, w := range []*work{copies, multiplyAdds} {
		t.Run("backend="+backend+"/kernel="+w.name, func(t *testing.B) { b.measure(t, w, most) })
	}
}

// BenchmarkKernels is every kernel of the network on liquid water, 64 intervals
// of the table for the compact students and 128 for the original. Each size has a
// device of its own, and runs alone with -bench Kernels/./h=128/atoms=1024. Without tensor cores a GPU runs updates again, and the emulator
// predicts GPUs that would not use them.
func BenchmarkKernels(t *testing.B) {
	most := ceiling(t)
	for _, size := range []struct{ h, intervals int }{{32, 64}, {64, 64}, {128, 128}} {
		for _, atoms := range sizes() {
			for _, tensor := range []bool{true, false} {
				t.Run(fmt.Sprintf("backend=%s/h=%d/atoms=%d/tensor=%v", backend, size.h, atoms, tensor), func(t *testing.B) {
					dev := openCharged(t)
					if !tensor {
						dev = older{dev}
					}
					b := newBenchOn(t, dev, size.h, size.intervals)
					for _, w := range newWater(b, atoms, size.h, size.intervals).kernels() {
						if tensor || backend == "emulator" || strings.HasPrefix(w.name, "update_") || w.name == "turn" {
							t.Run("kernel="+w.name, func(t *testing.B) { b.measure(t, &w, most) })
						}
					}
				})
			}
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
	results, chunks     gpu.Array[[10]float64]
	first, before       gpu.Before // the first message, and others
}

func newWater(b *bench, n, h, intervals int) *water {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(h)))
	b.atoms = n
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
	hidden, out, last := newLayer(b, rng, 2*h, h, h), newLayer(b, rng, h, 3*h, h), newLayer(b, rng, h, h, h)
	mixing := [9]float32(floats(normal(rng, 9)))
	w.update = gpu.Update{Hidden: hidden.dense, Out: out.dense, Mixing: mixing}
	w.last = gpu.Update{Hidden: hidden.dense, Out: last.dense, Mixing: mixing}
	w.readout = gpu.Readout{newLayer(b, rng, h, h/2, h).dense, newLayer(b, rng, h/2, h/4, h).dense, newLayer(b, rng, h/4, 1, h).dense}
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
	w.results, w.chunks = room[[10]float64](b, 1), room[[10]float64](b, w.structures.Chunks())
	w.first, w.before = gpu.Before{Embedding: upload(b, random(101*h)), Numbers: w.search.Numbers}, gpu.Before{State: w.state}
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
	positions, numbers := make([][3]float64, n), make([]int32, n)
	for i := range positions {
		numbers[i] = [3]int32{8, 1, 1}[i%3]
		positions[i] = [3]float64{side * rng.Float64(), side * rng.Float64(), side * rng.Float64()}
	}
	count := max(1, int32(side/(testCutoff*1.00001)))
	l := gpu.Lattice{Width: testCutoff, Mask: 1}
	for k := range 3 {
		l.Vectors[k][k], l.Reciprocal[k][k] = side, 1/side
		l.Count[k], l.Periodic[k] = count, 1
		l.Reach[k] = int32(math.Ceil(testCutoff * float64(count) / side))
	}
	for l.Mask < count*count*count {
		l.Mask *= 2
	}
	l.Mask--
	return gpu.Structures{Positions: upload(b, positions), Numbers: upload(b, numbers), Structure: upload(b, make([]int32, n)),
		First: upload(b, []int32{0, int32(n)}), Largest: n, Lattices: upload(b, []gpu.Lattice{l}), Buckets: int(l.Mask) + 1}
}

func (w *water) neighbors() error {
	return w.k.Neighbors(w.memory, &w.edges, &w.search, &w.structures, testCutoff, w.intervals)
}

// kernels counts operations and bytes as docs/performance.md does.
func (w *water) kernels() []work {
	n, e, h := float64(w.n), float64(w.edgeCount), float64(w.h)
	state, records := 16*n*h, 32*e
	update, readout := 2*(2*h*h+3*h*h)*n, 2*(h*h/2+h*h/8)*n
	return []work{
		{"neighbors", 0, 24*n + records, w.neighbors},
		{"message_forward_first", 28 * h * e, state + records, func() error { return w.k.MessageForward(w.next, w.first, &w.edges, w.filters[0], nil) }},
		{"message_forward", 44 * h * e, 2*state + records, func() error { return w.k.MessageForward(w.next, w.before, &w.edges, w.filters[1], nil) }},
		{"message_backward_first", 87 * h * e, state + records + 96*n*h/8, func() error {
			return w.k.MessageBackward(w.gin, w.force, w.g, w.first, &w.edges, w.filters[0], nil, testCutoff, false)
		}},
		{"message_backward", 126 * h * e, 3*state + records + 96*n*h/8, func() error {
			return w.k.MessageBackward(w.gin, w.force, w.g, w.before, &w.edges, w.filters[1], nil, testCutoff, false)
		}},
		{"update_forward", update, 2*state + 12*n*h, func() error { return w.k.UpdateForward(w.next, w.pre, w.gates, w.state, &w.update, w.h) }},
		{"update_backward", update, 3*state + 12*n*h, func() error { return w.k.UpdateBackward(w.g, w.state, w.pre, w.gates, &w.update, w.h) }},
		{"turn", 2*2*3*h*h*n + 2*readout, 2 * state, func() error { return w.k.Turn(w.g, w.energy, w.state, &w.last, &w.readout, w.h) }},
		{"sum_groups", 0, 48*n*h/8 + 48*n, func() error { return w.k.SumGroups(w.forces, w.virials, w.force, w.search.Order, gpu.Groups(w.h)) }},
		{"reduce", 0, 40 * n, func() error { return w.k.Reduce(w.results, w.chunks, w.energy, w.virials, &w.structures) }},
	}
}
