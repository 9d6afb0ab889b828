package nn

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/data"
	"painless/internal/systems"
	"painless/internal/tolerance"
	"painless/internal/vec"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// gpuConfig is the smallest network that has every part and that the GPU takes.
var gpuConfig = Config{HiddenDim: 16, NumInteractions: 3, NumRBF: 8, Cutoff: 5, MaxZ: 20}

// newGPUTestPotential is closed at the end of the test, when nothing of the
// device's memory must be left.
func newGPUTestPotential(t testing.TB, net *Network, dev gpu.Device, opts Options) Potential {
	t.Helper()
	p, err := NewGPUPotential(net, dev, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

// The GPU is as near to PyTorch as the CPU is, to the same tolerances.
func TestGPUGolden(t *testing.T) {
	for _, set := range goldenSets {
		for _, student := range students {
			for filters, name := range map[Filters]string{Table: "tables", Exact: "filter networks"} {
				t.Run(set.name+"/"+student.name+"/"+name, func(t *testing.T) {
					if _, err := os.Stat(set.golden); errors.Is(err, os.ErrNotExist) && set.name == "development" {
						t.Skip("no development data beside the project; its own testdata is tested")
					}
					if testing.Short() && (set.name == "development" || student.name == "original") {
						t.Skip("-short: the compact students of the project's own set are tested")
					}
					every := 1
					switch { // the emulator takes its time
					case filters == Exact && student.name == "original":
						every = 9
					case emulated && os.Getenv("PAINLESS_LONG") == "": // make test-variants does all
						every = 4
					}
					p := newGPUTestPotential(t, loadNetwork(t, filepath.Join(set.models, student.name+".pt")), openGPU(t), Options{Filters: filters})
					checkGPUGolden(t, p, readFrames(t, filepath.Join(set.golden, student.name+".extxyz")), every)
				})
			}
		}
	}
}

func checkGPUGolden(t *testing.T, p Potential, frames []*data.Frame, every int) {
	var structures []atoms.Structure
	var want []*Result
	for i := every - 1; i < len(frames); i += every {
		structures, want = append(structures, frames[i].Structure), append(want, reference(t, frames[i]))
	}
	b := atoms.NewBatch(structures...)
	var got Result
	require.NoError(t, p.Compute(context.Background(), b, &got))
	var errs errorsOf
	for k := range structures {
		one := &Result{Energy: got.Energy[k : k+1], Forces: got.Forces[b.Start[k]:b.Start[k+1]]}
		checkAccuracy(t, one, want[k], 0)
		errs.add(one, want[k])
		if want[k].Stress != nil {
			tolerance.Check(t, "stress", got.Stress[k][:], want[k].Stress[0][:], 1e-5, 1e-5)
		}
		if k < 4 && len(structures[k].Numbers) <= gpu.FewAtoms {
			alone := compute(t, p, structures[k])
			assert.Equal(t, one.Energy, alone.Energy, "the launches for few atoms give the same bits")
			assert.Equal(t, one.Forces, alone.Forces)
		}
	}
	t.Logf("forces on the GPU, error over max(1, max|F|): %v", errs)
}

// Against the CPU in float64: isolated, slabs, wires, crystals, skewed and
// small cells, atoms outside the cell, single atoms with their own images.
func TestGPUPeriodic(t *testing.T) {
	net := randomNetwork(gpuConfig, 11)
	p := newGPUTestPotential(t, net, openGPU(t), Options{})
	double := newTestPotential(t, net, Options{Precision: Float64, Filters: Exact})
	rng := rand.New(rand.NewPCG(11, 11))
	for k := range 16 {
		pbc := [3]bool{k&1 != 0, k&2 != 0, k&4 != 0}
		n, size := 8, 6.0
		if k >= 8 {
			n, size = 1+k%3, 3
		}
		s := distorted(t, rng, n, size, 0.3, pbc)
		got, want := compute(t, p, s), compute(t, double, s)
		checkAccuracy(t, got, want, 0)
		for a := range 3 {
			tolerance.Check(t, "virial", got.Virial[0][a][:], want.Virial[0][a][:], 2e-5, 1e-5)
		}
	}
}

// The edges are those of the CPU's list in float32: the same decisions at the
// cutoff, the same neighbours, in structures of every kind and size.
func TestGPUEdges(t *testing.T) {
	net := randomNetwork(gpuConfig, 12)
	p := newGPUTestPotential(t, net, openGPU(t), Options{}).(*gpuEngine)
	p.apart = true // in one launch they stay in shared memory
	rng := rand.New(rand.NewPCG(12, 12))
	for k := range 32 {
		n, size := 1+rng.IntN(60), 4+12*rng.Float64()
		if k%8 == 0 { // isolated and large, so that it is not all pairs that are looked at
			n, size = gpuAllPairs+rng.IntN(40), 25
		}
		s := systems.Random(rng, n, size, 0.4, [3]bool{k&1 != 0, k&2 != 0, k&4 != 0}, true)
		if k%5 == 0 { // far apart: boxes of a hash table
			for i := range s.Positions {
				for c := range 3 {
					s.Positions[i][c] *= 1000
				}
			}
			s.PBC = isolated
		}
		b := atoms.NewBatch(s)
		require.NoError(t, p.Compute(context.Background(), b, &Result{}))
		var list atoms.NeighborList[float32]
		require.NoError(t, list.Build(b, net.Cutoff))
		type edge struct {
			from int32
			d    uint32 // bits
		}
		want := make([][]edge, b.NumAtoms())
		for q, d := range list.D {
			i, j := list.I[q], list.J[q]
			want[i] = append(want[i], edge{j, math.Float32bits(d)})
			want[j] = append(want[j], edge{i, math.Float32bits(d)})
		}
		spans, order := downloadAll(t, p, p.edges.Spans), downloadAll(t, p, p.search.Order)
		if p.input.Buckets == 0 {
			assert.Empty(t, order)
			for i := range int32(len(want)) {
				order = append(order, i)
			}
		}
		require.NoError(t, gpu.Resize(p.memory, &p.edges.A, "edges", int(p.host.status[0])))
		edges := downloadAll(t, p, p.edges.A)
		seen := make([]bool, len(edges))
		for i, span := range spans {
			var got []edge
			for e := span[0]; e < span[1]; e++ {
				assert.False(t, seen[e], "two atoms have edge %d", e)
				seen[e] = true
				got = append(got, edge{order[edges[e][0]], uint32(edges[e][3])})
			}
			assert.ElementsMatch(t, want[order[i]], got, "structure %d, atom %d", k, order[i])
		}
	}
}

// A structure gives the same bits alone, anywhere in a batch, and again.
func TestGPUBatchEqualsItsMembers(t *testing.T) {
	p := newGPUTestPotential(t, randomNetwork(gpuConfig, 13), openGPU(t), Options{})
	rng := rand.New(rand.NewPCG(13, 13))
	largest := 40
	if testing.Short() { // as the race detector makes the emulator slow
		largest = 5
	}
	var members []atoms.Structure
	for k := range 8 {
		members = append(members, systems.Random(rng, 1+rng.IntN(largest), 8, 0.3, [3]bool{k&1 != 0, k&2 != 0, k&4 != 0}, true))
	}
	members = append(members, atoms.Structure{}, members[0])
	batch, b := compute(t, p, members...), atoms.NewBatch(members...)
	for k, s := range members {
		alone := compute(t, p, s)
		assert.Equal(t, alone.Energy[0], batch.Energy[k])
		assert.Equal(t, flatten(alone.Forces), flatten(batch.Forces[b.Start[k]:b.Start[k+1]]))
		assert.Equal(t, alone.Virial[0], batch.Virial[k])
		assert.Equal(t, alone.Stress[0], batch.Stress[k])
	}
	for range 3 { // launch by launch, recorded, and replayed
		assert.Equal(t, batch, compute(t, p, members...))
	}
}

// The launches for few atoms give the bits of those for many, in networks of any
// depth and width, up to the number of atoms where the others take over, and energies alone.
func TestGPUFewAtoms(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 21))
	for _, config := range []Config{
		{HiddenDim: 16, NumInteractions: 1, NumRBF: 8, Cutoff: 5, MaxZ: 20}, {HiddenDim: 48, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 20},
	} {
		net := randomNetwork(config, 21)
		p, energies := newGPUTestPotential(t, net, openGPU(t), Options{}), newGPUTestPotential(t, net, openGPU(t), Options{EnergyOnly: true})
		launches := newGPUTestPotential(t, net, openGPU(t), Options{})
		launches.(*gpuEngine).apart = true
		var members []atoms.Structure
		for k, n := range []int{1, 4, 7, gpu.FewAtoms, gpu.FewAtoms + 1} {
			members = append(members, systems.Random(rng, n, 8, 0.3, [3]bool{k == 2, k == 2, false}, true))
		}
		batch, b := compute(t, p, members...), atoms.NewBatch(members...)
		for k, s := range members {
			few := len(s.Numbers) <= gpu.FewAtoms
			alone := compute(t, p, s)
			require.Equal(t, few, p.(*gpuEngine).few())
			assert.Equal(t, batch.Energy[k:k+1], alone.Energy)
			assert.Equal(t, batch.Forces[b.Start[k]:b.Start[k+1]], alone.Forces)
			assert.Equal(t, batch.Virial[k:k+1], alone.Virial)
			assert.Equal(t, alone, compute(t, launches, s), "not in one launch, where it is")
			assert.Equal(t, alone.Energy, compute(t, energies, s).Energy)
		}
	}
}

// More edges than there was room for: the call makes room and runs again.
func TestGPUMakesRoomForEdges(t *testing.T) {
	net := randomNetwork(gpuConfig, 17)
	p, double := newGPUTestPotential(t, net, openGPU(t), Options{}), newTestPotential(t, net, Options{Precision: Float64, Filters: Exact})
	s := distorted(t, rand.New(rand.NewPCG(17, 17)), 1, 2, 0, everywhere) // more than a hundred images
	got, want := compute(t, p, s), compute(t, double, s)
	assert.Greater(t, p.(*gpuEngine).edges.A.Len(), guessedNeighbors)
	checkAccuracy(t, got, want, 0)
}

// Positions, cells and elements may change from call to call, while the work
// that was recorded stays the same.
func TestGPUReplay(t *testing.T) {
	net := randomNetwork(gpuConfig, 18)
	p := newGPUTestPotential(t, net, openGPU(t), Options{})
	rng := rand.New(rand.NewPCG(18, 18))
	for k := range 4 {
		s := distorted(t, rng, 8, 8+0.1*float64(k), 0.2, everywhere)
		fresh, err := NewGPUPotential(net, openGPU(t), Options{})
		require.NoError(t, err)
		assert.Equal(t, compute(t, fresh, s), compute(t, p, s))
		require.NoError(t, fresh.Close())
	}
	assert.NotNil(t, p.(*gpuEngine).recorded.graph)
}

func TestGPUErrors(t *testing.T) {
	net := randomNetwork(gpuConfig, 14)
	p := newGPUTestPotential(t, net, openGPU(t), Options{})
	cpu := newTestPotential(t, net, Options{})
	water := systems.WaterDrop(1, 1, 1)
	same := atoms.Structure{Numbers: []int{1, 8, 1}, Positions: [][3]float64{{0, 0, 0}, {1, 0, 0}, {1, 0, 0}}}
	for name, s := range map[string]atoms.Structure{
		"on one point": same,
		"element":      {Numbers: []int{99}, Positions: [][3]float64{{}}},
		"thin cell":    {Numbers: []int{1}, Positions: [][3]float64{{}}, Cell: vec.Matrix{{0.01, 0, 0}, {0, 9, 0}, {0, 0, 9}}, PBC: everywhere},
	} {
		t.Run(name, func(t *testing.T) {
			want := cpu.Compute(context.Background(), atoms.NewBatch(water, s), &Result{})
			require.Error(t, want)
			assert.EqualError(t, p.Compute(context.Background(), atoms.NewBatch(water, s), &Result{}), want.Error())
			compute(t, p, water) // it goes on working
		})
	}
}

// turing is a GPU without tensor cores for TF32, whose blocks have so much shared memory.
type turing struct {
	gpu.Device
	shared int
}

func (d turing) Properties() gpu.Properties {
	p := d.Device.Properties()
	p.SharedPerBlock, p.Capability = d.shared, 75
	return p
}

// Blocks with little shared memory compute the same bits.
// Blocks whose threads need more registers than there are cannot be launched,
// which is said before anything is.
func TestGPUFewRegisters(t *testing.T) {
	net := randomNetwork(Config{HiddenDim: 128, NumInteractions: 2, NumRBF: 20, Cutoff: 5, MaxZ: 20}, 1)
	_, err := NewGPUPotential(net, emulator.New(emulator.Options{Threads: map[string]int{"filter": 64}}), Options{Filters: Exact})
	assert.ErrorContains(t, err, "hidden_dim 128: kernel filter: 128 threads in a block, expected at most 64")
}

func TestGPULittleSharedMemory(t *testing.T) {
	net := loadNetwork(t, "../testdata/original.pt")
	s := []atoms.Structure{systems.Benzene(), systems.WaterDrop(2, 1, 1)}
	p := newGPUTestPotential(t, net, turing{openGPU(t), 163 << 10}, Options{})
	little := newGPUTestPotential(t, net, turing{openGPU(t), 64 << 10}, Options{})
	assert.Equal(t, compute(t, p, s...), compute(t, little, s...))

	_, err := NewGPUPotential(net, turing{openGPU(t), 48 << 10}, Options{})
	assert.ErrorContains(t, err, "hidden_dim 128 and tables of 128 intervals: kernel update_forward needs 55296 bytes of shared memory a block, ")
}

// planned counts memory and has none.
type planned struct {
	gpu.Device
	size *int
}

func (d planned) Alloc(size int) (gpu.Pointer, error) {
	*d.size += size
	return gpu.Pointer(*d.size), nil
}

func (d planned) Free(gpu.Pointer) error           { return nil }
func (d planned) Upload(gpu.Pointer, []byte) error { return nil }

// A million atoms of water, with the original student, fit into 80 GB.
func TestGPUMemoryOfAMillionAtoms(t *testing.T) {
	const million = 1_000_000
	size := 0
	p := newGPUTestPotential(t, loadNetwork(t, "../testdata/original.pt"), planned{emulator.New(emulator.Options{}), &size}, Options{}).(*gpuEngine)
	b := atoms.NewBatch(systems.WaterBox(70, 69, 69))
	require.InDelta(t, million, b.NumAtoms(), 1e3)
	require.NoError(t, p.stage(b))
	p.edgeRoom = guessedNeighbors * b.NumAtoms()
	require.NoError(t, p.grow(b))
	t.Logf("%.1f GB, %d bytes an atom", float64(size)/1e9, size/b.NumAtoms())
	assert.Less(t, int64(size), int64(27_000_000_000))
	assert.Less(t, p.edgeRoom, math.MaxInt32, "kernels count edges with int")
}

// Where the memory does not suffice, the error says for what, and smaller
// batches go on working.
func TestGPUOutOfMemory(t *testing.T) {
	opts := emulator.Options{}
	opts.Properties.Memory = 1 << 20
	p := newGPUTestPotential(t, randomNetwork(gpuConfig, 15), emulator.New(opts), Options{})
	compute(t, p, systems.Benzene())
	err := p.Compute(context.Background(), atoms.NewBatch(systems.WaterBox(8, 4, 4)), &Result{})
	require.ErrorIs(t, err, gpu.ErrOutOfMemory)
	require.ErrorContains(t, err, " MB for ")
	compute(t, p, systems.Benzene())

	d, err := NewGPUDomain(randomNetwork(gpuConfig, 15), emulator.New(opts), Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	row := make([]float32, d.Row())
	for _, c := range []struct {
		b    *atoms.Batch
		fits bool
	}{{atoms.NewBatch(systems.Benzene()), true}, {atoms.NewBatch(systems.WaterBox(8, 4, 4)), false}, {atoms.NewBatch(systems.Benzene()), true}} {
		err := d.Begin(context.Background(), c.b, c.b.NumAtoms()-1, nil)
		if !c.fits {
			require.ErrorIs(t, err, gpu.ErrOutOfMemory)
			continue
		}
		require.NoError(t, err)
		next, err := d.Next(context.Background())
		require.NoError(t, err)
		require.Equal(t, States, next)
		require.NoError(t, d.Pack(row, []int32{0}))
	}
}

func TestGPUClose(t *testing.T) {
	p, err := NewGPUPotential(randomNetwork(gpuConfig, 16), openGPU(t), Options{})
	require.NoError(t, err)
	compute(t, p, systems.Benzene())
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	assert.ErrorIs(t, p.Compute(context.Background(), atoms.NewBatch(), &Result{}), errClosed)

	_, err = NewGPUPotential(randomNetwork(gpuConfig, 1), openGPU(t), Options{Precision: Float64})
	assert.EqualError(t, err, "precision float64: a GPU computes in float32, the CPU in either")
	_, err = NewGPUPotential(randomNetwork(smallConfig, 1), openGPU(t), Options{})
	assert.EqualError(t, err, "hidden_dim 20: the GPU's kernels expect a multiple of 16")
}

func downloadAll[T any](t *testing.T, e *gpuEngine, a gpu.Array[T]) []T {
	t.Helper()
	out := make([]T, a.Len())
	require.NoError(t, gpu.Download(e.memory, out, a))
	require.NoError(t, e.dev.Synchronize())
	return out
}

// What the CPU refuses before the search, the device does not search through.
func TestGPURefusesThinCells(t *testing.T) {
	p := newGPUTestPotential(t, randomNetwork(gpuConfig, 3), openGPU(t), Options{})
	rng := rand.New(rand.NewPCG(3, 4))
	thin := systems.Random(rng, 200, 0.1, 0, everywhere, false)
	err := p.Compute(context.Background(), atoms.NewBatch(thin), &Result{})
	assert.ErrorContains(t, err, "structure 0: more than 4096 neighbours per atom")
	compute(t, p, systems.Random(rng, 3, 2.5, 0, everywhere, false))
}
