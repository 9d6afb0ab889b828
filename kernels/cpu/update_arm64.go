//go:build !purego

package cpu

import "unsafe"

// updateInput is UpdateInput of some atoms.
func updateInput[T Float](x, s, v []T, floor T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms, row := len(s)/h, 2*full
	to, norm := pointer(x, (atoms-1)*row+h), pointer(x[full:], (atoms-1)*row+h)
	updateInputNEON(to, norm, pointer(s, atoms*h), pointer(v, 3*atoms*h), atoms, row, float32(floor))
	return true
}

// gate is UpdateVectors.
func gate[T Float](out, v, g1, g2 []T, m *[3][3]T, h, row int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	reach := (atoms-1)*row + h
	updateVectorsNEON(pointer(out, len(v)), pointer(v, len(v)), pointer(g1, reach), pointer(g2, reach), (*[3][3]float32)(unsafe.Pointer(m)), atoms, row)
	return true
}

// updateOutput is UpdateOutput of some atoms.
func updateOutput[T Float](s, out, v, gates, y []T, m *[3][3]T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(s) / h
	kept, network := pointer(gates, (2*atoms-1)*full+h), pointer(y, (3*atoms-1)*full+h)
	updateOutputNEON(pointer(s, atoms*h), pointer(out, 3*atoms*h), pointer(v, 3*atoms*h), kept, network, (*[3][3]float32)(unsafe.Pointer(m)), atoms, full)
	return true
}

// updateOutputBackward is UpdateOutputBackward of some atoms.
func updateOutputBackward[T Float](gy []T, g State[T], v, gates []T, m *[3][3]T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms := len(g.S) / h
	to, kept := pointer(gy, (3*atoms-1)*full+h), pointer(gates, (2*atoms-1)*full+h)
	updateOutputBackwardNEON(to, pointer(g.S, atoms*h), pointer(g.V, 3*atoms*h), pointer(v, 3*atoms*h), kept, (*[3][3]float32)(unsafe.Pointer(m)), atoms, full)
	return true
}

// updateInputBackward is UpdateInputBackward of some atoms.
func updateInputBackward[T Float](g State[T], gx, v []T, floor T, h, full int) bool {
	if !panelsFit[T](h) {
		return false
	}
	atoms, row := len(g.S)/h, 2*full
	scalars, norms := pointer(gx, (atoms-1)*row+h), pointer(gx[full:], (atoms-1)*row+h)
	updateInputBackwardNEON(pointer(g.S, atoms*h), pointer(g.V, 3*atoms*h), scalars, norms, pointer(v, 3*atoms*h), atoms, row, float32(floor))
	return true
}
