//go:build !purego

package cpu

import "unsafe"

// messageForward is MessageForward for a whole group of features; false if
// there is no vector code. A tile's coefficients stay in the first-level cache from
// the first half of the features to the second.
func (t *Table[T]) messageForward(out, in *State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int) bool {
	if !panelsFit[T](h) {
		return false
	}
	data, _ := t.group(group)
	for ; lo < hi; lo += tilePairs {
		n := min(tilePairs, hi-lo)
		i, j, u, k := &pairs.I[lo:][:n][0], &pairs.J[lo:][:n][0], (*[3]float32)(unsafe.Pointer(&pairs.U[lo:][:n][0])), knotsOf(knots[lo:][:n])
		for f := 0; f < GroupWidth; f += halfGroup {
			outS, outV, inS, c := pointer(out.S[f:], 1), pointer(out.V[f:], 1), pointer(in.S[f:], 1), pointer(data[f:], 1)
			if in.V == nil {
				messageTableForwardFirstNEON(outS, outV, inS, nil, i, j, u, k, c, n)
			} else {
				messageTableForwardNEON(outS, outV, inS, pointer(in.V[f:], 1), i, j, u, k, c, n)
			}
		}
	}
	return true
}

// messageBackward is MessageBackward for a whole group of features; false if
// there is no vector code.
func (t *Table[T]) messageBackward(gin *State[T], grad []PairGrad[T], g, in *State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int) bool {
	n := hi - lo
	if !panelsFit[T](h) || n == 0 {
		return panelsFit[T](h)
	}
	data, _ := t.group(group)
	i, j, u := &pairs.I[lo:hi][0], &pairs.J[lo:hi][0], (*[3]float32)(unsafe.Pointer(&pairs.U[lo:hi][0]))
	sums := (*float32)(unsafe.Pointer(&grad[lo:hi][0]))
	gS, gV, inS, c, k, rate := pointer(g.S, 1), pointer(g.V, 1), pointer(in.S, 1), pointer(data, len(data)), knotsOf(knots[lo:hi]), float32(t.perLength)
	if in.V == nil {
		messageTableBackwardFirstNEON(nil, nil, sums, gS, gV, inS, nil, i, j, u, k, c, n, rate)
	} else {
		messageTableBackwardNEON(pointer(gin.S, 1), pointer(gin.V, 1), sums, gS, gV, inS, pointer(in.V, 1), i, j, u, k, c, n, rate)
	}
	return true
}
