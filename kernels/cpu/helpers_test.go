package cpu

import (
	"math/rand/v2"
	"testing"

	"painless/atoms"
	"painless/internal/tolerance"
)

// normal is n standard normal numbers.
func normal[T Float](rng *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(rng.NormFloat64())
	}
	return x
}

func widen[T Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func dotProduct(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// checkGradient holds gradient against central differences of f along every
// element of every x: f reads the groups that x holds.
func checkGradient(t *testing.T, what string, f func() float64, x, gradient []float64) {
	t.Helper()
	const h = 1e-5
	numeric := make([]float64, len(x))
	for i := range x {
		at := x[i]
		x[i] = at + h
		up := f()
		x[i] = at - h
		numeric[i] = (up - f()) / (2 * h)
		x[i] = at
	}
	tolerance.Check(t, what, gradient, numeric, 1e-7, 1e-7)
}

// randomPairs is p pairs among n atoms, some of an atom with itself.
func randomPairs(rng *rand.Rand, p, n int) Pairs[float64] {
	var pairs atoms.Pairs[float64]
	pairs.Resize(p)
	for k := range p {
		x := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
		pairs.Set(k, int32(rng.IntN(n)), int32(rng.IntN(n)), x, atoms.Distance(x))
	}
	return directed(pairs)
}

// directed is pairs with their directions.
func directed[T Float](pairs atoms.Pairs[T]) Pairs[T] {
	p := Pairs[T]{pairs, make([][3]T, len(pairs.D))}
	p.Direct(0, len(pairs.D))
	return p
}
