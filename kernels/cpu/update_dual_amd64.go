//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem update_dual -out ../update_dual_amd64.s -stubs ../update_dual_stub_amd64.go -pkg cpu

// normsTangent is v·dv/|v| of atoms; norms and rates are row numbers apart.
func normsTangent[T Float](rate, norm, v, dv []T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	reach := (atoms-1)*row + h
	r, n, f, t := pointer(rate, reach), pointer(norm, reach), pointer(v, len(v)), pointer(dv, len(v))
	if vectors == avx512 {
		updateNormTangentAVX512(r, n, f, t, atoms, row)
	} else {
		updateNormTangentAVX2(r, n, f, t, atoms, row)
	}
	return true
}

// normsDualBackward is lv += ln·v/n + gn·(v̇/n − v·ṅ/n²) of atoms; all of norms are
// row numbers apart.
func normsDualBackward[T Float](lv, ln, gn, v, dv, norm, rate []T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	reach := (atoms-1)*row + h
	l, f, t := pointer(lv, len(v)), pointer(v, len(v)), pointer(dv, len(v))
	a, b, n, r := pointer(ln, reach), pointer(gn, reach), pointer(norm, reach), pointer(rate, reach)
	if vectors == avx512 {
		updateNormDualBackwardAVX512(l, a, b, f, t, n, r, atoms, row)
	} else {
		updateNormDualBackwardAVX2(l, a, b, f, t, n, r, atoms, row)
	}
	return true
}

// gateTangent is UpdateVectorsTangent.
func gateTangent[T Float](dout, v, dv, g1, g2, d1, d2 []T, m *[3][3]T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	reach := (atoms-1)*row + h
	o, f, t, matrix := pointer(dout, len(v)), pointer(v, len(v)), pointer(dv, len(v)), (*[3][3]float32)(unsafe.Pointer(m))
	a, b, c, d := pointer(g1, reach), pointer(g2, reach), pointer(d1, reach), pointer(d2, reach)
	if vectors == avx512 {
		updateVectorsTangentAVX512(o, f, t, a, b, c, d, matrix, atoms, row)
	} else {
		updateVectorsTangentAVX2(o, f, t, a, b, c, d, matrix, atoms, row)
	}
	return true
}

// gateDualBackward is UpdateVectorsDualBackward.
func gateDualBackward[T Float](lv, lg1, lg2, g, v, dv, g1, g2, d1, d2 []T, m *[3][3]T, h, rows, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	reach, gradReach := (atoms-1)*row+h, (atoms-1)*rows+h
	l, s, f, t, matrix := pointer(lv, len(v)), pointer(g, len(v)), pointer(v, len(v)), pointer(dv, len(v)), (*[3][3]float32)(unsafe.Pointer(m))
	la, lb := pointer(lg1, gradReach), pointer(lg2, gradReach)
	a, b, c, d := pointer(g1, reach), pointer(g2, reach), pointer(d1, reach), pointer(d2, reach)
	if vectors == avx512 {
		updateVectorsDualBackwardAVX512(l, la, lb, s, f, t, a, b, c, d, matrix, atoms, rows, row)
	} else {
		updateVectorsDualBackwardAVX2(l, la, lb, s, f, t, a, b, c, d, matrix, atoms, rows, row)
	}
	return true
}
