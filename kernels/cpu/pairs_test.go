package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPairs(t *testing.T) {
	var p Pairs[float64]
	x := [3]float64{1, -2, 2}
	p.Resize(2)
	p.Set(0, 3, 5, x, Length(x))
	assert.Equal(t, 3.0, p.D[0])
	for c := range x {
		assert.InDelta(t, x[c]/(3+1e-8), p.U[0][c], 1e-15)
	}
	p.Set(1, 1, 1, x, 3)
	tail := p.Slice(1, 2)
	assert.Equal(t, []int32{1}, tail.I)
	p.Resize(1)
	assert.Equal(t, []float64{3}, p.D)
}

func TestPairGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		x := normal[float64](rng, 3)
		gd, gu := rng.NormFloat64(), [3]float64(normal[float64](rng, 3))
		f := func() float64 {
			d := math.Sqrt(dotProduct(x, x))
			return gd*d + dotProduct(gu[:], x)/(d+unitEps)
		}
		at := [3]float64(x)
		got := PairGradient(at, Length(at), PairGrad[float64]{gu[0], gu[1], gu[2], gd})
		checkGradient(t, "∂E/∂x", f, x, got[:])
	}
}
