//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem update -out ../update_amd64.s -stubs ../update_stub_amd64.go -pkg cpu

// updateInput is UpdateInput of some atoms.
func updateInput[T Float](x, s, v []T, floor T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms, row := len(s)/h, 2*full
	to, norm, scalars, vectors3 := pointer(x, (atoms-1)*row+h), pointer(x[full:], (atoms-1)*row+h), pointer(s, atoms*h), pointer(v, 3*atoms*h)
	if vectors == avx512 {
		updateInputAVX512(to, norm, scalars, vectors3, atoms, row, float32(floor))
	} else {
		updateInputAVX2(to, norm, scalars, vectors3, atoms, row, float32(floor))
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

// updateOutput is UpdateOutput of some atoms.
func updateOutput[T Float](s, out, v, gates, y []T, m *[3][3]T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(s) / h
	scalars, to := pointer(s, atoms*h), pointer(out, 3*atoms*h)
	from, kept, network := pointer(v, 3*atoms*h), pointer(gates, (2*atoms-1)*full+h), pointer(y, (3*atoms-1)*full+h)
	if matrix := (*[3][3]float32)(unsafe.Pointer(m)); vectors == avx512 {
		updateOutputAVX512(scalars, to, from, kept, network, matrix, atoms, full)
	} else {
		updateOutputAVX2(scalars, to, from, kept, network, matrix, atoms, full)
	}
	return true
}

// updateOutputBackward is UpdateOutputBackward of some atoms.
func updateOutputBackward[T Float](gy []T, g State[T], v, gates []T, m *[3][3]T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(g.S) / h
	to, gs, gv := pointer(gy, (3*atoms-1)*full+h), pointer(g.S, atoms*h), pointer(g.V, 3*atoms*h)
	from, kept := pointer(v, 3*atoms*h), pointer(gates, (2*atoms-1)*full+h)
	if matrix := (*[3][3]float32)(unsafe.Pointer(m)); vectors == avx512 {
		updateOutputBackwardAVX512(to, gs, gv, from, kept, matrix, atoms, full)
	} else {
		updateOutputBackwardAVX2(to, gs, gv, from, kept, matrix, atoms, full)
	}
	return true
}

// updateInputBackward is UpdateInputBackward of some atoms.
func updateInputBackward[T Float](g State[T], gx, v []T, floor T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms, row := len(g.S)/h, 2*full
	gs, gv := pointer(g.S, atoms*h), pointer(g.V, 3*atoms*h)
	scalars, norms, from := pointer(gx, (atoms-1)*row+h), pointer(gx[full:], (atoms-1)*row+h), pointer(v, 3*atoms*h)
	if vectors == avx512 {
		updateInputBackwardAVX512(gs, gv, scalars, norms, from, atoms, row, float32(floor))
	} else {
		updateInputBackwardAVX2(gs, gv, scalars, norms, from, atoms, row, float32(floor))
	}
	return true
}
