package spline

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The splines of a polynomial of degree 5 are that polynomial, and the last
// knot's is its tangent.
func TestQuintic(t *testing.T) {
	polynomial := [6]float64{0.3, -1.2, 0.7, 0.25, -0.11, 0.04}
	at := func(x float64) (y, dy, ddy float64) {
		for n, c := range polynomial {
			y += c * math.Pow(x, float64(n))
			dy += c * float64(n) * math.Pow(x, float64(max(n-1, 0)))
			ddy += c * float64(n*(n-1)) * math.Pow(x, float64(max(n-2, 0)))
		}
		return y, dy, ddy
	}
	const knots, step = 4, 0.5
	var values, slopes, curvatures []float64
	for k := range knots {
		for _, sign := range []float64{1, -2} { // two curves
			y, dy, ddy := at(step * float64(k))
			values, slopes, curvatures = append(values, sign*y), append(slopes, sign*dy*step), append(curvatures, sign*ddy*step*step)
		}
	}
	c := Quintic(values, slopes, curvatures, 2)
	assert.Len(t, c, 2*knots)
	for k := range knots - 1 {
		for share := 0.0; share <= 1; share += 0.125 {
			y, _, _ := at(step * (float64(k) + share))
			for curve, sign := range []float64{1, -2} {
				got := 0.0
				for n, x := range c[2*k+curve] {
					got += x * math.Pow(share, float64(n))
				}
				assert.InDelta(t, sign*y, got, 1e-14)
			}
		}
	}
	assert.Equal(t, [6]float64{values[6], slopes[6]}, c[6])
}

// Degree 4 meets values at both ends of an interval, and the quintic and its
// slope between them to what is promised; of a polynomial of degree 4 it is that.
func TestQuartic(t *testing.T) {
	for _, polynomial := range [][6]float64{{0.3, -1.2, 0.7, 0.25, -0.11, 0.04}, {1, 2, 3, 4, 5, -6}, {1, 2, 3, 4, 5}} {
		c := polynomial
		values, slopes, curvatures := []float64{c[0], 0}, []float64{c[1], 0}, []float64{2 * c[2], 0}
		for n, x := range c { // at 1
			n := float64(n)
			values[1], slopes[1], curvatures[1] = values[1]+x, slopes[1]+n*x, curvatures[1]+n*(n-1)*x
		}
		quartic := Quartic(values, slopes, curvatures, 1)
		assert.Len(t, quartic, 2)
		missed, slope := 0.0, 0.0
		for k := range 101 {
			share, y, dy := float64(k)/100, 0.0, 0.0
			for n, x := range c {
				if n < len(quartic[0]) {
					x -= quartic[0][n]
				}
				y += x * math.Pow(share, float64(n))
				dy += x * float64(n) * math.Pow(share, float64(max(n-1, 0)))
			}
			missed, slope = max(missed, math.Abs(y)), max(slope, math.Abs(dy))
			if k == 0 || k == 100 {
				assert.InDelta(t, 0, y, 1e-13)
			}
		}
		assert.LessOrEqual(t, missed, 0.003*math.Abs(c[5])+1e-13)
		assert.InDelta(t, SlopeOfQuartic*math.Abs(c[5]), slope, 1e-12)
	}
}
