//go:build (amd64 || arm64) && !purego

package cpu

import "unsafe"

//go:generate go run -C _asm ./arm64 ..

// vectors is what the operations use; tests go through all that there are.
var vectors = detect()

// Instructions names the vector instructions that the operations use.
func Instructions() string { return levels[vectors] }

// vectorized reports whether there is vector code for T.
func vectorized[T Float]() bool {
	var x T
	return vectors != portable && unsafe.Sizeof(x) == unsafe.Sizeof(float32(0))
}

// panelsFit reports whether there is vector code for rows of h features: a group.
func panelsFit[T Float](h int) bool { return vectorized[T]() && h == GroupWidth }

// pointer is the first of at least n numbers, which are float32 unless it is made one of others.
func pointer[T Float](s []T, n int) *float32 {
	s = s[:n] // the vector code checks nothing
	return (*float32)(unsafe.Pointer(unsafe.SliceData(s)))
}

// knotsOf is the first of knots, as the vector code reads them.
func knotsOf[T Float](knots []Knot[T]) *float32 {
	return (*float32)(unsafe.Pointer(unsafe.SliceData(knots)))
}

// vectorsOf is the first of a state's vectors, or nil where there are none.
func vectorsOf[T Float](a State[T]) *float32 {
	if a.V == nil {
		return nil
	}
	return pointer(a.V, 1)
}

// scalarsOf is the first of a state's scalars, or nil where there are none.
func scalarsOf[T Float](a State[T]) *float32 {
	if a.S == nil {
		return nil
	}
	return pointer(a.S, 1)
}
