package cpu

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go run -C _asm . -stem dense -out ../dense_amd64.s -stubs ../dense_stub_amd64.go -pkg cpu
//go:generate go run -C _asm . -stem table -out ../table_amd64.s -stubs ../table_stub_amd64.go -pkg cpu
//go:generate go run -C _asm . -stem silu -out ../silu_amd64.s -stubs ../silu_stub_amd64.go -pkg cpu
//go:generate go run -C _asm . -stem message -out ../message_amd64.s -stubs ../message_stub_amd64.go -pkg cpu
//go:generate go run -C _asm . -stem rows -out ../rows_amd64.s -stubs ../rows_stub_amd64.go -pkg cpu
//go:generate go run -C _asm . -stem update -out ../update_amd64.s -stubs ../update_stub_amd64.go -pkg cpu
//go:generate sh -c "sha256sum _asm/*.go _asm/go.mod *_amd64.s *_stub_amd64.go > asm.sum"

// level is the set of vector instructions that the machine has.
type level int

const (
	portable level = iota
	avx2           // with FMA
	avx512         // the foundation and its shorter vectors
)

func detect() level {
	switch x := &cpu.X86; {
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX2 && x.HasFMA:
		return avx512
	case x.HasAVX2 && x.HasFMA:
		return avx2
	}
	return portable
}

// vectors is what the operations use; tests go through all that there are.
var vectors = detect()

// Instructions names the vector instructions that the operations use.
func Instructions() string { return [...]string{"portable", "AVX2", "AVX-512"}[vectors] }

// vectorized reports whether there is vector code for T.
func vectorized[T Float]() bool {
	var x T
	return vectors != portable && unsafe.Sizeof(x) == unsafe.Sizeof(float32(0))
}

// pointer is the first of at least n numbers, which are float32.
func pointer[T Float](s []T, n int) *float32 {
	s = s[:n] // the vector code checks nothing
	return (*float32)(unsafe.Pointer(unsafe.SliceData(s)))
}

// densePanels is densePanelGeneric for one or two whole panels, of left columns
// that there are: how many columns it computed, 0 if there is no vector code.
func densePanels[T Float](dst, x, panels, bias []T, rows, stride, in, left int) int {
	if !vectorized[T]() || left < panelWidth || in == 0 {
		return 0
	}
	width := panelWidth
	if vectors == avx512 && left >= 2*panelWidth {
		width *= 2
	}
	d, f := pointer(dst, (rows-1)*stride+width), pointer(x, rows*in)
	w, b := pointer(panels, in*width), pointer(bias, width)
	if width == panelWidth {
		densePanelAVX2(d, stride, f, in, w, b, rows)
	} else {
		densePairAVX512(d, stride, f, in, w, b, rows)
	}
	return width
}

// tableRows is rowsGeneric; false if there is no vector code.
func tableRows[T Float](phi, slope []T, t *Table[T], knots []Knot[T], slice int) bool {
	if !vectorized[T]() {
		return false
	}
	n := len(knots)
	if n == 0 {
		return true
	}
	data, row := t.slice(slice)
	d, c, k := pointer(phi, n*row), pointer(data, len(data)), (*float32)(unsafe.Pointer(unsafe.SliceData(knots)))
	switch {
	case slope == nil && vectors == avx512:
		tableRowsAVX512(d, c, k, n, row)
	case slope == nil:
		tableRowsAVX2(d, c, k, n, row)
	case vectors == avx512:
		tableSlopesAVX512(d, pointer(slope, n*row), c, k, n, row, float32(t.perLength))
	default:
		tableSlopesAVX2(d, pointer(slope, n*row), c, k, n, row, float32(t.perLength))
	}
	return true
}

// silu is SiLU; false if there is no vector code.
func silu[T Float](dst, x []T) bool { return vectorized[T]() && elementwise(dst, x, false) }

// siluBackward is SiLUBackward; false if there is no vector code.
func siluBackward[T Float](grad, x []T) bool { return vectorized[T]() && elementwise(grad, x, true) }

// elementwise runs on any number of elements: the last ones go through a panel
// that is filled up, so that no element is computed differently.
func elementwise[T Float](dst, x []T, backward bool) bool {
	whole := len(dst) &^ (panelWidth - 1)
	if whole > 0 {
		siluPanels(pointer(dst, whole), pointer(x, whole), whole, backward)
	}
	if rest := len(dst) - whole; rest > 0 {
		var d, f [panelWidth]T
		copy(d[:], dst[whole:])
		copy(f[:], x[whole:])
		siluPanels(pointer(d[:], panelWidth), pointer(f[:], panelWidth), panelWidth, backward)
		copy(dst[whole:], d[:rest])
	}
	return true
}

func siluPanels(dst, x *float32, n int, backward bool) {
	switch {
	case backward && vectors == avx512:
		siluBackwardAVX512(dst, x, n)
	case backward:
		siluBackwardAVX2(dst, x, n)
	case vectors == avx512:
		siluAVX512(dst, x, n)
	default:
		siluAVX2(dst, x, n)
	}
}

// messageForward is messageForwardGeneric for a whole slice of features; false
// if there is no vector code.
func messageForward[T Float](out, in State[T], pairs Pairs[T], filter Filter[T], h, lo, hi int) bool {
	n := len(pairs.D)
	if !vectorized[T]() || hi-lo != SliceWidth {
		return false
	}
	if n == 0 {
		return true
	}
	i, j, u := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0]))
	outS, outV, inS := pointer(out.S[lo:], 1), pointer(out.V[lo:], 1), pointer(in.S[lo:], 1)
	phi := pointer(filter.Phi, filter.length(n, in.parts()))
	switch {
	case in.V == nil && vectors == avx512:
		messageForwardFirstAVX512(outS, outV, inS, nil, i, j, u, phi, n, h, filter.Row, filter.Part)
	case in.V == nil:
		messageForwardFirstAVX2(outS, outV, inS, nil, i, j, u, phi, n, h, filter.Row, filter.Part)
	case vectors == avx512:
		messageForwardAVX512(outS, outV, inS, pointer(in.V[lo:], 1), i, j, u, phi, n, h, filter.Row, filter.Part)
	default:
		messageForwardAVX2(outS, outV, inS, pointer(in.V[lo:], 1), i, j, u, phi, n, h, filter.Row, filter.Part)
	}
	return true
}

// messageBackward is messageBackwardGeneric for a whole slice of features;
// false if there is no vector code.
func messageBackward[T Float](gin State[T], grad []PairGrad[T], g, in State[T], pairs Pairs[T], filter Filter[T], h, lo, hi int) bool {
	n := len(pairs.D)
	if !vectorized[T]() || hi-lo != SliceWidth {
		return false
	}
	if n == 0 {
		return true
	}
	i, j, u := &pairs.I[0], &pairs.J[0], (*[3]float32)(unsafe.Pointer(&pairs.U[0]))
	sums := (*float32)(unsafe.Pointer(unsafe.SliceData(grad[:n])))
	gS, gV, inS := pointer(g.S[lo:], 1), pointer(g.V[lo:], 1), pointer(in.S[lo:], 1)
	length := filter.length(n, in.parts())
	phi, slope := pointer(filter.Phi, length), pointer(filter.Slope, length)
	if in.V == nil {
		if vectors == avx512 {
			messageBackwardFirstAVX512(nil, nil, sums, gS, gV, inS, nil, i, j, u, phi, slope, n, h, filter.Row, filter.Part)
		} else {
			messageBackwardFirstAVX2(nil, nil, sums, gS, gV, inS, nil, i, j, u, phi, slope, n, h, filter.Row, filter.Part)
		}
		return true
	}
	ginS, ginV, inV := pointer(gin.S[lo:], 1), pointer(gin.V[lo:], 1), pointer(in.V[lo:], 1)
	if vectors == avx512 {
		messageBackwardAVX512(ginS, ginV, sums, gS, gV, inS, inV, i, j, u, phi, slope, n, h, filter.Row, filter.Part)
	} else {
		messageBackwardAVX2(ginS, ginV, sums, gS, gV, inS, inV, i, j, u, phi, slope, n, h, filter.Row, filter.Part)
	}
	return true
}

// slicesFit reports whether there is vector code for rows of h features.
func slicesFit[T Float](h int) bool { return vectorized[T]() && h == SliceWidth }

// copyRows is CopyRows.
func copyRows[T Float](dst []T, to int, src []T, from, width, n int) bool {
	if !slicesFit[T](width) {
		return false
	}
	d, s := pointer(dst, (n-1)*to+width), pointer(src, (n-1)*from+width)
	if vectors == avx512 {
		copyRowsAVX512(d, to, s, from, n)
	} else {
		copyRowsAVX2(d, to, s, from, n)
	}
	return true
}

// addRows is AddRows.
func addRows[T Float](dst []T, to int, src []T, from, width, n int) bool {
	if !slicesFit[T](width) {
		return false
	}
	d, s := pointer(dst, (n-1)*to+width), pointer(src, (n-1)*from+width)
	if vectors == avx512 {
		addRowsAVX512(d, to, s, from, n)
	} else {
		addRowsAVX2(d, to, s, from, n)
	}
	return true
}

// norms is |v| of atoms, row numbers apart.
func norms[T Float](norm, v []T, h, row int) bool {
	if !slicesFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	if atoms == 0 {
		return true
	}
	n, f := pointer(norm, (atoms-1)*row+h), pointer(v, len(v))
	if vectors == avx512 {
		updateNormAVX512(n, f, atoms, row)
	} else {
		updateNormAVX2(n, f, atoms, row)
	}
	return true
}

// gate is UpdateVectors.
func gate[T Float](out, v, g1, g2 []T, m *[3][3]T, h, row int) bool {
	if !slicesFit[T](h) {
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

// gateBackward is UpdateVectorsBackward.
func gateBackward[T Float](gv, gg1, gg2, v, g1, g2 []T, m *[3][3]T, h, rows, row int) bool {
	if !slicesFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	if atoms == 0 {
		return true
	}
	reach, gradReach := (atoms-1)*row+h, (atoms-1)*rows+h
	g, ga, gb, f := pointer(gv, len(v)), pointer(gg1, gradReach), pointer(gg2, gradReach), pointer(v, len(v))
	a, b, matrix := pointer(g1, reach), pointer(g2, reach), (*[3][3]float32)(unsafe.Pointer(m))
	if vectors == avx512 {
		updateVectorsBackwardAVX512(g, ga, gb, f, a, b, matrix, atoms, rows, row)
	} else {
		updateVectorsBackwardAVX2(g, ga, gb, f, a, b, matrix, atoms, rows, row)
	}
	return true
}

// normsBackward is gv += gnorm·v/|v| of atoms; gnorm are row numbers apart.
func normsBackward[T Float](gv, gnorm, v []T, h, row int) bool {
	if !slicesFit[T](h) {
		return false
	}
	atoms := len(v) / (3 * h)
	if atoms == 0 {
		return true
	}
	g, n, f := pointer(gv, len(v)), pointer(gnorm, (atoms-1)*row+h), pointer(v, len(v))
	if vectors == avx512 {
		updateNormBackwardAVX512(g, n, f, atoms, row)
	} else {
		updateNormBackwardAVX2(g, n, f, atoms, row)
	}
	return true
}
