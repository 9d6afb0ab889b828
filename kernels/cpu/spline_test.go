package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

const splineIntervals, splineLength = 12, 5.0

// splineOf fits curves, given by their values at distances.
func splineOf(parts, h int, at func(curve int, d float64) float64) *Spline[float64] {
	s := NewSpline[float64](parts, h, splineIntervals, splineIntervals/splineLength)
	var values []float64
	for k := range splineIntervals + SplineValues {
		for curve := range parts * h {
			values = append(values, at(curve, float64(k-2)*splineLength/splineIntervals))
		}
	}
	for lo := 0; lo < s.coefficients; lo += 5 { // by parts
		hi := min(lo+5, s.coefficients)
		s.Fit(values[lo*parts*h:(hi+2)*parts*h], lo, hi)
	}
	return s
}

func splineKnots(rng *rand.Rand, n int) (knots []Knot[float64], d []float64) {
	d = []float64{0, splineLength, splineLength / splineIntervals}
	for range n - 3 {
		d = append(d, splineLength*rng.Float64())
	}
	for _, x := range d {
		knots = append(knots, NewKnot(x, splineIntervals/splineLength, splineIntervals))
	}
	return knots, d
}

// Polynomials of the third degree are met exactly, with their slopes.
func TestSplineIsExactForCubics(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	knots, d := splineKnots(rng, 20)
	for _, shape := range [][2]int{{2, 32}, {3, 20}, {2, 5}} {
		parts, h := shape[0], shape[1]
		c := normal[float64](rng, 4*parts*h)
		s := splineOf(parts, h, func(i int, d float64) float64 { return c[4*i] + d*(c[4*i+1]+d*(c[4*i+2]+d*c[4*i+3])) })
		row := parts * GroupWidth
		phi, slope, same := make([]float64, len(d)*row), make([]float64, len(d)*row), make([]float64, len(d)*row)
		for group := range Groups(h) {
			s.ValuesAndSlopes(phi, slope, knots, group)
			s.Values(same, knots, group)
			assert.Equal(t, phi, same)
			for p, x := range d {
				for part := range parts {
					for f := group * GroupWidth; f < min(h, (group+1)*GroupWidth); f++ {
						i, at := part*h+f, p*row+part*GroupWidth+f%GroupWidth
						assert.InDelta(t, c[4*i]+x*(c[4*i+1]+x*(c[4*i+2]+x*c[4*i+3])), phi[at], 1e-11)
						assert.InDelta(t, c[4*i+1]+x*(2*c[4*i+2]+x*3*c[4*i+3]), slope[at], 1e-10)
					}
				}
			}
		}
	}
}

// The error of others goes with the fourth power of the knots' distance, that of
// slopes with the third.
func TestSplineConverges(t *testing.T) {
	worst := func(intervals int) (value, slope float64) {
		s := NewSpline[float64](2, 1, intervals, float64(intervals))
		var values []float64
		for k := range intervals + SplineValues {
			x := float64(k-2) / float64(intervals)
			values = append(values, math.Sin(6*x), math.Cos(6*x))
		}
		s.Fit(values, 0, intervals+SplineCoefficients)
		phi, dphi := make([]float64, 2*GroupWidth), make([]float64, 2*GroupWidth)
		for i := range 1000 {
			x := float64(i) / 1000
			s.ValuesAndSlopes(phi, dphi, []Knot[float64]{NewKnot(x, float64(intervals), intervals)}, 0)
			value = max(value, math.Abs(phi[0]-math.Sin(6*x)))
			slope = max(slope, math.Abs(dphi[0]-6*math.Cos(6*x)))
		}
		return value, slope
	}
	value, slope := worst(96)
	fineValue, fineSlope := worst(192)
	assert.InDelta(t, 16, value/fineValue, 1)
	assert.InDelta(t, 8, slope/fineSlope, 0.5)
}

func TestSplineBackward(t *testing.T) {
	const parts, h = 3, 20
	rng := rand.New(rand.NewPCG(3, 4))
	knots, d := splineKnots(rng, 6)
	row := parts * GroupWidth
	values := normal[float64](rng, (splineIntervals+SplineValues)*parts*h)
	s := NewSpline[float64](parts, h, splineIntervals, splineIntervals/splineLength)
	n := Groups(h) * len(d) * row
	gphi, gslope := normal[float64](rng, n), normal[float64](rng, n)
	for i := range gphi { // padding of the last group
		if i >= len(d)*row && i%GroupWidth >= h-GroupWidth {
			gphi[i], gslope[i] = 0, 0
		}
	}
	phi, slope := make([]float64, n), make([]float64, n)
	part := func(x []float64, group int) []float64 { return x[group*len(d)*row:][:len(d)*row] }
	loss := func() float64 {
		s.Fit(values, 0, s.coefficients)
		for group := range Groups(h) {
			s.ValuesAndSlopes(part(phi, group), part(slope, group), knots, group)
		}
		return dotProduct(phi, gphi) + dotProduct(slope, gslope)
	}
	grad, twice := NewSpline[float64](parts, h, splineIntervals, splineIntervals/splineLength), NewSpline[float64](parts, h, splineIntervals, splineIntervals/splineLength)
	for group := range Groups(h) {
		grad.Scatter(part(gphi, group), part(gslope, group), knots, group)
	}
	gvalues := make([]float64, len(values))
	grad.FitBackward(gvalues, 0, s.coefficients)
	checkGradient(t, "by the values", loss, values, gvalues)

	twice.Add(grad, 0, 4)
	twice.Add(grad, 4, s.coefficients)
	assert.Equal(t, grad, twice)
	twice.Clear(0, s.coefficients)
	assert.Equal(t, make([]float64, len(twice.data)), twice.data)
}
