package spline

// Quartic returns Quintic's polynomials lowered to degree 4: of t⁵ it takes away
// the integral of the Legendre polynomial P4 on [0, 1],
//
//	t⁵ ≈ 5/2·t⁴ − 15/7·t³ + 5/7·t² − 1/14·t
//
// which is exact at 0 and at 1, so that curves stay continuous. Slopes miss by up
// to SlopeOfQuartic·c[5], at the ends, and values by up to 0.0030·c[5].
func Quartic(values, slopes, curvatures []float64, curves int) [][5]float64 {
	lower := make([][5]float64, len(values))
	for i := range lower {
		c := quintic(values, slopes, curvatures, i, i+curves)
		high := c[5]
		lower[i] = [5]float64{c[0], c[1] - high/14, c[2] + 5./7*high, c[3] - 15./7*high, c[4] + 2.5*high}
	}
	return lower
}

// SlopeOfQuartic is the largest slope of what Quartic takes away, over c[5].
const SlopeOfQuartic = 1. / 14
