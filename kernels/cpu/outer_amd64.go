//go:build !purego

package cpu

//go:generate go run -C _asm . -stem outer -out ../outer_amd64.s -stubs ../outer_stub_amd64.go -pkg cpu

// outer is Outer for the columns that fill panels: how many it did, 0 if there is no vector code.
func outer[T Float](gw, gy, x []T, rows, out, in, stride int) (done int) {
	if !vectorized[T]() {
		return 0
	}
	for in-done >= panelWidth {
		width := panelWidth
		if vectors == avx512 && in-done >= 2*panelWidth {
			width *= 2
		}
		w, g, f := pointer(gw[done:], (out-1)*in+width), pointer(gy, (rows-1)*stride+out), pointer(x[done:], (rows-1)*in+width)
		if width == panelWidth {
			outerPanelAVX2(w, in, g, stride, f, rows, out)
		} else {
			outerPairAVX512(w, in, g, stride, f, rows, out)
		}
		done += width
	}
	return done
}
