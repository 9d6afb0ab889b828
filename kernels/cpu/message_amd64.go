//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem message -out ../message_amd64.s -stubs ../message_stub_amd64.go -pkg cpu

// messageForward is messageForwardGeneric for a whole group of features; false
// if there is no vector code.
func messageForward[T Float](out, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	n := len(pairs.D)
	if !vectorized[T]() || h != GroupWidth {
		return false
	}
	if n == 0 {
		return true
	}
	i, j, u := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0]))
	outS, outV, inS := pointer(out.S, 1), pointer(out.V, 1), pointer(in.S, 1)
	phi := pointer(filter.Phi, filter.length(n, in.parts()))
	switch {
	case in.V == nil && vectors == avx512:
		messageForwardFirstAVX512(outS, outV, inS, nil, i, j, u, phi, n, filter.Row, filter.Part)
	case in.V == nil:
		messageForwardFirstAVX2(outS, outV, inS, nil, i, j, u, phi, n, filter.Row, filter.Part)
	case vectors == avx512:
		messageForwardAVX512(outS, outV, inS, pointer(in.V, 1), i, j, u, phi, n, filter.Row, filter.Part)
	default:
		messageForwardAVX2(outS, outV, inS, pointer(in.V, 1), i, j, u, phi, n, filter.Row, filter.Part)
	}
	return true
}

// messageBackward is messageBackwardGeneric for a whole group of features;
// false if there is no vector code.
func messageBackward[T Float](gin State[T], grad []PairGrad[T], g, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	n := len(pairs.D)
	if !vectorized[T]() || h != GroupWidth {
		return false
	}
	if n == 0 {
		return true
	}
	i, j, u := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0]))
	sums := (*float32)(unsafe.Pointer(unsafe.SliceData(grad[:n])))
	gS, gV, inS := pointer(g.S, 1), pointer(g.V, 1), pointer(in.S, 1)
	length := filter.length(n, in.parts())
	phi, slope := pointer(filter.Phi, length), pointer(filter.Slope, length)
	if in.V == nil {
		if vectors == avx512 {
			messageBackwardFirstAVX512(nil, nil, sums, gS, gV, inS, nil, i, j, u, phi, slope, n, filter.Row, filter.Part)
		} else {
			messageBackwardFirstAVX2(nil, nil, sums, gS, gV, inS, nil, i, j, u, phi, slope, n, filter.Row, filter.Part)
		}
		return true
	}
	ginS, ginV, inV := pointer(gin.S, 1), pointer(gin.V, 1), pointer(in.V, 1)
	if vectors == avx512 {
		messageBackwardAVX512(ginS, ginV, sums, gS, gV, inS, inV, i, j, u, phi, slope, n, filter.Row, filter.Part)
	} else {
		messageBackwardAVX2(ginS, ginV, sums, gS, gV, inS, inV, i, j, u, phi, slope, n, filter.Row, filter.Part)
	}
	return true
}
