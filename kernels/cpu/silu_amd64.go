//go:build !purego

package cpu

//go:generate go run -C _asm . -stem silu -out ../silu_amd64.s -stubs ../silu_stub_amd64.go -pkg cpu

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

// siluWidth is how many numbers the vector code works on at a time.
func siluWidth() int {
	if vectors == avx512 {
		return panelWidth
	}
	return panelWidth / 2
}

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

// siluDualBackward is SiLUDualBackward, the last elements as in elementwise; false if
// there is no vector code.
func siluDualBackward[T Float](grad, x, tangent, gtangent []T) bool {
	if !vectorized[T]() {
		return false
	}
	panels := func(grad, x, tangent, gtangent []T) {
		n := len(grad)
		g, f, t, gt := pointer(grad, n), pointer(x, n), pointer(tangent, n), pointer(gtangent, n)
		if vectors == avx512 {
			siluDualBackwardAVX512(g, f, t, gt, n)
		} else {
			siluDualBackwardAVX2(g, f, t, gt, n)
		}
	}
	whole := len(grad) &^ (siluWidth() - 1)
	if whole > 0 {
		panels(grad[:whole], x, tangent, gtangent)
	}
	if rest := len(grad) - whole; rest > 0 {
		var g, f, t, gt [panelWidth]T
		copy(g[:], grad[whole:])
		copy(f[:], x[whole:])
		copy(t[:], tangent[whole:])
		copy(gt[:], gtangent[whole:])
		panels(g[:], f[:], t[:], gt[:])
		copy(grad[whole:], g[:rest])
	}
	return true
}
