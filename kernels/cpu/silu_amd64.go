//go:build !purego

package cpu

//go:generate go run -C _asm . -stem silu -out ../silu_amd64.s -stubs ../silu_stub_amd64.go -pkg cpu

// siluWidth is how many numbers the vector code works on at a time.
func siluWidth() int {
	if vectors == avx512 {
		return panelWidth
	}
	return panelWidth / 2
}

// siluPanels is SiLU, or SiLUBackward, on n numbers, a multiple of siluWidth.
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

// siluDualPanels is SiLUDualBackward on a multiple of siluWidth numbers.
func siluDualPanels[T Float](grad, x, tangent, gtangent []T) {
	n := len(grad)
	g, f, t, gt := pointer(grad, n), pointer(x, n), pointer(tangent, n), pointer(gtangent, n)
	if vectors == avx512 {
		siluDualBackwardAVX512(g, f, t, gt, n)
	} else {
		siluDualBackwardAVX2(g, f, t, gt, n)
	}
}
