package atoms_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/pool"
	"painless/internal/systems"
)

// placed is two large structures among small ones.
func placed() *atoms.Batch {
	rng := rand.New(rand.NewPCG(31, 32))
	thin := systems.Shuffled(systems.WaterBox(40, 20, 1))
	thin.PBC[1] = false
	return atoms.NewBatch(systems.Benzene(), systems.Shuffled(systems.WaterBox(12, 10, 8)), systems.Random(rng, 60, 9, 0.3, everywhere, true),
		systems.Shuffled(systems.WaterDrop(9, 9, 9)), thin)
}

// With places the pairs are those without, of the same structures, and nearer in memory.
func TestPlaces(t *testing.T) {
	b := placed()
	var plain atoms.NeighborList[float32]
	require.NoError(t, plain.Build(b, 5))
	assert.Nil(t, plain.Order)
	list := atoms.NeighborList[float32]{Places: true}
	require.NoError(t, list.Build(b, 5))
	require.Len(t, list.Order, b.NumAtoms())
	for k := range b.Len() {
		lo, hi := b.Start[k], b.Start[k+1]
		sorted := slices.Clone(list.Order[lo:hi])
		ordered := slices.IsSorted(sorted)
		assert.Equal(t, hi-lo < 2048, ordered, "small structures stay as they are")
		slices.Sort(sorted)
		for i, atom := range sorted {
			require.EqualValues(t, lo+i, atom, "structure %d", k)
		}
	}
	assert.Equal(t, plain.Start, list.Start)

	type pair struct {
		i, j  int32
		shift [3]int32
		x     [3]float32
	}
	pairs := func(l *atoms.NeighborList[float32]) (found []pair, apart float64) {
		shifts := l.Shift()
		for p := range l.D {
			i, j := l.I[p], l.J[p]
			apart += max(float64(i-j), float64(j-i)) / float64(len(l.D))
			if l.Order != nil {
				i, j = l.Order[i], l.Order[j]
			}
			found = append(found, pair{i, j, shifts[p], l.X[p]})
		}
		return found, apart
	}
	want, far := pairs(&plain)
	found, near := pairs(&list)
	assert.Less(t, near, 0.4*far)
	for p := 1; p < len(found); p++ {
		if found[p].i == found[p-1].i {
			require.GreaterOrEqual(t, found[p].j, found[p-1].j)
		}
	}
	slices.SortFunc(found, func(a, b pair) int {
		if a.i != b.i {
			return int(a.i - b.i)
		}
		if a.j != b.j {
			return int(a.j - b.j)
		}
		return slices.Compare(a.shift[:], b.shift[:])
	})
	assert.True(t, slices.Equal(want, found), "the same pairs")

	// A batch without large structures has none.
	require.NoError(t, list.Build(atoms.NewBatch(systems.Benzene()), 5))
	assert.Nil(t, list.Order)
	require.NoError(t, list.Build(b, 5))
	assert.NotNil(t, list.Order)
}

// Places depend on positions and cells as they are: neither on what was before nor on threads.
func TestPlacesForget(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	b := placed()
	kept := atoms.NeighborList[float32]{Places: true}
	threads := pool.New(3)
	defer threads.Close()
	for step := range 6 {
		for i := range b.Positions {
			for c := range 3 {
				b.Positions[i][c] += 0.02 * rng.NormFloat64()
			}
		}
		if step == 4 {
			b.Cells[1][0][0] += 0.1
			b.Positions[100][1] += 500 // far away
		}
		require.NoError(t, kept.BuildOn(threads, b, 5))
		fresh := atoms.NeighborList[float32]{Places: true}
		require.NoError(t, fresh.Build(b, 5))
		require.True(t, slices.Equal(fresh.Order, kept.Order), "step %d", step)
		require.Equal(t, fresh.Pairs, clipped(kept.Pairs), "step %d", step)
		require.Equal(t, fresh.Shift(), kept.Shift())
	}
}

// Two atoms on one point are named as they are in the structure.
func TestPlacesOnOnePoint(t *testing.T) {
	b := placed()
	b.Positions[b.Start[1]+700] = b.Positions[b.Start[1]+20]
	plain, list := atoms.NeighborList[float32]{}, atoms.NeighborList[float32]{Places: true}
	want := plain.Build(b, 5)
	require.Error(t, want)
	assert.EqualError(t, list.Build(b, 5), want.Error())
}
