package md

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The numbers are those of the known answers that come with Random123: of a
// counter and key of zeros, of ones, and of digits of π.
func TestPhilox(t *testing.T) {
	assert.Equal(t, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, random{}.words(0, 0, 0, 0))
	ones := random{math.MaxUint64}.words(15, 1<<60-1, math.MaxUint32, math.MaxUint32)
	assert.Equal(t, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, ones)
	pi := random{0x299f31d0<<32 | 0xa4093822}.words(0x0, 0x0370734413198a2e, 0x85a308d3, 0x243f6a88)
	assert.Equal(t, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, pi)
}

func TestNormals(t *testing.T) {
	const n = 50_000
	var values []float64
	for i := range n {
		z := normals(random{1}.words(forFriction, int64(i%100), 3, i))
		values = append(values, z[:]...)
	}
	assert.Less(t, kolmogorovSmirnov(values, func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }), 1.95)
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
