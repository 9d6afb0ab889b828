//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem message_table -out ../message_table_amd64.s -stubs ../message_table_stub_amd64.go -pkg cpu

// messageForward is MessageForward for a whole group of features; false if
// there is no vector code.
func (t *Table[T]) messageForward(out, in *State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int) bool {
	if !panelsFit[T](h) {
		return false
	}
	n := hi - lo
	if n == 0 {
		return true
	}
	data, _ := t.group(group)
	i, j, u := &pairs.I[lo:hi][0], &pairs.J[lo:hi][0], (*[3]float32)(unsafe.Pointer(&pairs.U[lo:hi][0]))
	outS, outV, inS, c, k := pointer(out.S, 1), pointer(out.V, 1), pointer(in.S, 1), pointer(data, len(data)), knotsOf(knots[lo:hi])
	switch wide := vectors == avx512; {
	case in.V == nil && wide:
		messageTableForwardFirstAVX512(outS, outV, inS, nil, i, j, u, k, c, n)
	case in.V == nil:
		messageTableForwardFirstAVX2(outS, outV, inS, nil, i, j, u, k, c, n)
	case wide:
		messageTableForwardAVX512(outS, outV, inS, pointer(in.V, 1), i, j, u, k, c, n)
	default:
		messageTableForwardAVX2(outS, outV, inS, pointer(in.V, 1), i, j, u, k, c, n)
	}
	return true
}

// messageBackward is MessageBackward for a whole group of features; false if
// there is no vector code.
func (t *Table[T]) messageBackward(gin *State[T], grad []PairGrad[T], g, in *State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int) bool {
	if !panelsFit[T](h) {
		return false
	}
	n := hi - lo
	if n == 0 {
		return true
	}
	data, _ := t.group(group)
	i, j, u := &pairs.I[lo:hi][0], &pairs.J[lo:hi][0], (*[3]float32)(unsafe.Pointer(&pairs.U[lo:hi][0]))
	sums := (*float32)(unsafe.Pointer(&grad[lo:hi][0]))
	gS, gV, inS, c, k, rate := pointer(g.S, 1), pointer(g.V, 1), pointer(in.S, 1), pointer(data, len(data)), knotsOf(knots[lo:hi]), float32(t.perLength)
	switch wide := vectors == avx512; {
	case in.V == nil && wide:
		messageTableBackwardFirstAVX512(nil, nil, sums, gS, gV, inS, nil, i, j, u, k, c, n, rate)
	case in.V == nil:
		messageTableBackwardFirstAVX2(nil, nil, sums, gS, gV, inS, nil, i, j, u, k, c, n, rate)
	case wide:
		messageTableBackwardAVX512(pointer(gin.S, 1), pointer(gin.V, 1), sums, gS, gV, inS, pointer(in.V, 1), i, j, u, k, c, n, rate)
	default:
		messageTableBackwardAVX2(pointer(gin.S, 1), pointer(gin.V, 1), sums, gS, gV, inS, pointer(in.V, 1), i, j, u, k, c, n, rate)
	}
	return true
}
