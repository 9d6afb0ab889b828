package atoms_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/vec"
)

// scattered is n hydrogen atoms at random in a box from low on.
func scattered(rng *rand.Rand, n int, low float64, box [3]float64) (s atoms.Structure) {
	for range n {
		s.Numbers = append(s.Numbers, 1)
		s.Positions = append(s.Positions, [3]float64{low + box[0]*rng.Float64(), low + box[1]*rng.Float64(), low + box[2]*rng.Float64()})
	}
	return s
}

// A small structure must not take much memory or time before it is refused.
func TestCrowdsAreRefusedEarly(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	thin, crowd := [3]float64{0.0785, 0.0785, 0.0785}, [3]float64{2, 2, 2}
	cell := func(s atoms.Structure, cell vec.Matrix, pbc [3]bool) atoms.Structure {
		s.Cell, s.PBC = cell, pbc
		return s
	}
	cube := func(a [3]float64) vec.Matrix { return vec.Matrix{{a[0], 0, 0}, {0, a[1], 0}, {0, 0, a[2]}} }
	with := func(s, more atoms.Structure) atoms.Structure {
		s.Numbers, s.Positions = append(s.Numbers, more.Numbers...), append(s.Positions, more.Positions...)
		return s
	}
	const mean, skewed = "more than 4096 neighbours per atom within 5 Å: expected positions and cell in Å", "the cell is too skewed, or too thin, to look for neighbours"
	for name, c := range map[string]struct {
		structure atoms.Structure
		says      string
	}{
		"thin cell, 20 atoms":     {cell(scattered(rng, 20, 0, thin), cube(thin), everywhere), mean},
		"thin cell, 1000 atoms":   {cell(scattered(rng, 1000, 0, thin), cube(thin), everywhere), mean},
		"thin wire":               {cell(scattered(rng, 1000, 0, [3]float64{0.08, 30, 30}), cube([3]float64{0.08, 1, 1}), [3]bool{true, false, false}), mean},
		"thin plane":              {cell(scattered(rng, 500, 0, [3]float64{0.08, 0.08, 90}), cube([3]float64{0.08, 0.08, 1}), [3]bool{true, true, false}), mean},
		"crowd":                   {scattered(rng, 30_000, 0, crowd), mean},
		"crowd after others":      {with(scattered(rng, 10_000, 100, [3]float64{1000, 1000, 1000}), scattered(rng, 20_000, 0, crowd)), mean},
		"crowd in a cell":         {cell(scattered(rng, 10_000, 0, crowd), cube([3]float64{50, 50, 50}), everywhere), mean},
		"nearly parallel vectors": {cell(scattered(rng, 200, 0, [3]float64{40, 40, 40}), vec.Matrix{{100.2, 100, 100}, {100, 100.2, 100}, {100, 100, 100.2}}, everywhere), skewed},
		"one atom, a skewed cell": {cell(scattered(rng, 1, 0, thin), vec.Matrix{{20.1, 20, 20}, {20, 20.1, 20}, {20, 20, 20.1}}, everywhere), mean},
	} {
		t.Run(name, func(t *testing.T) {
			b := atoms.NewBatch(c.structure)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var l atoms.NeighborList[float32]
			err := l.Build(b, 5)
			runtime.ReadMemStats(&after)
			require.ErrorContains(t, err, c.says)
			var which *atoms.StructureError
			require.ErrorAs(t, err, &which)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(128<<20))
			require.NoError(t, l.Build(atoms.NewBatch(scattered(rng, 9, 0, [3]float64{9, 9, 9})), 5), "the list stays usable")
		})
	}
}

// What is dense, and allowed, is counted before it is kept, and then kept whole.
func TestDenseStructuresAreWhole(t *testing.T) {
	const n = 1500
	var l atoms.NeighborList[float32]
	require.NoError(t, l.Build(atoms.NewBatch(scattered(rand.New(rand.NewPCG(7, 8)), n, 0, [3]float64{2.8, 2.8, 2.8})), 5))
	assert.Len(t, l.D, n*(n-1)/2)
}

func TestVolume(t *testing.T) {
	slab := [3]bool{true, true, false}
	for name, c := range map[string]struct {
		cell   vec.Matrix
		pbc    [3]bool
		volume float64 // 0: none
	}{
		"cube":                   {vec.Matrix{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}, everywhere, 8},
		"left-handed":            {vec.Matrix{{2, 0, 0}, {0, 0, 2}, {0, 2, 0}}, everywhere, 8},
		"long":                   {vec.Matrix{{1e6, 0, 0}, {0, 1, 0}, {0, 0, 1}}, everywhere, 1e6},
		"slab":                   {vec.Matrix{{2, 0, 0}, {0, 2, 0}, {0, 0, 30}}, slab, 120},
		"not periodic":           {vec.Matrix{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}, isolated, 0},
		"slab without a vector":  {vec.Matrix{{2, 0, 0}, {0, 2, 0}}, slab, 0},
		"slab with next to none": {vec.Matrix{{2, 0, 0}, {0, 2, 0}, {0, 0, 1e-154}}, slab, 0},
		"two next to none":       {vec.Matrix{{2, 0, 0}, {0, 1e-154, 0}, {0, 0, 1e-154}}, [3]bool{true, false, false}, 0},
		"in a plane":             {vec.Matrix{{2, 0, 0}, {0, 2, 0}, {1, 1, 1e-12}}, everywhere, 0},
		"so large that none is":  {vec.Matrix{{2, 0, 0}, {0, 2, 0}, {0, 0, 1e308}}, slab, 0},
		"of no number":           {vec.Matrix{{2, 0, 0}, {0, 2, 0}, {0, 0, math.NaN()}}, slab, 0},
	} {
		b := atoms.NewBatch(atoms.Structure{Cell: c.cell, PBC: c.pbc})
		volume, ok := b.Volume(0)
		assert.Equal(t, c.volume > 0, ok, name)
		if ok {
			assert.InEpsilon(t, c.volume, volume, 1e-12, name)
		}
	}
}
