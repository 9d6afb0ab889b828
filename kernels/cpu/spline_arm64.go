//go:build !purego

package cpu

// splineValues is Values of a group's data; false if there is no vector code.
func splineValues[T Float](phi, data []T, knots []Knot[T], row int) bool {
	n := len(knots)
	if !vectorized[T]() || n == 0 {
		return n == 0
	}
	splineValuesNEON(pointer(phi, n*row), pointer(data, len(data)), knotsOf(knots), n, row)
	return true
}

// splineSlopes is ValuesAndSlopes of a group's data; false if there is no vector code.
func splineSlopes[T Float](phi, slope, data []T, knots []Knot[T], row int, perLength T) bool {
	n := len(knots)
	if !vectorized[T]() || n == 0 {
		return n == 0
	}
	splineSlopesNEON(pointer(phi, n*row), pointer(slope, n*row), pointer(data, len(data)), knotsOf(knots), n, row, float32(perLength))
	return true
}

// splineScatter is Scatter of a group's data; false if there is no vector code.
func splineScatter[T Float](data, gphi, gslope []T, knots []Knot[T], row int, perLength T) bool {
	n := len(knots)
	if !vectorized[T]() || n == 0 {
		return n == 0
	}
	splineScatterNEON(pointer(data, len(data)), pointer(gphi, n*row), pointer(gslope, n*row), knotsOf(knots), n, row, float32(perLength))
	return true
}
