//go:build !purego

package cpu

import "unsafe"

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

// packRows is PackRows, of at least an atom.
func packRows[T Float](rows []T, from State[T], list []int32, atoms, h int, past bool) bool {
	if !vectorized[T]() || h%GroupWidth != 0 {
		return false
	}
	to, s, v := pointer(rows, len(list)*4*h), pointer(from.S, atoms*h), pointer(from.V, 3*atoms*h)
	switch wide, begins := vectors == avx512, uintptr(unsafe.Pointer(to)); {
	case wide && past && begins%64 == 0:
		streamRowsAVX512(to, s, v, &list[0], len(list), h/GroupWidth, atoms)
	case wide:
		packRowsAVX512(to, s, v, &list[0], len(list), h/GroupWidth, atoms)
	case past && begins%32 == 0:
		streamRowsAVX2(to, s, v, &list[0], len(list), h/GroupWidth, atoms)
	default:
		packRowsAVX2(to, s, v, &list[0], len(list), h/GroupWidth, atoms)
	}
	return true
}

// unpackRows is UnpackRows, of at least an atom.
func unpackRows[T Float](to State[T], rows []T, first, n, atoms, h int) bool {
	if !vectorized[T]() || h%GroupWidth != 0 {
		return false
	}
	from, s, v := pointer(rows, n*4*h), pointer(to.S[first*GroupWidth:], atoms*h-first*GroupWidth), pointer(to.V[3*first*GroupWidth:], 3*(atoms*h-first*GroupWidth))
	if vectors == avx512 {
		unpackRowsAVX512(from, s, v, n, h/GroupWidth, atoms)
	} else {
		unpackRowsAVX2(from, s, v, n, h/GroupWidth, atoms)
	}
	return true
}
