//go:build !purego

package cpu

import "unsafe"

// normsTangent is v·dv/|v| of atoms; norms and rates are row numbers apart.
func normsTangent[T Float](rate, norm, v, dv []T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	reach := (atoms-1)*row + h
	r, n, f, t := pointer(rate, reach), pointer(norm, reach), pointer(v, len(v)), pointer(dv, len(v))
	updateNormTangentNEON(r, n, f, t, atoms, row)
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
	updateNormDualBackwardNEON(l, a, b, f, t, n, r, atoms, row)
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
	updateVectorsTangentNEON(o, f, t, a, b, c, d, matrix, atoms, row)
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
	updateVectorsDualBackwardNEON(l, la, lb, s, f, t, a, b, c, d, matrix, atoms, rows, row)
	return true
}
