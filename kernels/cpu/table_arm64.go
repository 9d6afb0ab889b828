//go:build !purego

package cpu

// tableRows is rowsGeneric; false if there is no vector code.
func tableRows[T Float](phi, slope []T, t *Table[T], knots []Knot[T], group int) bool {
	n := len(knots)
	if !vectorized[T]() || n == 0 {
		return n == 0
	}
	data, row := t.group(group)
	d, c, k := pointer(phi, n*row), pointer(data, len(data)), knotsOf(knots)
	if slope == nil {
		tableRowsNEON(d, c, k, n, row)
	} else {
		tableSlopesNEON(d, pointer(slope, n*row), c, k, n, row, float32(t.perLength))
	}
	return true
}
