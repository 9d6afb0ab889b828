package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOuter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rows, out, in, stride = 5, 3, 4, 7
	gy, x := normal[float64](rng, rows*stride), normal[float64](rng, rows*in)
	gw, gb := make([]float64, out*in), make([]float64, out)
	gw[0], gb[0] = 1, 1
	Outer(gw, gb, gy, x, rows, out, in, stride)
	for o := range out {
		bias := 0.0
		for r := range rows {
			bias += gy[r*stride+o]
		}
		for k := range in {
			sum := 0.0
			for r := range rows {
				sum += gy[r*stride+o] * x[r*in+k]
			}
			if o+k == 0 {
				sum, bias = sum+1, bias+1
			}
			assert.InDelta(t, sum, gw[o*in+k], 1e-14)
		}
		assert.InDelta(t, bias, gb[o], 1e-14)
	}
	Outer[float64](gw, gb, nil, nil, 0, out, in, stride)
}

// The reverse gives the gradient of the message's output by its input and by φ.
func TestMessageLearn(t *testing.T) {
	for _, first := range []bool{true, false} {
		c := newMessageCase(3, GroupWidth, first)
		gin := State[float64]{append([]float64{}, c.g.S...), append([]float64{}, c.g.V...)}
		gphi := make([]float64, len(c.filter.Phi))
		MessageLearn(gin, gphi, c.g, c.in, c.pairs, c.filter, c.h)
		check := func(what string, x, g []float64) {
			for i := range x {
				before := x[i]
				const step = 1e-5
				x[i] = before + step
				up := c.energy()
				x[i] = before - step
				down := c.energy()
				x[i] = before
				assert.InDelta(t, (up-down)/(2*step), g[i], 1e-8, "%s %d", what, i)
			}
		}
		check("φ", c.filter.Phi, gphi)
		check("s", c.in.S, gin.S)
		if !first {
			check("v", c.in.V, gin.V)
		}
	}
}

// A spline of a cubic is that cubic, and the gradient by the values at the knots
// is that of what is read from the table.
func TestSpline(t *testing.T) {
	const intervals, parts, h, cutoff = 6, 2, 20, 3.0
	rng := rand.New(rand.NewPCG(4, 5))
	s := NewSpline[float64](intervals, parts, h, cutoff)
	knots, row := s.knots(), parts*h
	y := make([]float64, knots*row)
	coefficients := normal[float64](rng, 4*row)
	cubic := func(c int, d float64) (value, slope float64) {
		a := coefficients[4*c:]
		return a[0] + d*(a[1]+d*(a[2]+d*a[3])), a[1] + d*(2*a[2]+d*3*a[3])
	}
	for k := range knots {
		for c := range row {
			y[k*row+c], _ = cubic(c, float64(k-KnotsBefore)*cutoff/intervals)
		}
	}
	s.Set(y, h)
	var places []Knot[float64]
	var ds []float64
	for range 30 {
		d := rng.Float64() * cutoff
		ds, places = append(ds, d), append(places, NewKnot(d, intervals/cutoff, intervals))
	}
	ds, places = append(ds, 0, cutoff), append(places, NewKnot(0., intervals/cutoff, intervals), NewKnot(cutoff, intervals/cutoff, intervals))
	read := func(group int) (phi, slope []float64) {
		phi, slope = make([]float64, len(places)*parts*GroupWidth), make([]float64, len(places)*parts*GroupWidth)
		s.Table.ValuesAndSlopes(phi, slope, places, group)
		return phi, slope
	}
	for c := range row {
		part, f := c/h, c%h
		phi, slope := read(f / GroupWidth)
		for p, d := range ds {
			value, by := cubic(c, d)
			at := (p*parts+part)*GroupWidth + f%GroupWidth
			assert.InDelta(t, value, phi[at], 1e-12)
			assert.InDelta(t, by, slope[at], 1e-11)
		}
	}

	m := s.NewMoments()
	weights := [2][]float64{normal[float64](rng, len(places)*parts*GroupWidth), normal[float64](rng, len(places)*parts*GroupWidth)}
	loss := func() (sum float64) {
		s.Set(y, h)
		for group := range 2 {
			phi, _ := read(group)
			for i, w := range weights[group] {
				sum += w * phi[i]
			}
		}
		return sum
	}
	for group := range 2 {
		s.Add(m, weights[group], places, group)
	}
	twice := s.NewMoments()
	twice.AddFrom(m)
	gy := make([]float64, len(y))
	s.Gradient(gy, twice, h)
	for i := range y {
		y[i]++
		up := loss()
		y[i] -= 2
		assert.InDelta(t, (up-loss())/2, gy[i], 1e-10)
		y[i]++
	}
	twice.Clear()
	s.Gradient(gy, twice, h)
	assert.Zero(t, gy[7])
	assert.False(t, math.IsNaN(gy[8]))
}
