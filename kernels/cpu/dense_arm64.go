//go:build !purego

package cpu

// densePanels is densePanelGeneric for a panel, of left columns that there are: how many
// columns it computed, 0 if there is no vector code.
func densePanels[T Float](dst, x, panels, bias []T, rows, stride, in, left int) int {
	if vectors == portable || in == 0 {
		return 0
	}
	if left < panelWidth {
		narrowPanel(dst, x, panels, bias, rows, stride, in, left)
		return left
	}
	densePanel(dst, x, panels, bias, rows, stride, in)
	return panelWidth
}

// densePanel is densePanelGeneric for a whole panel.
func densePanel[T Float](dst, x, panel, bias []T, rows, stride, in int) {
	n := (rows-1)*stride + panelWidth
	if vectorized[T]() {
		densePanelNEON(pointer(dst, n), stride, pointer(x, rows*in), in, pointer(panel, in*panelWidth), pointer(bias, panelWidth), rows)
	} else {
		densePanelDoubleNEON(double(dst, n), stride, double(x, rows*in), in, double(panel, in*panelWidth), double(bias, panelWidth), rows)
	}
}
