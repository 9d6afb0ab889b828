//go:build !purego

package cpu

import "unsafe"

// quad is how many pairs' gradients are as long as a row of 16 numbers.
const quad = 4

// addPairGrads is AddPairGrads for the first pairs: how many it did.
func addPairGrads[T Float](to, from []PairGrad[T]) (done int) {
	rows := len(to) / quad
	if !vectorized[T]() || rows == 0 {
		return 0
	}
	addRowsNEON((*float32)(unsafe.Pointer(unsafe.SliceData(to))), GroupWidth, (*float32)(unsafe.Pointer(unsafe.SliceData(from))), GroupWidth, rows)
	return rows * quad
}

// pairGradients is left to portable Go.
func pairGradients[T Float](forces [][3]T, virial *[3][3]float64, x [][3]T, d []T, grads []PairGrad[T]) (done int) {
	return 0
}

// directions is left to portable Go.
func directions[T Float](u, x [][3]T, d []T) (done int) { return 0 }

// placeKnots is left to portable Go.
func placeKnots[T Float](knots []Knot[T], d []T, perLength float64, intervals int) (done int) {
	return 0
}
