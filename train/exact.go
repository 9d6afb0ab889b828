package train

import "painless/kernels/cpu"

// exactFilter is the filter network of a block at every pair of a shard: values are φ,
// and rates dφ/dd.
type exactFilter[T cpu.Float] struct{ chainState[T] }

// at computes φ and φ′ at the distances.
func (f *exactFilter[T]) at(c chain[T], rbf *cpu.RBFParams[T], d []T) {
	f.grow(c, len(d))
	e, slope := halves(f.x[0])
	rbf.RBF(e, slope, d)
	c.values(&f.chainState)
	c.rates(&f.chainState)
}

// filter is that of a group of features from pair lo on.
func (f *exactFilter[T]) filter(c chain[T], group, lo int) cpu.Filter[T] {
	return f.view(f.y[1], c, group, lo)
}

// gradient is where that by φ and by φ′ goes.
func (f *exactFilter[T]) gradient(c chain[T], group, lo int) cpu.Filter[T] {
	return f.view(f.g[1], c, group, lo)
}

func (f *exactFilter[T]) view(both []T, c chain[T], group, lo int) cpu.Filter[T] {
	row := c[1].out
	part := c[1].in // H, as a block's filter has that in the middle
	values, rates := halves(both)
	at := lo*row + group*cpu.GroupWidth
	return cpu.Filter[T]{Phi: values[at:], Slope: rates[at:], Row: row, Part: part}
}

// backward adds the gradient by the filter's weights.
func (f *exactFilter[T]) backward(c chain[T], gradient []T) {
	c.backward(&f.chainState)
	c.dualBackward(&f.chainState, gradient)
}
