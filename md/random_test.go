package md

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The numbers are those of the known answers that come with Random123: of a
// counter and key of zeros, of ones, and of digits of π.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		place
		x, y uint64
	}{
		{0, place{0, 0}, 0xca00a0459843d731, 0x66c24222c9a845b5},
		{math.MaxUint64, place{math.MaxUint64, math.MaxUint64}, 0x65b021d60cd8310f, 0x4d02f3222f86df20},
		{0xa4093822299f31d0, place{0x13198a2e03707344, 0x243f6a8885a308d3}, 0x0a5e742c2997341c, 0xb0f883d38000de5d},
	} {
		x, y := random{c.seed}.words(c.place)
		assert.Equal(t, [2]uint64{c.x, c.y}, [2]uint64{x, y})
	}
}

// Places differ in each of what they are made of, and so does what is drawn
// again from what is drawn first.
func TestPlaces(t *testing.T) {
	places := map[place]bool{}
	for _, use := range []purpose{forVelocities, forFriction, forKinetic, forCell} {
		for _, step := range []int64{0, 1, 1<<stepBits - 1} {
			for _, replica := range []int{0, 1, 1<<31 - 1} {
				for _, atom := range []int{0, 1, 1<<31 - 1} {
					p := at(use, step, replica, atom)
					places[p], places[p.again()], places[p.again().again()] = true, true, true
				}
			}
		}
	}
	assert.Len(t, places, 4*3*3*3*3)
}

// The ziggurat ends where the curve has its summit, and its layers have one area.
func TestZiggurat(t *testing.T) {
	assert.InDelta(t, 1, heights[layers-1]+edges[0]*heights[1]/edges[layers-1], 1e-10)
	tail := math.Sqrt(math.Pi/2) * math.Erfc(edges[1]/math.Sqrt2)
	assert.InEpsilon(t, edges[1]*heights[1]+tail, edges[0]*heights[1], 1e-10)
	for k := 1; k < layers-1; k++ {
		assert.InEpsilon(t, edges[0]*heights[1], edges[k]*(heights[k+1]-heights[k]), 1e-10, "%d", k)
	}
}

// Steps and whole places give the same bits as shares of the layers' edges do.
func TestLayered(t *testing.T) {
	check := func(word uint64) {
		k := word % layers
		share := (float64(word>>8&(1<<placeBits-1))*2 + 1 - 1<<placeBits) / (1 << placeBits)
		x, sure := layered(word)
		require.Equal(t, share*edges[k], x)
		require.Equal(t, math.Abs(share*edges[k]) < edges[k+1], sure, "%x", word)
	}
	r := random{5}
	for i := range 20_000 {
		x, y := r.words(at(forCell, 0, 0, i))
		check(x)
		check(y)
	}
	for k := range uint64(layers) { // about the ends of what is sure
		for _, side := range []int64{-1, 1} {
			for off := int64(-3); off <= 3; off++ {
				place := max(-1<<placeBits+1, min(side*(steps[k].sure|1)+2*off, 1<<placeBits-1))
				check(uint64((place-1+1<<placeBits)/2)<<8 | k)
			}
		}
	}
}

// A million numbers follow the distribution in their moments, up to the tail's.
func TestNormals(t *testing.T) {
	const n = 350_000
	values := make([]float64, 0, 3*n)
	products, beyond := 0.0, 0
	drawn := make([][3]float64, n)
	for step := range n / 1000 {
		random{1}.normals(drawn[1000*step:][:1000], forFriction, int64(step), 3, 0)
	}
	for _, z := range drawn {
		values = append(values, z[:]...)
		products += z[0]*z[1] + z[1]*z[2] + z[2]*z[0]
	}
	moments := [9]float64{}
	for _, x := range values {
		power := 1.0
		for m := range moments {
			moments[m] += power / (3 * n)
			power *= x
		}
		if math.Abs(x) > edges[1] {
			beyond++
		}
	}
	for m, want := range []float64{1, 0, 1, 0, 3, 0, 15} {
		variance := []float64{1, 1, 2, 15, 96, 945, 10170}[m] // ⟨x²ᵐ⟩ − ⟨xᵐ⟩²
		assert.InDelta(t, want, moments[m], 4*math.Sqrt(variance/(3*n)), "moment %d", m)
	}
	assert.InDelta(t, 0, products/(3*n), 4/math.Sqrt(3*n))
	tail := math.Erfc(edges[1]/math.Sqrt2) * 3 * n
	assert.InDelta(t, tail, beyond, 4*math.Sqrt(tail))
	assert.Less(t, kolmogorovSmirnov(values, func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }), 1.95)
}

// An atom's numbers are its own, whichever are drawn with them, and one alone is
// the first of three.
func TestNormalsOfAnAtom(t *testing.T) {
	var all [2003][3]float64
	random{7}.normals(all[:], forFriction, 5, 2, 0)
	for _, first := range []int{1, 2, 3, 997} {
		var some [1001][3]float64
		random{7}.normals(some[:], forFriction, 5, 2, first)
		assert.Equal(t, all[first:][:len(some)], some[:])
	}
	for i := range all {
		assert.Equal(t, all[i][0], random{7}.normal(at(forFriction, 5, 2, i)), i)
	}
}

func TestChiSquared(t *testing.T) {
	for _, n := range []int{1, 2, 5, 300} {
		var values []float64
		for i := range 20_000 {
			draw := 0
			values = append(values, random{2}.chiSquared(n, int64(i), n, &draw))
		}
		assert.Less(t, kolmogorovSmirnov(values, chiSquared(float64(n))), 1.95, "%d", n)
	}
	draw := 0
	assert.Zero(t, random{2}.chiSquared(0, 1, 1, &draw))
}

func BenchmarkNormals(b *testing.B) {
	var n [1000][3]float64
	for b.Loop() {
		random{1}.normals(n[:], forFriction, 1, 3, 0)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(n)), "ns/atom")
}
