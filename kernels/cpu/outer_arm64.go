//go:build !purego

package cpu

// outer is Outer for the columns that fill panels: how many it did, 0 if there is no vector code.
func outer[T Float](gw, gy, x []T, rows, out, in, stride int) (done int) {
	if !vectorized[T]() {
		return 0
	}
	for ; in-done >= panelWidth; done += panelWidth {
		w, g, f := pointer(gw[done:], (out-1)*in+panelWidth), pointer(gy, (rows-1)*stride+out), pointer(x[done:], (rows-1)*in+panelWidth)
		outerPanelNEON(w, in, g, stride, f, rows, out)
	}
	return done
}
