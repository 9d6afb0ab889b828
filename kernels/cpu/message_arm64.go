//go:build !purego

package cpu

import "unsafe"

// halfGroup is the features that messageForwardNEON works on.
const halfGroup = GroupWidth / 2

// messageForward is messageForwardGeneric for a whole group of features; false
// if there is no vector code.
func messageForward[T Float](out, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	n := len(pairs.D)
	if !panelsFit[T](h) || n == 0 {
		return panelsFit[T](h)
	}
	i, j, u := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0]))
	length := filter.length(n, in.parts())
	for lo := 0; lo < GroupWidth; lo += halfGroup {
		outS, outV, inS, phi := pointer(out.S[lo:], 1), pointer(out.V[lo:], 1), pointer(in.S[lo:], 1), pointer(filter.Phi[lo:], length-lo)
		if in.V == nil {
			messageForwardFirstNEON(outS, outV, inS, nil, i, j, u, phi, n, filter.Row, filter.Part)
		} else {
			messageForwardNEON(outS, outV, inS, pointer(in.V[lo:], 1), i, j, u, phi, n, filter.Row, filter.Part)
		}
	}
	return true
}

// messageBackward is messageBackwardGeneric for a whole group of features;
// false if there is no vector code.
func messageBackward[T Float](gin State[T], grad []PairGrad[T], g, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	n := len(pairs.D)
	if !panelsFit[T](h) || n == 0 {
		return panelsFit[T](h)
	}
	i, j, u := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0]))
	sums := (*float32)(unsafe.Pointer(unsafe.SliceData(grad[:n])))
	gS, gV, inS := pointer(g.S, 1), pointer(g.V, 1), pointer(in.S, 1)
	length := filter.length(n, in.parts())
	phi, slope := pointer(filter.Phi, length), pointer(filter.Slope, length)
	if in.V == nil {
		messageBackwardFirstNEON(nil, nil, sums, gS, gV, inS, nil, i, j, u, phi, slope, n, filter.Row, filter.Part)
	} else {
		messageBackwardNEON(pointer(gin.S, 1), pointer(gin.V, 1), sums, gS, gV, inS, pointer(in.V, 1), i, j, u, phi, slope, n, filter.Row, filter.Part)
	}
	return true
}
