//go:build !purego

package cpu

// copyRows is CopyRows.
func copyRows[T Float](dst []T, to int, src []T, from, width, n int) bool {
	if !panelsFit[T](width) {
		return false
	}
	copyRowsNEON(pointer(dst, (n-1)*to+width), to, pointer(src, (n-1)*from+width), from, n)
	return true
}

// addRows is AddRows.
func addRows[T Float](dst []T, to int, src []T, from, width, n int) bool {
	if !panelsFit[T](width) {
		return false
	}
	addRowsNEON(pointer(dst, (n-1)*to+width), to, pointer(src, (n-1)*from+width), from, n)
	return true
}

// Rows of atoms are left to Go's copy, which is vector code.

func packRows[T Float](rows []T, from State[T], list []int32, atoms, h int, past bool) bool {
	return false
}

func unpackRows[T Float](to State[T], rows []T, first, n, atoms, h int) bool { return false }
