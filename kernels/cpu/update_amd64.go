//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem update -out ../update_amd64.s -stubs ../update_stub_amd64.go -pkg cpu

// norms is |v| of atoms, row numbers apart.
func norms[T Float](norm, v []T, floor T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	if atoms == 0 {
		return true
	}
	n, f := pointer(norm, (atoms-1)*row+h), pointer(v, len(v))
	if vectors == avx512 {
		updateNormAVX512(n, f, atoms, row, float32(floor))
	} else {
		updateNormAVX2(n, f, atoms, row, float32(floor))
	}
	return true
}

// gate is UpdateVectors.
func gate[T Float](out, v, g1, g2 []T, m *[3][3]T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	if atoms == 0 {
		return true
	}
	reach := (atoms-1)*row + h
	o, f, a, b, matrix := pointer(out, len(v)), pointer(v, len(v)), pointer(g1, reach), pointer(g2, reach), (*[3][3]float32)(unsafe.Pointer(m))
	if vectors == avx512 {
		updateVectorsAVX512(o, f, a, b, matrix, atoms, row)
	} else {
		updateVectorsAVX2(o, f, a, b, matrix, atoms, row)
	}
	return true
}

// gateBackward is UpdateVectorsBackward.
func gateBackward[T Float](gv, gg1, gg2, v, g1, g2 []T, m *[3][3]T, h, rows, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	if atoms == 0 {
		return true
	}
	reach, gradReach := (atoms-1)*row+h, (atoms-1)*rows+h
	g, ga, gb, f := pointer(gv, len(v)), pointer(gg1, gradReach), pointer(gg2, gradReach), pointer(v, len(v))
	a, b, matrix := pointer(g1, reach), pointer(g2, reach), (*[3][3]float32)(unsafe.Pointer(m))
	if vectors == avx512 {
		updateVectorsBackwardAVX512(g, ga, gb, f, a, b, matrix, atoms, rows, row)
	} else {
		updateVectorsBackwardAVX2(g, ga, gb, f, a, b, matrix, atoms, rows, row)
	}
	return true
}

// normsBackward is gv += gnorm·v/|v| of atoms; gnorm are row numbers apart.
func normsBackward[T Float](gv, gnorm, v []T, floor T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	if atoms == 0 {
		return true
	}
	g, n, f := pointer(gv, len(v)), pointer(gnorm, (atoms-1)*row+h), pointer(v, len(v))
	if vectors == avx512 {
		updateNormBackwardAVX512(g, n, f, atoms, row, float32(floor))
	} else {
		updateNormBackwardAVX2(g, n, f, atoms, row, float32(floor))
	}
	return true
}
