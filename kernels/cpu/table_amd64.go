//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem table -out ../table_amd64.s -stubs ../table_stub_amd64.go -pkg cpu

// tableRows is rowsGeneric; false if there is no vector code.
func tableRows[T Float](phi, slope []T, t *Table[T], knots []Knot[T], group int) bool {
	if !vectorized[T]() {
		return false
	}
	n := len(knots)
	if n == 0 {
		return true
	}
	data, row := t.group(group)
	d, c, k := pointer(phi, n*row), pointer(data, len(data)), (*float32)(unsafe.Pointer(unsafe.SliceData(knots)))
	switch {
	case slope == nil && vectors == avx512:
		tableRowsAVX512(d, c, k, n, row)
	case slope == nil:
		tableRowsAVX2(d, c, k, n, row)
	case vectors == avx512:
		tableSlopesAVX512(d, pointer(slope, n*row), c, k, n, row, float32(t.perLength))
	default:
		tableSlopesAVX2(d, pointer(slope, n*row), c, k, n, row, float32(t.perLength))
	}
	return true
}
