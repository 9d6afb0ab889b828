//go:build (amd64 || arm64) && !purego

package cpu

// silu is SiLU; false if there is no vector code.
func silu[T Float](dst, x []T) bool { return vectorized[T]() && elementwise(dst, x, false) }

// siluBackward is SiLUBackward; false if there is no vector code.
func siluBackward[T Float](grad, x []T) bool { return vectorized[T]() && elementwise(grad, x, true) }

// elementwise runs on any number of elements: the last ones go through a panel
// that is filled up, so that no element is computed differently.
func elementwise[T Float](dst, x []T, backward bool) bool {
	whole := len(dst) &^ (siluWidth() - 1)
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

// siluDualBackward is SiLUDualBackward, the last elements as in elementwise; false if
// there is no vector code.
func siluDualBackward[T Float](grad, x, tangent, gtangent []T) bool {
	if !vectorized[T]() {
		return false
	}
	whole := len(grad) &^ (siluWidth() - 1)
	if whole > 0 {
		siluDualPanels(grad[:whole], x, tangent, gtangent)
	}
	if rest := len(grad) - whole; rest > 0 {
		var g, f, t, gt [panelWidth]T
		copy(g[:], grad[whole:])
		copy(f[:], x[whole:])
		copy(t[:], tangent[whole:])
		copy(gt[:], gtangent[whole:])
		siluDualPanels(g[:], f[:], t[:], gt[:])
		copy(grad[whole:], g[:rest])
	}
	return true
}
