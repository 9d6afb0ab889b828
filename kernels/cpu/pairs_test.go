package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
)

func TestPairs(t *testing.T) {
	var list atoms.Pairs[float64]
	x := [3]float64{1, -2, 2}
	list.Resize(2)
	list.Set(0, 3, 5, x, atoms.Distance(x))
	list.Set(1, 1, 1, x, 3)
	p := directed(list)
	for c := range x {
		assert.InDelta(t, x[c]/(3+1e-8), p.U[0][c], 1e-15)
	}
	tail := p.Slice(1, 2)
	assert.Equal(t, []int32{1}, tail.I)
	assert.Equal(t, p.U[1:], tail.U)
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
		got := PairGradient(at, atoms.Distance(at), PairGrad[float64]{gu[0], gu[1], gu[2], gd})
		checkGradient(t, "∂E/∂x", f, x, got[:])
	}
}

func TestPairGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n = 7
	pairs, grads, forces := randomPairs(rng, n, 3), make([]PairGrad[float64], n), make([][3]float64, n)
	for p := range grads {
		grads[p] = PairGrad[float64](normal[float64](rng, 4))
	}
	var want [3][3]float64
	virial := PairGradients(forces, pairs.X, pairs.D, grads)
	for p, x := range pairs.X {
		g := PairGradient(x, pairs.D[p], grads[p])
		assert.Equal(t, g, forces[p])
		for a := range g {
			for b := range x {
				want[a][b] -= g[a] * x[b]
			}
		}
	}
	assert.Equal(t, want, virial)
	sum := append([]PairGrad[float64](nil), grads...)
	AddPairGrads(sum, grads)
	for p, g := range grads {
		assert.Equal(t, PairGrad[float64]{2 * g[0], 2 * g[1], 2 * g[2], 2 * g[3]}, sum[p])
	}
}
