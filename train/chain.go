package train

import (
	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// dense is a layer of the model in the arithmetic T, packed anew at every step: the
// layer itself, the one without a bias for rates, and the transpose for the way back.
type dense[T cpu.Float] struct {
	layer
	parts                      []int // thirds of the outputs that are used; one part 0 of all
	size                       int   // outputs of a part
	forward, tangent, backward *cpu.Linear[T]
	row                        []T // scratch, [out]
}

// newDense takes parts of a layer's outputs, each a share of 1/of of them.
func newDense[T cpu.Float](l layer, of int, parts ...int) *dense[T] {
	d := &dense[T]{layer: l, parts: parts, size: l.out / of}
	if len(parts) == of { // all, in one piece
		d.parts, d.size = []int{0}, l.out
	}
	d.out = len(d.parts) * d.size
	d.row = make([]T, d.out)
	d.forward = cpu.NewLinear[T](nil, nil, d.out, l.in)
	d.tangent = d.forward.Tangent()
	d.backward = cpu.NewLinear[T](nil, nil, l.in, d.out)
	return d
}

// pack takes the layer's weights.
func (d *dense[T]) pack(weights []T) {
	for i, part := range d.parts {
		weight := weights[d.weight+part*d.size*d.in:][:d.size*d.in]
		d.forward.Set(weight, i*d.size)
		d.forward.SetBias(weights[d.bias+part*d.size:][:d.size], i*d.size)
		d.backward.SetTransposed(weight, i*d.size)
	}
}

// addGradient adds the gradient by the weight, of rows of gy and x, to a model's
// gradient and, if asked, that by the bias.
func (d *dense[T]) addGradient(gradient, gy, x []T, rows int, bias bool) {
	for i, part := range d.parts {
		var gb []T
		if bias {
			gb = gradient[d.bias+part*d.size:][:d.size]
		}
		cpu.Outer(gradient[d.weight+part*d.size*d.in:][:d.size*d.in], gb, gy[i*d.size:], x, rows, d.size, d.in, d.out)
	}
}

// chain is layers with SiLU between them: the update network, the readout, a filter.
type chain[T cpu.Float] []*dense[T]

// chainState is what a chain keeps for n rows. Values and rates lie one after the
// other, [2, n, width], and so do the gradients: l by values, g by rates. g is the
// chain's own reverse; l is what the reverse of values and rates together gives.
type chainState[T cpu.Float] struct {
	n int
	x [][]T // a layer's input
	y [][]T // its output, before the SiLU
	g [][]T // gradients by its output
	b [][]T // g by its input, [n, width]
	l []T   // l by the input of the layer at hand, [n, width]
}

func (s *chainState[T]) grow(c chain[T], n int) {
	if s.x == nil {
		s.x, s.y, s.g, s.b = make([][]T, len(c)), make([][]T, len(c)), make([][]T, len(c)), make([][]T, len(c))
	}
	s.n = n
	widest := 0
	for i, d := range c {
		s.x[i], s.b[i] = buffer.Resize(s.x[i], 2*n*d.in), buffer.Resize(s.b[i], n*d.in)
		s.y[i], s.g[i] = buffer.Resize(s.y[i], 2*n*d.out), buffer.Resize(s.g[i], 2*n*d.out)
		widest = max(widest, d.in)
	}
	s.l = buffer.Resize(s.l, n*widest)
}

// halves is the values and the rates of [2, n, width], or l and g.
func halves[T cpu.Float](x []T) (value, rate []T) { return x[:len(x)/2], x[len(x)/2:] }

// values computes y from the values of x[0].
func (c chain[T]) values(s *chainState[T]) {
	for i, d := range c {
		x, _ := halves(s.x[i])
		y, _ := halves(s.y[i])
		d.forward.Apply(y, x, s.n)
		if i+1 < len(c) {
			next, _ := halves(s.x[i+1])
			cpu.SiLU(next, y)
		}
	}
}

// rates computes those of y from those of x[0], after values.
func (c chain[T]) rates(s *chainState[T]) {
	for i, d := range c {
		_, dx := halves(s.x[i])
		y, dy := halves(s.y[i])
		d.tangent.Apply(dy, dx, s.n)
		if i+1 < len(c) {
			_, next := halves(s.x[i+1])
			copy(next, dy)
			cpu.SiLUBackward(next, y)
		}
	}
}

// backward takes g of the last output to b[0], that of the first input.
func (c chain[T]) backward(s *chainState[T]) {
	for i := len(c) - 1; i >= 0; i-- {
		_, g := halves(s.g[i])
		c[i].backward.Apply(s.b[i], g, s.n)
		if i > 0 {
			y, _ := halves(s.y[i-1])
			_, next := halves(s.g[i-1])
			copy(next, s.b[i])
			cpu.SiLUBackward(next, y)
		}
	}
}

// dualBackward takes l of the last output to that of the first input, which it
// returns, after all of the above, and adds the gradient by the weights:
//
//	gW += lᵀ·x + gᵀ·ẋ      gb += Σ l      and through the SiLU, l = l ⊙ silu′(y) + g ⊙ silu″(y) ⊙ ẏ
func (c chain[T]) dualBackward(s *chainState[T], gradient []T) []T {
	for i := len(c) - 1; ; i-- {
		l, g := halves(s.g[i])
		x, dx := halves(s.x[i])
		c[i].addGradient(gradient, l, x, s.n, true)
		c[i].addGradient(gradient, g, dx, s.n, false)
		if i == 0 {
			result := s.l[:s.n*c[0].in]
			c[0].backward.Apply(result, l, s.n)
			return result
		}
		next, _ := halves(s.g[i-1])
		y, dy := halves(s.y[i-1])
		c[i].backward.Apply(next, l, s.n)
		cpu.SiLUDualBackward(next, y, dy, s.b[i])
	}
}
