package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

func TestSiLU(t *testing.T) {
	x := []float64{-1000, -100, -20, -1, -0.1, 0, 0.1, 1, 20, 100, 1000}
	want := make([]float64, len(x))
	for i, xi := range x {
		want[i] = xi * (0.5 + 0.5*math.Tanh(xi/2)) // another form of x·σ(x)
	}
	got := make([]float64, len(x))
	SiLU(got, x)
	tolerance.Check(t, "silu", got, want, 1e-14, 1e-14)

	single := make([]float32, len(x))
	for i := range x {
		single[i] = float32(x[i])
	}
	SiLU(single, single)
	tolerance.Check(t, "silu in float32", widen(single), want, 1e-8, 1e-7)
}

func TestSiLUDerivatives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, weight := normal[float64](rng, 40), normal[float64](rng, 40)
	x[0], x[1], x[2] = 0, 30, -30
	value := make([]float64, len(x))
	energy := func() float64 {
		SiLU(value, x)
		return dotProduct(value, weight)
	}
	backward := append([]float64(nil), weight...)
	SiLUBackward(backward, x)
	checkGradient(t, "SiLUBackward", energy, x, backward)

	tangent := make([]float64, len(x))
	both := make([]float64, len(x))
	SiLUTangent(both, tangent, x, weight)
	energy()
	assert.Equal(t, value, both)
	tolerance.Check(t, "SiLUTangent", tangent, backward, 1e-15, 1e-15)
}

func TestSiLUDualBackward(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n = 40
	x, tangent, weight, gtangent := normal[float64](rng, n), normal[float64](rng, n), normal[float64](rng, n), normal[float64](rng, n)
	x[0], x[1], x[2] = 0, 30, -30
	value, slope := make([]float64, n), make([]float64, n)
	loss := func() float64 {
		SiLUTangent(value, slope, x, tangent)
		return dotProduct(value, weight) + dotProduct(slope, gtangent)
	}
	grad := append([]float64(nil), weight...)
	SiLUDualBackward(grad, x, tangent, gtangent)
	checkGradient(t, "by x", loss, x, grad)
	along := append([]float64(nil), gtangent...)
	SiLUBackward(along, x)
	checkGradient(t, "by the tangent", loss, tangent, along)
}
