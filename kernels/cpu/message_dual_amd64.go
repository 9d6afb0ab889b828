//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem message_dual -out ../message_dual_amd64.s -stubs ../message_dual_stub_amd64.go -pkg cpu

// messageTangent is messageTangentGeneric for a whole group of features; false if
// there is no vector code.
func messageTangent[T Float](out, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) bool {
	n := len(pairs.D)
	if !vectorized[T]() || h != GroupWidth {
		return false
	}
	if n == 0 {
		return true
	}
	i, j, u, rate := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0])), (*[4]float32)(unsafe.Pointer(&rates[:n][0]))
	outS, outV, inS, inV := pointer(out.S, 1), pointer(out.V, 1), pointer(in.S, 1), vectorsOf(in)
	tangentS, tangentV := scalarsOf(tangent), vectorsOf(tangent)
	length := filter.length(n, in.parts())
	phi, slope := pointer(filter.Phi, length), pointer(filter.Slope, length)
	switch {
	case in.V == nil && vectors == avx512:
		messageTangentFirstAVX512(outS, outV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	case in.V == nil:
		messageTangentFirstAVX2(outS, outV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	case vectors == avx512:
		messageTangentAVX512(outS, outV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	default:
		messageTangentAVX2(outS, outV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	}
	return true
}

// messageDualBackward is messageDualBackwardGeneric for a whole group of features;
// false if there is no vector code.
func messageDualBackward[T Float](lin State[T], grad Filter[T], l, g, in, tangent State[T], pairs Pairs[T], rates []PairRate[T], filter Filter[T], h int) bool {
	n := len(pairs.D)
	if !vectorized[T]() || h != GroupWidth || grad.Row != filter.Row || grad.Part != filter.Part {
		return false
	}
	if n == 0 {
		return true
	}
	i, j, u, rate := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0])), (*[4]float32)(unsafe.Pointer(&rates[:n][0]))
	linS, linV, lS, lV, gS, gV := pointer(lin.S, 1), vectorsOf(lin), pointer(l.S, 1), pointer(l.V, 1), pointer(g.S, 1), pointer(g.V, 1)
	inS, inV, tangentS, tangentV := pointer(in.S, 1), vectorsOf(in), scalarsOf(tangent), vectorsOf(tangent)
	length := filter.length(n, in.parts())
	phi, slope, gphi, gslope := pointer(filter.Phi, length), pointer(filter.Slope, length), pointer(grad.Phi, length), pointer(grad.Slope, length)
	switch {
	case in.V == nil && vectors == avx512:
		messageDualBackwardFirstAVX512(linS, linV, gphi, gslope, lS, lV, gS, gV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	case in.V == nil:
		messageDualBackwardFirstAVX2(linS, linV, gphi, gslope, lS, lV, gS, gV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	case vectors == avx512:
		messageDualBackwardAVX512(linS, linV, gphi, gslope, lS, lV, gS, gV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	default:
		messageDualBackwardAVX2(linS, linV, gphi, gslope, lS, lV, gS, gV, inS, inV, tangentS, tangentV, i, j, u, rate, phi, slope, n, filter.Row, filter.Part)
	}
	return true
}
