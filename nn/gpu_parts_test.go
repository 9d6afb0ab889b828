package nn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
	"painless/kernels/gpu"
	"painless/kernels/gpu/emulator"
)

// newParts is an engine whose parts have so many atoms at least, and the device that it is on.
func newParts(t testing.TB, net *Network, atomsOfPart int, opts Options) (*gpuEngine, *late) {
	d := newLate(openGPU(t))
	e := newGPUTestPotential(t, net, d, opts).(*gpuEngine)
	e.parts.atoms = atomsOfPart
	return e, d
}

// A batch is cut between structures, as evenly as they allow, into parts that are not too small.
func TestGPUDivide(t *testing.T) {
	const least = 100
	for name, c := range map[string]struct{ atoms, ends []int }{
		"nothing":              {nil, []int{}},
		"no atoms":             {[]int{0, 0}, []int{2}},
		"small":                {[]int{60, 60, 60}, []int{3}},
		"even":                 {[]int{50, 50, 50, 50, 50, 50}, []int{2, 4, 6}},
		"evenly":               {[]int{70, 70, 70, 70, 70}, []int{2, 5}},
		"large ones":           {[]int{1000, 1000}, []int{1, 2}},
		"one large":            {[]int{1000, 30}, []int{2}},
		"one large, the last":  {[]int{30, 1000}, []int{2}},
		"one large among some": {[]int{60, 60, 1000, 60, 60}, []int{2, 3, 5}},
		"empty ones":           {[]int{0, 100, 0, 0, 100, 0}, []int{2, 6}},
	} {
		e := &gpuEngine{parts: gpuParts{atoms: least}}
		b := &atoms.Batch{}
		b.Reset()
		for _, n := range c.atoms {
			s := atoms.Structure{Numbers: make([]int, n), Positions: make([][3]float64, n)}
			b.Append(&s)
		}
		e.divide(b)
		assert.Equal(t, c.ends, append([]int{}, e.parts.ends...), name)
		e.shares.energies = true
		e.divide(b)
		assert.LessOrEqual(t, len(e.parts.ends), 1, "%s, with atoms' energies", name)
	}
}

// mixed is structures of every kind, with some of no atoms.
func mixed(seed uint64) []atoms.Structure {
	rng := rand.New(rand.NewPCG(seed, seed))
	all := []atoms.Structure{{}}
	for k := range 8 {
		all = append(all, systems.Random(rng, 1+rng.IntN(15), 8, 0.3, [3]bool{k&1 != 0, k&2 != 0, k&4 != 0}, true))
	}
	return append(all, atoms.Structure{}, all[1], atoms.Structure{})
}

// In parts of any size a batch has the bits of the whole, and each structure those that it has alone; launch by launch, recorded and replayed.
func TestGPUParts(t *testing.T) {
	net, structures := randomNetwork(gpuConfig, 41), mixed(41)
	for name, opts := range map[string]Options{"forces": {}, "energies": {EnergyOnly: true}, "exact filters": {Filters: Exact, Threads: 3}} {
		t.Run(name, func(t *testing.T) {
			b := atoms.NewBatch(structures...)
			whole := newGPUTestPotential(t, net, openGPU(t), opts)
			want := compute(t, whole, structures...)
			all := whole.(*gpuEngine).memory.Size()
			for _, size := range []int{1, 7, 20} {
				if size == 7 && name != "forces" {
					continue
				}
				e, d := newParts(t, net, size, opts)
				for call := range 3 {
					assert.Equal(t, want, compute(t, e, structures...), "parts of %d, call %d", size, call)
					assert.Empty(t, d.asked)
				}
				assert.Greater(t, len(e.parts.ends), 1)
				for k := range e.parts.ends {
					assert.NotNil(t, e.parts.recordings[k].graph, "part %d", k)
				}
				assert.Less(t, e.memory.Size(), all, "there is room for a part")
				assert.Equal(t, compute(t, whole, structures[1]), compute(t, e, structures[1]), "and then one structure")
			}
			plain := newGPUTestPotential(t, net, openGPU(t), opts).(*gpuEngine)
			plain.parts.atoms = 20
			for range 3 {
				assert.Equal(t, want, compute(t, plain, structures...), "on the device itself")
			}
			for k, s := range structures[:4] {
				alone := compute(t, whole, s)
				assert.Equal(t, alone.Energy[0], want.Energy[k])
				if !opts.EnergyOnly {
					assert.Equal(t, flatten(alone.Forces), flatten(want.Forces[b.Start[k]:b.Start[k+1]]))
				}
			}
		})
	}
}

// Batches of parts follow each other: positions, shapes and numbers of parts change, and what a part needs may be more than those before it needed.
func TestGPUPartsFollowEachOther(t *testing.T) {
	net := randomNetwork(gpuConfig, 42)
	whole := newGPUTestPotential(t, net, openGPU(t), Options{})
	e, _ := newParts(t, net, 12, Options{})
	r := &Result{}
	for _, n := range []int{12, 3, 8, 1, 12} {
		structures := mixed(uint64(n))[:n]
		require.NoError(t, e.Compute(context.Background(), atoms.NewBatch(structures...), r))
		want := compute(t, whole, structures...)
		assert.Equal(t, want.Energy, r.Energy)
		assert.Equal(t, flatten(want.Forces), flatten(r.Forces))
		assert.Equal(t, want.Virial, r.Virial)
		assert.Equal(t, want.Stress, r.Stress)
	}
}

// A part whose edges find no room is computed again, whatever has been asked for behind it.
func TestGPUPartsMakeRoomForEdges(t *testing.T) {
	net, water := randomNetwork(gpuConfig, 43), systems.WaterDrop(2, 2, 1)
	many := distorted(t, rand.New(rand.NewPCG(17, 17)), 1, 2, 0, everywhere) // more than a hundred images
	whole := newGPUTestPotential(t, net, openGPU(t), Options{})
	for name, structures := range map[string][]atoms.Structure{
		"first": {many, water, water}, "between": {water, many, many, water}, "last": {water, water, many}, "alone": {many, many, many},
	} {
		t.Run(name, func(t *testing.T) {
			e, d := newParts(t, net, 1, Options{})
			want := compute(t, whole, structures...)
			for range 3 {
				assert.Equal(t, want, compute(t, e, structures...))
				assert.Len(t, e.parts.ends, len(structures))
			}
			before := d.ran["turn"] + d.ran["few_turn"] + d.ran["once"]
			compute(t, e, structures...)
			assert.Equal(t, len(structures), d.ran["turn"]+d.ran["few_turn"]+d.ran["once"]-before, "then there is room")
		})
	}
}

// asked is a context that is cancelled when it has been asked so often.
type asked struct {
	context.Context
	left int
}

func (c *asked) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Where a part fails, the structure is named by its number in the batch, and nothing is left on its way that would
// read or write what the next call writes or reads.
func TestGPUPartsThatFail(t *testing.T) {
	net := randomNetwork(Config{HiddenDim: 16, NumInteractions: 1, NumRBF: 8, Cutoff: 5, MaxZ: 20}, 44)
	for i := range net.HiddenDim { // chlorine's
		net.Embedding[17*net.HiddenDim+i] = math.Inf(1)
	}
	water := systems.WaterDrop(2, 1, 1)
	good := []atoms.Structure{water, systems.Benzene(), water, water, systems.Benzene()}
	flat, thin, same := water, water, water
	flat.PBC, flat.Cell = everywhere, vec.Matrix{{9, 0, 0}, {0, 9, 0}, {0, 9, 0}}
	thin.PBC, thin.Cell = everywhere, vec.Matrix{{0.01, 0, 0}, {0, 9, 0}, {0, 0, 9}}
	same.Positions = append([][3]float64{}, water.Positions...)
	same.Positions[4] = same.Positions[2]
	infinite := atoms.Structure{Numbers: []int{17, 1}, Positions: [][3]float64{{}, {0, 0, 1.3}}}
	failure := errors.New("on purpose")
	whole := newGPUTestPotential(t, net, openGPU(t), Options{})
	e, d := newParts(t, net, 1, Options{Threads: 2})
	want := compute(t, whole, good...)
	fails := func(t *testing.T, ctx context.Context, structures []atoms.Structure, of error) error {
		r := compute(t, e, good...)
		d.failed = of
		err := e.Compute(ctx, atoms.NewBatch(structures...), r)
		require.Error(t, err)
		assert.Empty(t, d.asked, "nothing is on its way")
		for i := range e.parts.crossings {
			assert.Nil(t, e.parts.crossings[i].part.Positions)
		}
		assert.Equal(t, want, compute(t, e, good...), "it works on")
		return err
	}
	for name, wrong := range map[string]atoms.Structure{"flat": flat, "thin": thin, "on one point": same, "infinite": infinite} {
		for _, at := range []int{0, 3, 5} {
			t.Run(fmt.Sprintf("%s at %d", name, at), func(t *testing.T) {
				structures := append(append(append([]atoms.Structure{}, good[:at]...), wrong), good[at:]...)
				err := fails(t, context.Background(), structures, nil)
				var which *atoms.StructureError
				require.ErrorAs(t, err, &which)
				assert.Equal(t, at, which.Index)
				assert.EqualError(t, err, whole.Compute(context.Background(), atoms.NewBatch(structures...), &Result{}).Error())
			})
		}
	}
	for n := range good {
		t.Run(fmt.Sprintf("cancelled after %d parts", n), func(t *testing.T) {
			assert.ErrorIs(t, fails(t, &asked{context.Background(), n}, good, nil), context.Canceled)
		})
	}
	t.Run("on the device", func(t *testing.T) { assert.ErrorIs(t, fails(t, context.Background(), good, failure), failure) })
	t.Run("panic", func(t *testing.T) { // as where a host has no memory at its addresses
		stage := e.tasks.stage
		e.tasks.stage = func(worker, unit int) {
			if e.firstAtom > 0 {
				panic(failure)
			}
			stage(worker, unit)
		}
		assert.PanicsWithValue(t, failure, func() { _ = e.Compute(context.Background(), atoms.NewBatch(good...), &Result{}) })
		e.tasks.stage = stage
		assert.Empty(t, d.asked)
		assert.Equal(t, want, compute(t, e, good...))
	})
}

// An atom on another's point that only the device sees is named by its number in the batch.
func TestGPUPartsNumberAtoms(t *testing.T) {
	e := newGPUTestPotential(t, randomNetwork(gpuConfig, 45), newIdle(), Options{}).(*gpuEngine)
	b := atoms.NewBatch(systems.Benzene())
	require.NoError(t, e.stage(b))
	require.NoError(t, e.resizeResults(b.NumAtoms(), b.Len()))
	e.host.status[1] = 5 // of 12
	e.firstAtom = 100
	assert.EqualError(t, e.collect(b, &Result{}), "atom 107 of the batch is on the same point as another")
}

// A batch in parts needs the memory of one; where that does not suffice for a part, smaller ones go on working.
func TestGPUPartsOutOfMemory(t *testing.T) {
	net, water := randomNetwork(gpuConfig, 46), systems.WaterDrop(3, 3, 3)
	many := []atoms.Structure{water, water, water, water}
	opts := emulator.Options{}
	opts.Properties.Memory = 1200 << 10
	whole, d := newGPUTestPotential(t, net, emulator.New(opts), Options{}).(*gpuEngine), newLate(emulator.New(opts))
	require.ErrorIs(t, whole.Compute(context.Background(), atoms.NewBatch(many...), &Result{}), gpu.ErrOutOfMemory)
	e := newGPUTestPotential(t, net, d, Options{}).(*gpuEngine)
	e.parts.atoms, e.apart, whole.apart = len(water.Numbers), true, true
	want := compute(t, e, many...)
	assert.Equal(t, compute(t, whole, water).Energy[0], want.Energy[3])

	require.ErrorIs(t, e.Compute(context.Background(), atoms.NewBatch(water, water, systems.WaterBox(5, 4, 4), water), &Result{}), gpu.ErrOutOfMemory)
	assert.Empty(t, d.asked)
	assert.Equal(t, want, compute(t, e, many...))
}

// refusing is a late device that refuses a launch.
type refusing struct {
	*late
	left int // launches before that one
}

func (d *refusing) Launch(l *gpu.Launch) error {
	if d.left--; d.left == -1 {
		return errors.New("refused")
	}
	return d.late.Launch(l)
}

// A whole batch too, and a domain, leave nothing on its way where a launch is refused.
func TestGPULeavesNothingOnItsWay(t *testing.T) {
	net, box := randomNetwork(gpuConfig, 20), atoms.NewBatch(systems.WaterBox(3, 3, 3))
	for left := range 6 {
		d := &refusing{newLate(openGPU(t)), left}
		e := newGPUTestPotential(t, net, d, Options{})
		require.ErrorContains(t, e.Compute(context.Background(), box, &Result{}), "refused")
		assert.Empty(t, d.asked)
		d = &refusing{newLate(openGPU(t)), left}
		domain, err := NewGPUDomain(net, d, Options{})
		require.NoError(t, err)
		err = domain.Begin(context.Background(), box, box.NumAtoms(), nil)
		for asked := States; err == nil && asked != Done; {
			asked, err = domain.Next(context.Background())
		}
		require.ErrorContains(t, err, "refused")
		assert.Empty(t, d.asked)
		require.NoError(t, domain.Close())
	}
}
