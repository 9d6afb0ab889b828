//go:build (!amd64 && !arm64) || purego

package cpu

// Without vector code the operation is its portable Go.

func tableRows[T Float](phi, slope []T, t *Table[T], knots []Knot[T], group int) bool { return false }
