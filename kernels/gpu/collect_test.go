package gpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/tolerance"
	"painless/kernels/gpu"
)

// summands is structures of so many atoms each, of which there is what Reduce adds up.
type summands struct {
	sizes   []int
	energy  []float32
	virials [][9]float32
}

// newSummands are of so many orders of magnitude that their sums are rounded, and so depend on their order.
func newSummands(rng *rand.Rand, sizes []int) (s summands) {
	n := 0
	for _, size := range sizes {
		n += size
	}
	s.sizes, s.energy, s.virials = sizes, repeated(floats(normal(rng, min(n, 1<<13))), n), make([][9]float32, n)
	for i := range s.energy {
		s.energy[i] = float32(math.Ldexp(float64(s.energy[i]), rng.IntN(31)-15))
	}
	for i := range s.virials {
		for c := range s.virials[i] {
			s.virials[i][c] = s.energy[min(n-1, i/64*64+(i+7*c)%64)] // as random as energies are
		}
	}
	return s
}

// member is structure k alone, which begins at atom first.
func (s *summands) member(k, first int) summands {
	end := first + s.sizes[k]
	return summands{s.sizes[k : k+1], s.energy[first:end], s.virials[first:end]}
}

// sum is {energy, virial} in float64, atom by atom, and the sum of all their magnitudes.
func (s *summands) sum() (sum []float64, magnitude float64) {
	sum = make([]float64, 10)
	for i, energy := range s.energy {
		sum[0] += float64(energy)
		magnitude += math.Abs(float64(energy))
		for c, w := range s.virials[i] {
			sum[1+c] -= 0.5 * float64(w)
			magnitude += math.Abs(float64(w))
		}
	}
	return sum, magnitude
}

// reduction is a launch of Reduce, and where its results are. They begin as what no sum is, lest one is left out.
func (b *bench) reduction(s *summands, both bool) (launch func() error, results gpu.Array[[10]float64]) {
	first := []int32{0}
	for _, size := range s.sizes {
		first = append(first, first[len(first)-1]+int32(size))
	}
	in := gpu.Structures{First: upload(b, first), Numbers: room[int32](b, len(s.energy))}
	if len(s.sizes) > 0 {
		in.Largest = slices.Max(s.sizes)
	}
	nothing := [10]float64{math.NaN(), 9: math.NaN()}
	results, chunks := upload(b, slices.Repeat([][10]float64{nothing}, len(s.sizes))), upload(b, slices.Repeat([][10]float64{nothing}, in.Chunks()))
	energy, virials := upload(b, s.energy), gpu.Array[[9]float32]{}
	if both {
		virials = upload(b, s.virials)
	}
	return func() error { return b.k.Reduce(results, chunks, energy, virials, &in) }, results
}

// reduced is the bits of the results.
func (b *bench) reduced(s *summands, both bool) (bits [][10]uint64) {
	launch, results := b.reduction(s, both)
	require.NoError(b.t, launch())
	for _, r := range download(b, results) {
		var of [10]uint64
		for c, x := range r {
			of[c] = math.Float64bits(x)
		}
		bits = append(bits, of)
	}
	return bits
}

// Sums are those of float64 on the host, of structures of none, one or several chunks of 1,024 atoms and of more chunks than a block has threads.
// A structure has the same bits alone, in any batch, and again, and its energy also without virials.
func TestReduce(t *testing.T) {
	b := newBench(t, 16, testIntervals)
	for _, sizes := range [][]int{
		{}, {0}, {0, 0, 0}, {1}, {255, 256, 257, 1, 2}, {1023}, {1024}, {1025}, {2047}, {2048}, {2049, 0}, {12, 1025}, {1025, 12},
		{3, 0, 1025, 12, 0, 1024, 5000, 1, 2048, 0, 0, 1023}, {0, 700, 700, 700, 1500, 700}, {1024 * 300, 7}, slices.Repeat([]int{1030, 5}, 40),
	} {
		t.Run(fmt.Sprintf("%d: %v", len(sizes), sizes[:min(len(sizes), 12)]), func(t *testing.T) {
			s := newSummands(rand.New(rand.NewPCG(9, uint64(len(sizes)))), sizes)
			got, energies, first := b.reduced(&s, true), b.reduced(&s, false), 0
			require.Len(t, got, len(sizes))
			assert.Equal(t, got, b.reduced(&s, true))
			for k, size := range sizes {
				alone := s.member(k, first)
				first += size
				var sum []float64
				for _, bits := range got[k] {
					sum = append(sum, math.Float64frombits(bits))
				}
				want, magnitude := alone.sum()
				tolerance.Check(t, "sums", sum, want, 1e-14*magnitude, 0)
				if k < 12 {
					assert.Equal(t, got[k:k+1], b.reduced(&alone, true), "structure %d alone", k)
				}
				assert.Equal(t, got[k][0], energies[k][0])
				for _, bits := range energies[k][1:] {
					assert.Zero(t, math.Float64frombits(bits))
				}
			}
		})
	}
}

// The launcher refuses arrays of the wrong length.
func TestReduceChecksSizes(t *testing.T) {
	b := newBench(t, 16, testIntervals)
	results, energy := room[[10]float64](b, 2), room[float32](b, 3000)
	in := gpu.Structures{First: room[int32](b, 3), Numbers: room[int32](b, 3000), Largest: 1025}
	assert.EqualError(t, b.k.Reduce(results, gpu.Array[[10]float64]{}, energy, gpu.Array[[9]float32]{}, &in), "reduce: chunks has 0 elements, expected 4")
	assert.EqualError(t, b.k.Reduce(results, results, energy, room[[9]float32](b, 2), &in), "reduce: virials has 2 elements, expected 3000")
	in.Largest = 1024
	assert.EqualError(t, b.k.Reduce(results, results, energy, gpu.Array[[9]float32]{}, &in), "reduce: chunks has 2 elements, expected 0")
	in.Numbers = room[int32](b, 2)
	assert.EqualError(t, b.k.Reduce(results, gpu.Array[[10]float64]{}, energy, gpu.Array[[9]float32]{}, &in), "reduce: energy has 3000 elements, expected 2")
}

// BenchmarkReduce is the sums of structures as large as those that reduce was measured on, which are too many atoms for all kernels under an emulator.
func BenchmarkReduce(t *testing.B) {
	most := ceiling(t)
	for _, c := range []struct {
		name  string
		sizes []int
	}{
		{"water", []int{30492}}, {"water", []int{101376}}, {"water", []int{999810}}, {"benzene", slices.Repeat([]int{12}, 2048)},
		{"water and benzene", append([]int{30492}, slices.Repeat([]int{12}, 2048)...)},
	} {
		s := newSummands(rand.New(rand.NewPCG(10, 10)), c.sizes)
		n := len(s.energy)
		t.Run(fmt.Sprintf("backend=%s/%s/atoms=%d", backend, c.name, n), func(t *testing.B) {
			b := newBenchOn(t, openCharged(t), 16, testIntervals)
			b.atoms = n
			launch, _ := b.reduction(&s, true)
			b.measure(t, &work{"reduce", 0, 40 * float64(n), launch}, most)
		})
	}
}
