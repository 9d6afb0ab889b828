package cpu

// panelWidth is the number of outputs that are computed at a time.
const panelWidth = 16

// Linear is y = x·Wᵀ + b, its weights in the order that Apply reads them:
// panels of 16 outputs, [⌈out/16⌉, in, 16], the last one filled up with zeros.
type Linear[T Float] struct {
	In, Out int
	panels  []T
	bias    []T // [⌈out/16⌉·16]
}

// NewLinear packs weight [out, in] and bias [out]; a nil bias is zero.
func NewLinear[T Float](weight, bias []T, out, in int) *Linear[T] {
	count := (out + panelWidth - 1) / panelWidth
	l := &Linear[T]{In: in, Out: out, panels: make([]T, count*in*panelWidth), bias: make([]T, count*panelWidth)}
	copy(l.bias, bias)
	l.Set(weight, 0)
	return l
}

// Set packs other weights, for the outputs from first on: rows of [out, in].
func (l *Linear[T]) Set(weight []T, first int) {
	for o := first; len(weight) > 0; {
		n := min(panelWidth-o%panelWidth, len(weight)/l.In) // outputs of the panel
		panel := l.panels[o/panelWidth*l.In*panelWidth+o%panelWidth:]
		for k := range l.In {
			to := panel[k*panelWidth:][:n]
			for i := range to {
				to[i] = weight[i*l.In+k]
			}
		}
		weight, o = weight[n*l.In:], o+n
	}
}

// Tangent returns y = x·Wᵀ, the layer without its bias, which shares its weights.
func (l *Linear[T]) Tangent() *Linear[T] {
	return &Linear[T]{In: l.In, Out: l.Out, panels: l.panels, bias: make([]T, len(l.bias))}
}

// SetBias sets the bias of the outputs from first on.
func (l *Linear[T]) SetBias(bias []T, first int) { copy(l.bias[first:], bias) }

// SetTransposed packs the transpose of weights [In, Out], for the inputs from first on.
func (l *Linear[T]) SetTransposed(weight []T, first int) {
	for k := first; len(weight) > 0; k++ {
		for o := 0; o < l.Out; o += panelWidth {
			copy(l.panels[(o/panelWidth*l.In+k)*panelWidth:][:panelWidth], weight[o:l.Out])
		}
		weight = weight[l.Out:]
	}
}

// Apply computes dst = x·Wᵀ + b for dst [rows, out] and x [rows, in]. The rows
// do not influence one another: an output is b + Σ_k x[k]·w[k] with k
// ascending, whichever rows are computed beside it.
func (l *Linear[T]) Apply(dst, x []T, rows int) {
	if rows == 0 {
		return
	}
	dst, x = dst[:rows*l.Out], x[:rows*l.In]
	for o := 0; o < l.Out; {
		panels, bias := l.panels[o*l.In:], l.bias[o:]
		done := densePanels(dst[o:], x, panels, bias, rows, l.Out, l.In, l.Out-o)
		if done == 0 {
			done = min(panelWidth, l.Out-o)
			densePanelGeneric(dst[o:], x, panels, bias, rows, l.Out, l.In, done)
		}
		o += done
	}
}

// densePanelGeneric is the specification of densePanels: it computes the first
// width columns of a panel; rows of dst are stride apart.
func densePanelGeneric[T Float](dst, x, panel, bias []T, rows, stride, in, width int) {
	for r := range rows {
		row := x[r*in:][:in]
		for o := 0; o < width; o += 4 {
			b := bias[o:][:4]
			a0, a1, a2, a3 := b[0], b[1], b[2], b[3]
			for k, xk := range row {
				w := panel[k*panelWidth+o:][:4]
				a0 += T(xk * w[0])
				a1 += T(xk * w[1])
				a2 += T(xk * w[2])
				a3 += T(xk * w[3])
			}
			sums := [4]T{a0, a1, a2, a3}
			copy(dst[r*stride+o:][:min(4, width-o)], sums[:])
		}
	}
}
