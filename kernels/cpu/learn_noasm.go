//go:build !amd64 || purego

package cpu

func outer[T Float](gw, gy, x []T, rows, out, in, stride int) int { return 0 }

func messageLearn[T Float](gin State[T], gphi []T, g, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	return false
}

func moments[T Float](data, gphi []T, knots []Knot[T], parts, part int) bool { return false }

func momentsSlopes[T Float](data, gphi, gslope []T, knots []Knot[T], parts, part int, perLength T) bool {
	return false
}
