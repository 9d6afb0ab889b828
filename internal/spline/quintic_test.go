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
