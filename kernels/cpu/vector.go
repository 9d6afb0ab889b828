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
