package nn

import "painless/kernels/cpu"

// exactFilter is the filter network φ(d) = W2·silu(W1·e(d) + b1) + b2 of a
// block; the tangents are the same layers without their biases.
type exactFilter[T cpu.Float] struct {
	rbf              cpu.RBFParams[T]
	layers, tangents [2]*cpu.Linear[T]
}

func newExactFilter[T cpu.Float](net *Network, k int) *exactFilter[T] {
	f := &exactFilter[T]{rbf: cpu.RBFParams[T]{Centers: convert[T](net.Centers), Widths: convert[T](net.Widths), Cutoff: T(net.Cutoff)}}
	for i := range f.layers {
		layer, parts := &net.Blocks[k].Filter[i], []int{0}
		if i == 1 {
			parts = net.FilterParts(k)
		}
		weight, bias := layer.rows([]int{1, 3}[i], parts...)
		f.layers[i] = cpu.NewLinear(convert[T](weight), convert[T](bias), len(bias), layer.In)
		f.tangents[i] = cpu.NewLinear(convert[T](weight), nil, len(bias), layer.In)
	}
	return f
}

// exactScratch is what a worker needs for pairTile pairs.
type exactScratch[T cpu.Float] struct {
	radial, radialSlope []T // [pairTile, R]
	hidden, hiddenSlope []T // [pairTile, H]
}

func newExactScratch[T cpu.Float](net *Network) exactScratch[T] {
	r, h := net.NumRBF, net.HiddenDim
	return exactScratch[T]{
		radial: make([]T, pairTile*r), radialSlope: make([]T, pairTile*r),
		hidden: make([]T, pairTile*h), hiddenSlope: make([]T, pairTile*h),
	}
}

// values is φ at the distances d, [P, parts·H].
func (f *exactFilter[T]) values(phi, d []T, s *exactScratch[T]) {
	hidden := s.hidden[:len(d)*f.layers[0].Out]
	f.rbf.RBF(s.radial, nil, d)
	f.layers[0].Apply(hidden, s.radial, len(d))
	cpu.SiLU(hidden, hidden)
	f.layers[1].Apply(phi, hidden, len(d))
}

// valuesAndSlopes is φ, and φ′(d) = W2·(silu′(W1·e(d) + b1) ⊙ W1·e′(d)).
func (f *exactFilter[T]) valuesAndSlopes(phi, slope, d []T, s *exactScratch[T]) {
	n := len(d) * f.layers[0].Out
	hidden, hiddenSlope := s.hidden[:n], s.hiddenSlope[:n]
	f.rbf.RBF(s.radial, s.radialSlope, d)
	f.layers[0].Apply(hidden, s.radial, len(d))
	f.tangents[0].Apply(hiddenSlope, s.radialSlope, len(d))
	cpu.SiLUTangent(hidden, hiddenSlope, hidden, hiddenSlope)
	f.layers[1].Apply(phi, hidden, len(d))
	f.tangents[1].Apply(slope, hiddenSlope, len(d))
}

// locate finds the pairs' directions, and where they lie in the tables.
func (e *cpuEngine[T]) locate() {
	e.pairs = cpu.Pairs[T]{Pairs: e.list.Pairs, U: e.pairs.U}
	e.pool.Run(ceilDiv(len(e.pairs.D), locateTile), e.tasks.locate)
}

func (e *cpuEngine[T]) locateTile(_, unit int) {
	lo, hi := unit*locateTile, min((unit+1)*locateTile, len(e.pairs.D))
	e.pairs.Direct(lo, hi)
	if e.weights.intervals == 0 {
		return
	}
	cpu.PlaceKnots(e.knots[lo:hi], e.pairs.D[lo:hi], float64(e.weights.intervals)/e.cutoff, e.weights.intervals)
}

// filterTile computes the exact φ of a tile of the chunk.
func (e *cpuEngine[T]) filterTile(worker, unit int) {
	lo, hi := e.chunk.tile(unit)
	row, at := e.weights.blocks[e.block].parts*e.h, lo-e.chunk.start
	phi := e.chunk.filter.Phi[at*row : (at+hi-lo)*row]
	e.weights.blocks[e.block].exact.values(phi, e.pairs.D[lo:hi], &e.scratch[worker].exact)
}

// filterSlopeTile computes the exact φ and φ′ of a tile of the chunk.
func (e *cpuEngine[T]) filterSlopeTile(worker, unit int) {
	lo, hi := e.chunk.tile(unit)
	row, at := e.weights.blocks[e.block].parts*e.h, lo-e.chunk.start
	phi, slope := e.chunk.filter.Phi[at*row:(at+hi-lo)*row], e.chunk.filter.Slope[at*row:(at+hi-lo)*row]
	e.weights.blocks[e.block].exact.valuesAndSlopes(phi, slope, e.pairs.D[lo:hi], &e.scratch[worker].exact)
}

// exact is the φ of the chunk that was computed before, of a group of features.
func (e *cpuEngine[T]) exact(group int) cpu.Filter[T] {
	all, at := &e.chunk.filter, group*cpu.GroupWidth
	return cpu.Filter[T]{Phi: all.Phi[at:], Slope: all.Slope[at:], Row: e.weights.blocks[e.block].parts * e.h, Part: e.h}
}
