//go:build !purego

package cpu

//go:generate go run -C _asm . -stem spline -out ../spline_amd64.s -stubs ../spline_stub_amd64.go -pkg cpu

// splineValues is Values of a group's data; false if there is no vector code.
func splineValues[T Float](phi, data []T, knots []Knot[T], row int) bool {
	n := len(knots)
	if !vectorized[T]() || n == 0 {
		return n == 0
	}
	if to, from := pointer(phi, n*row), pointer(data, len(data)); vectors == avx512 {
		splineValuesAVX512(to, from, knotsOf(knots), n, row)
	} else {
		splineValuesAVX2(to, from, knotsOf(knots), n, row)
	}
	return true
}

// splineSlopes is ValuesAndSlopes of a group's data; false if there is no vector code.
func splineSlopes[T Float](phi, slope, data []T, knots []Knot[T], row int, perLength T) bool {
	n := len(knots)
	if !vectorized[T]() || n == 0 {
		return n == 0
	}
	if to, rate, from := pointer(phi, n*row), pointer(slope, n*row), pointer(data, len(data)); vectors == avx512 {
		splineSlopesAVX512(to, rate, from, knotsOf(knots), n, row, float32(perLength))
	} else {
		splineSlopesAVX2(to, rate, from, knotsOf(knots), n, row, float32(perLength))
	}
	return true
}

// splineScatter is Scatter of a group's data; false if there is no vector code.
func splineScatter[T Float](data, gphi, gslope []T, knots []Knot[T], row int, perLength T) bool {
	n := len(knots)
	if !vectorized[T]() || n == 0 {
		return n == 0
	}
	if to, value, rate := pointer(data, len(data)), pointer(gphi, n*row), pointer(gslope, n*row); vectors == avx512 {
		splineScatterAVX512(to, value, rate, knotsOf(knots), n, row, float32(perLength))
	} else {
		splineScatterAVX2(to, value, rate, knotsOf(knots), n, row, float32(perLength))
	}
	return true
}
