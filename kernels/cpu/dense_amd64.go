//go:build !purego

package cpu

//go:generate go run -C _asm . -stem dense -out ../dense_amd64.s -stubs ../dense_stub_amd64.go -pkg cpu

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
