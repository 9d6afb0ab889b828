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
