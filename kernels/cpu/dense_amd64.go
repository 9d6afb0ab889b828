//go:build !purego

package cpu

import "unsafe"

//go:generate go run -C _asm . -stem dense -out ../dense_amd64.s -stubs ../dense_stub_amd64.go -pkg cpu

// narrowRows is how many rows of a panel of float64 that is not whole are computed at a time.
const narrowRows = 24

// densePanels is densePanelGeneric for one or two panels, of left columns that
// there are: how many columns it computed, 0 if there is no vector code.
func densePanels[T Float](dst, x, panels, bias []T, rows, stride, in, left int) int {
	if vectors == portable || in == 0 {
		return 0
	}
	if vectors == avx512 && vectorized[T]() {
		return denseColumns(dst, x, panels, bias, rows, stride, in, left)
	}
	if left < panelWidth {
		if vectorized[T]() {
			d := pointer(dst, (rows-1)*stride+left)
			densePartAVX2(d, stride, pointer(x, rows*in), in, pointer(panels, in*panelWidth), pointer(bias, panelWidth), rows, left)
		} else {
			narrowPanel(dst, x, panels, bias, rows, stride, in, left)
		}
		return left
	}
	densePanel(dst, x, panels, bias, rows, stride, in)
	return panelWidth
}

// denseColumns is densePanelGeneric in float32 with AVX-512.
func denseColumns[T Float](dst, x, panels, bias []T, rows, stride, in, left int) int {
	width := min(left, panelWidth)
	if left >= 2*panelWidth {
		width = 2 * panelWidth
	}
	whole := max(width, panelWidth)
	d, f, w, b := pointer(dst, (rows-1)*stride+width), pointer(x, rows*in), pointer(panels, in*whole), pointer(bias, whole)
	if width > panelWidth {
		densePairAVX512(d, stride, f, in, w, b, rows)
	} else {
		densePanelAVX512(d, stride, f, in, w, b, rows, width)
	}
	return width
}

// densePanel is densePanelGeneric for a whole panel.
func densePanel[T Float](dst, x, panel, bias []T, rows, stride, in int) {
	n := (rows-1)*stride + panelWidth
	switch {
	case vectorized[T]():
		densePanelAVX2(pointer(dst, n), stride, pointer(x, rows*in), in, pointer(panel, in*panelWidth), pointer(bias, panelWidth), rows)
	case vectors == avx512:
		densePanelDoubleAVX512(double(dst, n), stride, double(x, rows*in), in, double(panel, in*panelWidth), double(bias, panelWidth), rows)
	default:
		densePanelDoubleAVX2(double(dst, n), stride, double(x, rows*in), in, double(panel, in*panelWidth), double(bias, panelWidth), rows)
	}
}

// double is the first of at least n numbers, which are float64.
func double[T Float](s []T, n int) *float64 { return (*float64)(unsafe.Pointer(pointer(s, n))) }

// narrowPanel computes the first columns of a panel of float64: all of them, aside.
func narrowPanel[T Float](dst, x, panel, bias []T, rows, stride, in, columns int) {
	var wide [narrowRows * panelWidth]T
	for from := 0; from < rows; from += narrowRows {
		few := min(rows-from, narrowRows)
		densePanel(wide[:], x[from*in:], panel, bias, few, panelWidth, in)
		for r := range few {
			copy(dst[(from+r)*stride:][:columns], wide[r*panelWidth:])
		}
	}
}
