// Package spline makes polynomials of what is known at knots.
package spline

// Quintic returns the quintic Hermite splines of curves at equidistant knots:
// each interval's polynomial of t, the share of it that a point has come along,
//
//	y = c[0] + c[1]·t + … + c[5]·t⁵
//
// for values, and slopes and curvatures times the knots' distance to the power
// of 1 and 2, each [knots, curves]. It is [knots, curves]; the last knot's
// polynomial is its tangent.
//
// c[3], c[4] and c[5] are made of the difference of the values, not of the
// values, and are to be rounded last: slopes are then as exact as values.
func Quintic(values, slopes, curvatures []float64, curves int) [][6]float64 {
	c := make([][6]float64, len(values))
	for i := range c {
		c[i] = quintic(values, slopes, curvatures, i, i+curves)
	}
	return c
}

// quintic is the polynomial from i to next, which may lie behind the end.
func quintic(values, slopes, curvatures []float64, i, next int) [6]float64 {
	if next >= len(values) {
		return [6]float64{values[i], slopes[i]}
	}
	rise, m0, m1, a0, a1 := values[next]-values[i], slopes[i], slopes[next], curvatures[i], curvatures[next]
	return [6]float64{
		values[i],
		m0,
		a0 / 2,
		10*rise - 6*m0 - 4*m1 - 1.5*a0 + 0.5*a1,
		-15*rise + 8*m0 + 7*m1 + 1.5*a0 - a1,
		6*rise - 3*m0 - 3*m1 - 0.5*a0 + 0.5*a1,
	}
}
