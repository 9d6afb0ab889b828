//go:build !purego

package cpu

//go:generate go run -C _asm . -stem dense -out ../dense_amd64.s -stubs ../dense_stub_amd64.go -pkg cpu

// narrowRows is how many rows of a panel that is not whole are computed at a time.
const narrowRows = 24

// densePanels is densePanelGeneric for one or two panels, of left columns that
// there are: how many columns it computed, 0 if there is no vector code.
func densePanels[T Float](dst, x, panels, bias []T, rows, stride, in, left int) int {
	if !vectorized[T]() || in == 0 {
		return 0
	}
	if left < panelWidth {
		narrowPanel(dst, x, panels, bias, rows, stride, in, left)
		return left
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

// narrowPanel computes the first columns of a panel: all of them, aside.
func narrowPanel[T Float](dst, x, panel, bias []T, rows, stride, in, columns int) {
	var wide [narrowRows * panelWidth]T
	for from := 0; from < rows; from += narrowRows {
		few := min(rows-from, narrowRows)
		densePanelAVX2(pointer(wide[:], few*panelWidth), panelWidth, pointer(x[from*in:], few*in), in, pointer(panel, in*panelWidth), pointer(bias, panelWidth), few)
		for r := range few {
			copy(dst[(from+r)*stride:][:columns], wide[r*panelWidth:])
		}
	}
}
