package nn

import "painless/kernels/cpu"

// dense is a Linear in the arithmetic T, with its transpose for the backward pass.
type dense[T cpu.Float] struct {
	in, out            int
	weight, transposed []T // [out, in] and [in, out]
	bias               []T
}

// apply computes y = x·Wᵀ + b for rows of x.
func (d *dense[T]) apply(y, x []T, rows int) {
	cpu.Dense(y, x, d.weight, d.bias, rows, d.out, d.in)
}

// tangent computes y = x·Wᵀ, the derivative of apply along x.
func (d *dense[T]) tangent(y, x []T, rows int) {
	cpu.Dense(y, x, d.weight, nil, rows, d.out, d.in)
}

// backward computes gx = gy·W, the reverse of apply.
func (d *dense[T]) backward(gx, gy []T, rows int) {
	cpu.Dense(gx, gy, d.transposed, nil, rows, d.in, d.out)
}

// newDense takes the given parts of l's rows, each a share of 1/parts of them.
func newDense[T cpu.Float](l Linear, parts int, take ...int) dense[T] {
	size := l.Out / parts
	d := dense[T]{in: l.In, out: size * len(take)}
	for _, part := range take {
		d.weight = append(d.weight, convert[T](l.Weight[part*size*l.In:(part+1)*size*l.In])...)
		d.bias = append(d.bias, convert[T](l.Bias[part*size:(part+1)*size])...)
	}
	d.transposed = make([]T, len(d.weight))
	for o := range d.out {
		for i := range d.in {
			d.transposed[i*d.out+o] = d.weight[o*d.in+i]
		}
	}
	return d
}

func convert[T cpu.Float](values []float64) []T {
	out := make([]T, len(values))
	for i, x := range values {
		out[i] = T(x)
	}
	return out
}

// blockWeights is a Block without the rows whose results nobody uses: φv of
// the first block, where v is 0, and the gates of the last.
type blockWeights[T cpu.Float] struct {
	parts  int // of φ: 3, or 2 in the first block
	gated  bool
	filter [2]dense[T]
	update [2]dense[T]
	mixing [3][3]T
}

type weights[T cpu.Float] struct {
	embedding []T
	rbf       cpu.RBFParams[T]
	blocks    []blockWeights[T]
	head      [3]dense[T]
}

func newWeights[T cpu.Float](net *Network) weights[T] {
	w := weights[T]{
		embedding: convert[T](net.Embedding),
		rbf:       cpu.RBFParams[T]{Centers: convert[T](net.Centers), Widths: convert[T](net.Widths), Cutoff: T(net.Cutoff)},
		blocks:    make([]blockWeights[T], len(net.Blocks)),
	}
	for k := range net.Blocks {
		from, block := &net.Blocks[k], &w.blocks[k]
		filterParts, updateParts := []int{0, 1, 2}, []int{0, 1, 2}
		if k == 0 {
			filterParts = []int{0, 2}
		}
		if k == len(net.Blocks)-1 {
			updateParts = []int{0}
		}
		block.parts, block.gated = len(filterParts), len(updateParts) == 3
		block.filter = [2]dense[T]{newDense[T](from.Filter[0], 1, 0), newDense[T](from.Filter[1], 3, filterParts...)}
		block.update = [2]dense[T]{newDense[T](from.Update[0], 1, 0), newDense[T](from.Update[1], 3, updateParts...)}
		for i := range block.mixing {
			copy(block.mixing[i][:], convert[T](from.Mixing[i][:]))
		}
	}
	for i := range net.Head {
		w.head[i] = newDense[T](net.Head[i], 1, 0)
	}
	return w
}

// activations is what the forward pass leaves for the backward one. Per block k:
type activations[T cpu.Float] struct {
	s     [][]T // scalars before block k, and after the last one; [K+1][N, H]
	v     [][]T // vectors before block k, nil for the first; [K][N, 3, H]
	mid   [][]T // vectors between message and update; [K][N, 3, H]
	pre   [][]T // hidden layer of the update network before its SiLU; [K][N, H]
	gates [][]T // g1 and g2, nil for the last; [K][N, 2H]

	energy []T // of each atom, eV, [N]
}

// gradients is what the backward pass carries: ∂E/∂ of the state at the stage
// that it has come down to, and of the pairs, summed over blocks and features.
type gradients[T cpu.Float] struct {
	g, gin cpu.State[T]
	pairs  cpu.PairGrad[T]
}

// chunk is the pairs in work: their φ is computed, used and forgotten, so that
// memory stays small next to the pairs'.
type chunk[T cpu.Float] struct {
	start  int
	pairs  cpu.Pairs[T]
	filter cpu.Filter[T]
	slices []cpu.PairGrad[T] // one a slice of features
}

// Sizes of the units that the pool hands out. The results do not depend on
// the first three; sliceSize decides the order of the sums over features.
const (
	atomTile  = 32   // atoms of an update
	pairTile  = 32   // pairs of a filter
	chunkSize = 1024 // pairs in work
	sliceSize = 16   // features of a message
)

// scratch is a worker's own memory.
type scratch[T cpu.Float] struct {
	radial, radialSlope []T // [pairTile, R]
	hidden, hiddenSlope []T // [tile, H]
	input               []T // [atomTile, 2H]
	output              []T // [atomTile, 3H]
}

// tasks are the units of work of each stage, bound once so that calls allocate nothing.
type tasks struct {
	filter, filterSlope, message, messageBackward func(worker, unit int)
	update, updateBackward, readout               func(worker, unit int)
}

func newEngine[T cpu.Float](net *Network, threads int) *engine[T] {
	e := &engine[T]{
		weights: newWeights[T](net),
		maxZ:    net.MaxZ,
		cutoff:  net.Cutoff,
		h:       net.HiddenDim,
		pool:    newPool(threads),
		scratch: make([]scratch[T], threads),
	}
	h, r, k := e.h, net.NumRBF, len(net.Blocks)
	for i := range e.scratch {
		s := &e.scratch[i]
		s.radial, s.radialSlope = make([]T, pairTile*r), make([]T, pairTile*r)
		s.hidden, s.hiddenSlope = make([]T, atomTile*h), make([]T, atomTile*h)
		s.input, s.output = make([]T, atomTile*2*h), make([]T, atomTile*3*h)
	}
	e.s, e.v, e.mid = make([][]T, k+1), make([][]T, k), make([][]T, k)
	e.pre, e.gates = make([][]T, k), make([][]T, k)
	e.chunk.filter = cpu.Filter[T]{Phi: make([]T, chunkSize*3*h), Slope: make([]T, chunkSize*3*h)}
	e.chunk.slices = make([]cpu.PairGrad[T], ceilDiv(h, sliceSize))
	for i := range e.chunk.slices {
		e.chunk.slices[i] = cpu.PairGrad[T]{D: make([]T, chunkSize), U: make([][3]T, chunkSize)}
	}
	e.tasks = tasks{
		filter: e.filterTile, filterSlope: e.filterSlopeTile,
		message: e.messageSlice, messageBackward: e.messageBackwardSlice,
		update: e.updateTile, updateBackward: e.updateBackwardTile, readout: e.readoutTile,
	}
	return e
}

// grow makes room for n atoms and p pairs.
func (e *engine[T]) grow(n, p int) {
	h := e.h
	last := len(e.weights.blocks)
	for k := range last {
		e.s[k], e.mid[k], e.pre[k] = resize(e.s[k], n*h), resize(e.mid[k], n*3*h), resize(e.pre[k], n*h)
		if k > 0 {
			e.v[k] = resize(e.v[k], n*3*h)
		}
		if e.weights.blocks[k].gated {
			e.gates[k] = resize(e.gates[k], n*2*h)
		}
	}
	e.s[last], e.energy = resize(e.s[last], n*h), resize(e.energy, n)
	for _, g := range []*cpu.State[T]{&e.g, &e.gin} {
		g.S, g.V = resize(g.S, n*h), resize(g.V, n*3*h)
	}
	e.pairs.D, e.pairs.U = resize(e.pairs.D, p), resize(e.pairs.U, p)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
