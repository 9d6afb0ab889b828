//go:build !purego

package cpu

// siluWidth is how many numbers the vector code works on at a time.
func siluWidth() int { return panelWidth / 2 }

// siluPanels is SiLU, or SiLUBackward, on n numbers, a multiple of siluWidth.
func siluPanels(dst, x *float32, n int, backward bool) {
	if backward {
		siluBackwardNEON(dst, x, n)
	} else {
		siluNEON(dst, x, n)
	}
}

// siluDualPanels is SiLUDualBackward on a multiple of siluWidth numbers.
func siluDualPanels[T Float](grad, x, tangent, gtangent []T) {
	n := len(grad)
	siluDualBackwardNEON(pointer(grad, n), pointer(x, n), pointer(tangent, n), pointer(gtangent, n), n)
}
