package md

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// kolmogorovSmirnov is √n times the largest difference between the
// distribution of independent values and the one expected: beyond 1.63 in one of
// a hundred tests, beyond 1.95 in one of a thousand.
func kolmogorovSmirnov(values []float64, cdf func(float64) float64) float64 {
	values = slices.Sorted(slices.Values(values))
	n, worst := float64(len(values)), 0.0
	for i, x := range values {
		p := cdf(x)
		worst = max(worst, p-float64(i)/n, float64(i+1)/n-p)
	}
	return worst * math.Sqrt(n)
}

func chiSquared(n float64) func(float64) float64 { return distuv.ChiSquared{K: n}.CDF }

// gamma is the distribution with density ∝ x^(shape−1) e^(−x/scale).
func gamma(shape, scale float64) func(float64) float64 {
	return func(x float64) float64 { return mathext.GammaIncReg(shape, x/scale) }
}
