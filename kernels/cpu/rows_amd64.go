//go:build !purego

package cpu

//go:generate go run -C _asm . -stem rows -out ../rows_amd64.s -stubs ../rows_stub_amd64.go -pkg cpu

// copyRows is CopyRows.
func copyRows[T Float](dst []T, to int, src []T, from, width, n int) bool {
	if !panelsFit[T](width) {
		return false
	}
	d, s := pointer(dst, (n-1)*to+width), pointer(src, (n-1)*from+width)
	if vectors == avx512 {
		copyRowsAVX512(d, to, s, from, n)
	} else {
		copyRowsAVX2(d, to, s, from, n)
	}
	return true
}

// addRows is AddRows.
func addRows[T Float](dst []T, to int, src []T, from, width, n int) bool {
	if !panelsFit[T](width) {
		return false
	}
	d, s := pointer(dst, (n-1)*to+width), pointer(src, (n-1)*from+width)
	if vectors == avx512 {
		addRowsAVX512(d, to, s, from, n)
	} else {
		addRowsAVX2(d, to, s, from, n)
	}
	return true
}
