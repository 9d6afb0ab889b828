//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem learn -out ../learn_amd64.s -stubs ../learn_stub_amd64.go -pkg cpu

// messageLearn is messageLearnGeneric for a whole group of features; false if
// there is no vector code.
func messageLearn[T Float](gin State[T], gphi []T, g, in State[T], pairs Pairs[T], filter Filter[T], h int) bool {
	n, parts := len(pairs.D), in.parts()
	if !vectorized[T]() || h != GroupWidth {
		return false
	}
	if n == 0 {
		return true
	}
	i, j, u := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0]))
	to, ginS, gS, gV, inS := pointer(gphi, n*parts*GroupWidth), pointer(gin.S, 1), pointer(g.S, 1), pointer(g.V, 1), pointer(in.S, 1)
	phi := pointer(filter.Phi, filter.length(n, parts))
	switch {
	case in.V == nil && vectors == avx512:
		messageLearnFirstAVX512(ginS, nil, to, gS, gV, inS, nil, i, j, u, phi, n, filter.Row, filter.Part)
	case in.V == nil:
		messageLearnFirstAVX2(ginS, nil, to, gS, gV, inS, nil, i, j, u, phi, n, filter.Row, filter.Part)
	case vectors == avx512:
		messageLearnAVX512(ginS, pointer(gin.V, 1), to, gS, gV, inS, pointer(in.V, 1), i, j, u, phi, n, filter.Row, filter.Part)
	default:
		messageLearnAVX2(ginS, pointer(gin.V, 1), to, gS, gV, inS, pointer(in.V, 1), i, j, u, phi, n, filter.Row, filter.Part)
	}
	return true
}

// moments is Spline.Add for the intervals of a group of features; false if there
// is no vector code.
func moments[T Float](data, gphi []T, knots []Knot[T], parts, part int) bool {
	if !vectorized[T]() {
		return false
	}
	n := len(knots)
	if n == 0 {
		return true
	}
	d, g, k := pointer(data[margin*len(cubic)*GroupWidth:], 1), pointer(gphi, n*parts*GroupWidth), (*float32)(unsafe.Pointer(unsafe.SliceData(knots)))
	if vectors == avx512 {
		momentsAVX512(d, g, k, n, parts, part)
	} else {
		momentsAVX2(d, g, k, n, parts, part)
	}
	return true
}

// momentsSlopes is Spline.AddWithSlopes for the intervals of a group of features;
// false if there is no vector code.
func momentsSlopes[T Float](data, gphi, gslope []T, knots []Knot[T], parts, part int, perLength T) bool {
	if !vectorized[T]() {
		return false
	}
	n := len(knots)
	if n == 0 {
		return true
	}
	d, k := pointer(data[margin*len(cubic)*GroupWidth:], 1), (*float32)(unsafe.Pointer(unsafe.SliceData(knots)))
	g, s := pointer(gphi, n*parts*GroupWidth), pointer(gslope, n*parts*GroupWidth)
	if vectors == avx512 {
		momentsSlopesAVX512(d, g, s, k, n, parts, part, float32(perLength))
	} else {
		momentsSlopesAVX2(d, g, s, k, n, parts, part, float32(perLength))
	}
	return true
}
