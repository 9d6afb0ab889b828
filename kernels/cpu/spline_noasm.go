//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func splineValues[T Float](phi, data []T, knots []Knot[T], row int) bool { return false }

func splineSlopes[T Float](phi, slope, data []T, knots []Knot[T], row int, perLength T) bool {
	return false
}

func splineScatter[T Float](data, gphi, gslope []T, knots []Knot[T], row int, perLength T) bool {
	return false
}
