//go:build !purego

package cpu

// siluPanels is SiLU, or SiLUBackward, on n numbers, a multiple of 16.
func siluPanels(dst, x *float32, n int, backward bool) {
	if backward {
		siluBackwardNEON(dst, x, n)
	} else {
		siluNEON(dst, x, n)
	}
}

// siluDualPanels is SiLUDualBackward on a multiple of 16 numbers.
func siluDualPanels[T Float](grad, x, tangent, gtangent []T) {
	n := len(grad)
	siluDualBackwardNEON(pointer(grad, n), pointer(x, n), pointer(tangent, n), pointer(gtangent, n), n)
}
