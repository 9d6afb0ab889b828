package atoms_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
)

var (
	isolated   = [3]bool{}
	everywhere = [3]bool{true, true, true}
)

type foundPair struct {
	i, j  int32
	shift [3]int32
}

// bruteForce looks at every image that could be near and keeps every directed
// edge j → i of length ≤ cutoff, decided on displacements rounded to T.
func bruteForce[T float32 | float64](s atoms.Structure, cutoff float64) map[foundPair]bool {
	var reach [3]int32
	volume := math.Abs(vec.Determinant(&s.Cell))
	for k := range reach {
		if !s.PBC[k] {
			continue
		}
		normal := vec.Cross(s.Cell[(k+1)%3], s.Cell[(k+2)%3])
		low, high := math.Inf(1), math.Inf(-1)
		for _, r := range s.Positions {
			f := vec.Dot(normal, r) / vec.Determinant(&s.Cell)
			low, high = math.Min(low, f), math.Max(high, f)
		}
		reach[k] = int32(math.Ceil(cutoff*vec.Norm(normal)/volume+high-low)) + 1
	}
	found := map[foundPair]bool{}
	for a := -reach[0]; a <= reach[0]; a++ {
		for b := -reach[1]; b <= reach[1]; b++ {
			for c := -reach[2]; c <= reach[2]; c++ {
				shift := [3]int32{a, b, c}
				for i, ri := range s.Positions {
					for j, rj := range s.Positions {
						if i == j && shift == [3]int32{} {
							continue
						}
						var x [3]T
						for d := range x {
							move := float64(a)*s.Cell[0][d] + float64(b)*s.Cell[1][d] + float64(c)*s.Cell[2][d]
							x[d] = T(rj[d] + move - ri[d])
						}
						if T(math.Sqrt(float64(x[0]*x[0]+x[1]*x[1]+x[2]*x[2]))) <= T(cutoff) {
							found[foundPair{int32(i), int32(j), shift}] = true
						}
					}
				}
			}
		}
	}
	return found
}

func directed[T float32 | float64](l *atoms.NeighborList[T]) map[foundPair]bool {
	found, shifts := map[foundPair]bool{}, l.Shift()
	for p := range l.D {
		s := shifts[p]
		found[foundPair{l.I[p], l.J[p], s}] = true
		found[foundPair{l.J[p], l.I[p], [3]int32{-s[0], -s[1], -s[2]}}] = true
	}
	return found
}

func testAgainstBruteForce[T float32 | float64](t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	var l atoms.NeighborList[T]
	for k := range 100 {
		pbc := [3]bool{k&1 != 0, k&2 != 0, k&4 != 0}
		size := []float64{2.5, 6, 11, 24}[k/8%4]
		skew := []float64{0, 0.4, 1.1}[k%3]
		n := 1 + rng.IntN(12)
		if k%10 == 0 {
			n = 210 // isolated structures are binned too
			size = 24
		}
		s := systems.Random(rng, n, size, skew, pbc, k%2 == 1)
		t.Run(fmt.Sprintf("%d/pbc=%v/n=%d/size=%g/skew=%g", k, pbc, n, size, skew), func(t *testing.T) {
			require.NoError(t, l.Build(atoms.NewBatch(s), 5))
			want := bruteForce[T](s, 5)
			assert.Equal(t, want, directed(&l))
			assert.Equal(t, len(want), 2*len(l.D), "each pair once")
			shifts := l.Shift()
			for p := 1; p < len(l.D); p++ {
				before := []int32{l.I[p-1], l.J[p-1], shifts[p-1][0], shifts[p-1][1], shifts[p-1][2]}
				after := []int32{l.I[p], l.J[p], shifts[p][0], shifts[p][1], shifts[p][2]}
				require.True(t, slices.Compare(before, after) < 0 && l.I[p] <= l.J[p], "pair %d is out of order", p)
			}
		})
	}
}

func TestNeighborListEqualsBruteForceFloat32(t *testing.T) { testAgainstBruteForce[float32](t) }
func TestNeighborListEqualsBruteForceFloat64(t *testing.T) { testAgainstBruteForce[float64](t) }

// A pair at exactly the cutoff counts, the next float32 does not; all along
// every axis, through a periodic boundary as well.
func TestNeighborListIsExactAtTheCutoff(t *testing.T) {
	beyond := float64(math.Nextafter32(5, 6))
	for axis := range 3 {
		for _, c := range []struct {
			d    float64
			want int
		}{{5, 1}, {beyond, 0}, {4.9999995, 1}} {
			s := atoms.Structure{Numbers: []int{8, 8}, Positions: make([][3]float64, 2)}
			s.Positions[1][axis] = c.d
			var l atoms.NeighborList[float32]
			require.NoError(t, l.Build(atoms.NewBatch(s), 5))
			assert.Len(t, l.D, c.want, "isolated, d = %.9g along %d", c.d, axis)

			s.Cell = vec.Matrix{{16, 0, 0}, {0, 16, 0}, {0, 0, 16}}
			s.PBC = everywhere
			s.Positions[1][axis] = c.d - 16 // the image in the next cell
			require.NoError(t, l.Build(atoms.NewBatch(s), 5))
			assert.Len(t, l.D, c.want, "periodic, d = %.9g along %d", c.d, axis)
		}
	}
}

// A few atoms spread over a millimetre are no slower than a few atoms.
func TestNeighborListOfSparseAtoms(t *testing.T) {
	s := atoms.Structure{}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		r := [3]float64{1e7 * (2*rng.Float64() - 1), 1e7 * (2*rng.Float64() - 1), 1e7 * (2*rng.Float64() - 1)}
		s.Positions = append(s.Positions, r, [3]float64{r[0] + 1, r[1], r[2]})
		s.Numbers = append(s.Numbers, 6, 6)
	}
	var l atoms.NeighborList[float32]
	require.NoError(t, l.Build(atoms.NewBatch(s), 5))
	assert.Len(t, l.D, 150)
}

// While atoms move, the list is the one that a new search finds, pair by pair:
// within the skin, beyond it, and when cells or boundaries change.
func TestNeighborListFollowsMovingAtoms(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	for _, pbc := range [][3]bool{isolated, everywhere, {true, false, true}} {
		b := atoms.NewBatch(systems.Random(rng, 60, 9, 0.3, pbc, true), systems.Random(rng, 9, 5, 0.3, isolated, false))
		var kept atoms.NeighborList[float32]
		searches := 0
		for step := range 60 {
			for i := range b.Positions {
				for c := range 3 {
					b.Positions[i][c] += 0.02 * rng.NormFloat64()
				}
			}
			if step == 30 {
				b.Cells[0][0][0] += 0.1
			}
			if step == 40 {
				b.Positions[3][1] += 50
			}
			require.NoError(t, kept.Build(b, 5))
			if kept.FoundAt()[0] == b.Positions[0] {
				searches++
			}
			var fresh atoms.NeighborList[float32]
			require.NoError(t, fresh.Build(b, 5))
			require.Equal(t, fresh.Pairs, clipped(kept.Pairs), "step %d", step)
			require.Equal(t, fresh.Shift(), kept.Shift())
			require.Equal(t, fresh.Start, kept.Start)
		}
		assert.Less(t, searches, 30, "most steps reuse the candidates")
		assert.Greater(t, searches, 3)
	}
}

// clipped is the pairs without spare memory behind them.
// While a cell changes as at constant pressure, atoms with it and a little besides,
// the list is the one that a new search finds, and most steps need none.
func TestNeighborListFollowsCells(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	for _, size := range []float64{0.0003, 0.003, 0.03} {
		b := atoms.NewBatch(systems.Random(rng, 60, 9, 0.3, everywhere, true), systems.Random(rng, 20, 6, 0.3, everywhere, false))
		var kept atoms.NeighborList[float32]
		searches := 0
		for step := range 60 {
			for k := range b.Len() {
				f := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
				for a := range f {
					for c := range f {
						f[a][c] += size * rng.NormFloat64()
					}
				}
				for i := range b.Cells[k] {
					b.Cells[k][i] = vec.RowTimes(b.Cells[k][i], &f)
				}
				for i := b.Start[k]; i < b.Start[k+1]; i++ {
					b.Positions[i] = vec.RowTimes(b.Positions[i], &f)
					for c := range 3 {
						b.Positions[i][c] += 0.01 * rng.NormFloat64()
					}
				}
			}
			require.NoError(t, kept.Build(b, 5))
			if kept.FoundAt()[0] == b.Positions[0] {
				searches++
			}
			var fresh atoms.NeighborList[float32]
			require.NoError(t, fresh.Build(b, 5))
			require.Equal(t, fresh.Pairs, clipped(kept.Pairs), "step %d", step)
			require.Equal(t, fresh.Shift(), kept.Shift())
		}
		if size < 0.001 {
			assert.Less(t, searches, 20, "most steps reuse the candidates")
		}
		assert.Greater(t, searches, 1)
	}
}

func clipped(p atoms.Pairs[float32]) atoms.Pairs[float32] {
	n := len(p.D)
	return atoms.Pairs[float32]{I: p.I[:n:n], J: p.J[:n:n], X: p.X[:n:n], D: p.D[:n:n]}
}

// BenchmarkNeighborList is the search, every time anew, and the pairs of candidates that still hold.
func BenchmarkNeighborList(b *testing.B) {
	for _, s := range []atoms.Structure{systems.Benzene(), systems.WaterDrop(8, 4, 4), systems.WaterBox(10, 10, 10), systems.WaterBox(25, 20, 20)} {
		batch := atoms.NewBatch(s)
		for _, search := range []bool{true, false} {
			b.Run(fmt.Sprintf("atoms=%d/search=%v", batch.NumAtoms(), search), func(b *testing.B) { benchmarkList(b, batch, search) })
		}
	}
}

func benchmarkList(b *testing.B, batch *atoms.Batch, search bool) {
	var l atoms.NeighborList[float32]
	b.ReportAllocs()
	for b.Loop() {
		if search {
			l.Forget()
		}
		if err := l.Build(batch, 5); err != nil {
			b.Fatal(err)
		}
	}
}
