package nn

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/tolerance"
	"painless/internal/vec"
)

func TestInvariantToTranslation(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 1), Options{Precision: Float64, Filters: Exact})
	rng := rand.New(rand.NewPCG(1, 1))
	for _, pbc := range [][3]bool{isolated, everywhere, {false, true, true}} {
		s := distorted(t, rng, 8, 6, 0.3, pbc)
		want := compute(t, p, s)
		for i := range s.Positions {
			for c, by := range [3]float64{17.3, -230.1, 5.55} {
				s.Positions[i][c] += by
			}
		}
		checkAccuracy(t, compute(t, p, s), want, 1e-9)
	}
}

func TestInvariantToPermutation(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 2), Options{Precision: Float64, Filters: Exact})
	rng := rand.New(rand.NewPCG(2, 2))
	for _, pbc := range [][3]bool{isolated, everywhere} {
		s := distorted(t, rng, 9, 6, 0.3, pbc)
		want := compute(t, p, s)
		shuffled, back := s, &Result{Forces: make([][3]float64, 9)}
		shuffled.Numbers, shuffled.Positions = make([]int, 9), make([][3]float64, 9)
		order := rng.Perm(9)
		for to, from := range order {
			shuffled.Numbers[to], shuffled.Positions[to] = s.Numbers[from], s.Positions[from]
		}
		got := compute(t, p, shuffled)
		back.Energy = got.Energy
		for to, from := range order {
			back.Forces[from] = got.Forces[to]
		}
		checkAccuracy(t, back, want, 1e-9)
		tolerance.Check(t, "stress", got.Stress[0][:], want.Stress[0][:], 1e-12, 1e-9)
	}
}

// A structure gives the same bits alone and anywhere in a batch.
func TestBatchEqualsItsMembers(t *testing.T) {
	for _, precision := range []Precision{Float32, Float64} {
		p := newTestPotential(t, randomNetwork(smallConfig, 3), Options{Precision: precision, Filters: Table})
		rng := rand.New(rand.NewPCG(3, 3))
		var members []atoms.Structure
		for k := range 25 {
			members = append(members, systems.Random(rng, 1+rng.IntN(30), 8, 0.3, [3]bool{k&1 != 0, k&2 != 0, k&4 != 0}, true))
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
	}
}

func TestSupercellIsEightCells(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 4), Options{Precision: Float64, Filters: Exact})
	cell := distorted(t, rand.New(rand.NewPCG(4, 4)), 5, 5, 0.4, everywhere)
	super := atoms.Structure{PBC: cell.PBC}
	for k := range super.Cell {
		super.Cell[k] = vec.Scale(cell.Cell[k], 2)
	}
	for image := range 8 {
		shift := vec.RowTimes([3]float64{float64(image & 1), float64(image >> 1 & 1), float64(image >> 2)}, &cell.Cell)
		for i, r := range cell.Positions {
			super.Numbers = append(super.Numbers, cell.Numbers[i])
			super.Positions = append(super.Positions, [3]float64{r[0] + shift[0], r[1] + shift[1], r[2] + shift[2]})
		}
	}
	small, large := compute(t, p, cell), compute(t, p, super)
	assert.InEpsilon(t, 8*small.Energy[0], large.Energy[0], 1e-10)
	for image := range 8 {
		tolerance.Check(t, "forces", flatten(large.Forces[5*image:5*image+5]), flatten(small.Forces), 1e-9, 1e-9)
	}
	tolerance.Check(t, "stress", large.Stress[0][:], small.Stress[0][:], 1e-12, 1e-9)
}

func TestLargeCellIsTheIsolatedMolecule(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 5), Options{Precision: Float64, Filters: Exact})
	s := distorted(t, rand.New(rand.NewPCG(5, 5)), 10, 6, 0, isolated)
	want := compute(t, p, s)
	s.Cell, s.PBC = vec.Matrix{{40, 0, 0}, {3, 38, 0}, {0, 5, 42}}, everywhere
	got := compute(t, p, s)
	checkAccuracy(t, got, want, 1e-12)
	for a := range 3 {
		tolerance.Check(t, "virial", got.Virial[0][a][:], want.Virial[0][a][:], 1e-9, 1e-9)
	}
}

// The bits do not depend on the number of threads, on GOMAXPROCS or on what
// was computed before; of many structures, whose pairs are shared out by structure
// where they are of a size, neither.
func TestDeterministic(t *testing.T) {
	net := randomNetwork(Config{HiddenDim: 64, NumInteractions: 2, NumRBF: 12, Cutoff: 5, MaxZ: 20}, 6)
	large := systems.Random(rand.New(rand.NewPCG(6, 6)), 150, 12, 0.2, everywhere, true)
	var clusters []atoms.Structure
	for k := range 12 {
		clusters = append(clusters, systems.Cluster(18+k%5, uint64(k)))
	}
	for name, structures := range map[string][]atoms.Structure{"one": {large}, "many": clusters, "uneven": append(clusters[:9:9], large)} {
		want := compute(t, newTestPotential(t, net, Options{Threads: 1}), structures...)
		for _, threads := range []int{1, 2, 3, 8} {
			for _, procs := range []int{1, 2, 4} {
				t.Run(fmt.Sprintf("%s/threads=%d/procs=%d", name, threads, procs), func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
					p := newTestPotential(t, net, Options{Threads: threads})
					compute(t, p, atoms.Structure{Numbers: []int{1, 1}, Positions: [][3]float64{{}, {1, 0, 0}}})
					got := compute(t, p, structures...)
					assert.Equal(t, want.Energy, got.Energy)
					assert.Equal(t, want.Forces, got.Forces)
					assert.Equal(t, want.Virial, got.Virial)
				})
			}
		}
	}
}

func TestPartsOfPairs(t *testing.T) {
	for _, c := range []struct {
		name         string
		pairs, parts []int
	}{
		{"like structures", []int{0, 1000, 2000, 3000, 4000, 5000, 6000}, []int{0, 2, 4, 6}},
		{"no boundary at a third", []int{0, 1000, 2100, 3000, 4150, 5000, 6000}, []int{0, 2, 4, 6}},
		{"a large one", []int{0, 1000, 2000, 7000, 8000}, []int{0, 4}},
		{"as many as threads", []int{0, 2000, 4000, 6000}, []int{0, 3}},
		{"one", []int{0, 9000}, []int{0, 1}},
		{"no pairs", []int{0, 0, 0, 0, 0, 0}, []int{0, 0, 0, 5}},
	} {
		e := newTestPotential(t, randomNetwork(students[0].config, 1), Options{Threads: 3}).(*cpuEngine[float32])
		e.pairStart = c.pairs
		e.part()
		assert.Equal(t, c.parts, e.parts, c.name)
	}
}

func TestComputeAllocatesNothing(t *testing.T) {
	net := randomNetwork(smallConfig, 7)
	rng := rand.New(rand.NewPCG(7, 7))
	b := atoms.NewBatch(systems.Random(rng, 40, 9, 0.2, everywhere, true), systems.Random(rng, 12, 6, 0.2, isolated, false))
	for _, precision := range []Precision{Float32, Float64} {
		p := newTestPotential(t, net, Options{Precision: precision, Filters: Table, Threads: 2})
		r := &Result{}
		require.NoError(t, p.Compute(context.Background(), b, r))
		assert.Zero(t, testing.AllocsPerRun(5, func() { _ = p.Compute(context.Background(), b, r) }))
	}
}

// The network is known not to be invariant to rotation; if it were, the
// mixing matrices would not be at work.
func TestMixingMatricesBreakRotation(t *testing.T) {
	p := newTestPotential(t, randomNetwork(smallConfig, 9), Options{Precision: Float64, Filters: Exact})
	s := distorted(t, rand.New(rand.NewPCG(8, 8)), 6, 5, 0, isolated)
	before := compute(t, p, s).Energy[0]
	sin, cos := math.Sincos(0.7)
	for i, r := range s.Positions {
		s.Positions[i] = [3]float64{cos*r[0] - sin*r[1], sin*r[0] + cos*r[1], r[2]}
	}
	assert.Greater(t, math.Abs(compute(t, p, s).Energy[0]-before), 1e-6)
}
