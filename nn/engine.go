package nn

import "painless/kernels/cpu"

// dense is a Linear in the arithmetic T, and its transpose for the backward pass.
type dense[T cpu.Float] struct{ forward, backward *cpu.Linear[T] }

// newDense takes the given parts of l's rows, each a share of 1/parts of them.
func newDense[T cpu.Float](l *Linear, parts int, take ...int) dense[T] {
	weight, bias := l.rows(parts, take...)
	in, out := l.In, len(bias)
	return dense[T]{
		forward:  cpu.NewLinear(convert[T](weight), convert[T](bias), out, in),
		backward: cpu.NewLinear(convert[T](transposed(weight, out, in)), nil, in, out),
	}
}

// transposed is the transpose of a matrix [rows, columns].
func transposed(m []float64, rows, columns int) []float64 {
	t := make([]float64, len(m))
	for r := range rows {
		for c := range columns {
			t[c*rows+r] = m[r*columns+c]
		}
	}
	return t
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
	parts  int  // of φ: 3, or 2 in the first block
	gated  bool // not the last block
	table  *cpu.Table[T]
	exact  *exactFilter[T] // in place of the table
	update [2]dense[T]
	mixing [3][3]T
}

type weights[T cpu.Float] struct {
	embedding []T
	blocks    []blockWeights[T]
	head      [3]dense[T]
	headOut   []T // W_c
	intervals int // between the tables' knots
}

func newWeights[T cpu.Float](net *Network, filters Filters) weights[T] {
	w := weights[T]{
		embedding: convert[T](net.Embedding),
		blocks:    make([]blockWeights[T], len(net.Blocks)),
		headOut:   convert[T](net.Head[2].Weight),
	}
	for k := range net.Blocks {
		from, block := &net.Blocks[k], &w.blocks[k]
		updateParts := []int{0, 1, 2}
		if k == len(net.Blocks)-1 {
			updateParts = []int{0}
		}
		block.parts, block.gated = len(net.filterParts(k)), len(updateParts) == 3
		block.update = [2]dense[T]{newDense[T](&from.Update[0], 1, 0), newDense[T](&from.Update[1], 3, updateParts...)}
		for i := range block.mixing {
			copy(block.mixing[i][:], convert[T](from.Mixing[i][:]))
		}
		if filters == Exact {
			block.exact = newExactFilter[T](net, k)
		}
	}
	if filters == Table {
		var tables []*cpu.Table[T]
		tables, w.intervals = newTables[T](net)
		for k, t := range tables {
			w.blocks[k].table = t
		}
	}
	for i := range net.Head {
		w.head[i] = newDense[T](&net.Head[i], 1, 0)
	}
	return w
}

// activations is what the forward pass leaves for the backward one. States are
// cut into slices of SliceWidth features, which lie one after another, so that
// what a message works on lies in one piece. Per block k:
type activations[T cpu.Float] struct {
	s     [][]T // scalars before block k, and after the last one; [K+1][slices][N, h]
	v     [][]T // vectors before block k, nil for the first; [K][slices][N, 3, h]
	mid   [][]T // vectors between message and update; [K][slices][N, 3, h]
	pre   [][]T // hidden layer of the update network before its SiLU; [K][N, H]
	gates [][]T // g1 and g2, nil for the last; [K][N, 2H]

	energy []T // of each atom, eV, [N]
}

// gradients is what the backward pass carries: ∂E/∂ of the state at the stage
// that it has come down to, and of the pairs, summed over blocks.
type gradients[T cpu.Float] struct {
	g, gin cpu.State[T]        // in slices
	pairs  [][]cpu.PairGrad[T] // one a slice of features, [slices][P]
	forces [][3]T              // ∂E/∂x of the pairs, [P]
	spans  []span
}

// chunk is the pairs whose exact φ is at hand, from start on.
type chunk[T cpu.Float] struct {
	start, end int
	filter     cpu.Filter[T]
}

// Sizes of the units that the pool hands out; the results do not depend on them.
const (
	maxAtomTile = 48   // atoms of an update
	pairTile    = 32   // pairs whose φ is at hand at a time
	knotTile    = 256  // pairs that are placed among the knots
	chunkSize   = 2048 // pairs whose exact φ is computed, used and forgotten
)

// scratch is a worker's own memory.
type scratch[T cpu.Float] struct {
	phi, slope []T // [pairTile, 3, SliceWidth], from the table
	hidden     []T // [maxAtomTile, H]
	input      []T // [maxAtomTile, 2H]
	output     []T // [maxAtomTile, 3H]
	exact      exactScratch[T]
}

// tasks are the units of work of each stage, bound once so that calls allocate nothing.
type tasks struct {
	knots, embed                 func(worker, unit int)
	filter, message              func(worker, unit int)
	filterSlope, messageBackward func(worker, unit int)
	update, updateBackward, turn func(worker, unit int)
	pairGradient                 func(worker, unit int)
}

func newEngine[T cpu.Float](net *Network, opts Options, threads int) *engine[T] {
	e := &engine[T]{
		weights: newWeights[T](net, opts.Filters),
		maxZ:    net.MaxZ,
		cutoff:  net.Cutoff,
		h:       net.HiddenDim,
		pool:    newPool(threads),
		list:    &NeighborList[T]{},
		scratch: make([]scratch[T], threads),

		energyOnly: opts.EnergyOnly,
	}
	h, k := e.h, len(net.Blocks)
	for i := range e.scratch {
		s := &e.scratch[i]
		s.phi, s.slope = make([]T, pairTile*3*cpu.SliceWidth), make([]T, pairTile*3*cpu.SliceWidth)
		s.hidden, s.input, s.output = make([]T, maxAtomTile*h), make([]T, maxAtomTile*2*h), make([]T, maxAtomTile*3*h)
		if opts.Filters == Exact {
			s.exact = newExactScratch[T](net)
		}
	}
	e.s, e.v, e.mid = make([][]T, k+1), make([][]T, k), make([][]T, k)
	e.pre, e.gates = make([][]T, k), make([][]T, k)
	if opts.Filters == Exact {
		e.chunk.filter = cpu.Filter[T]{Phi: make([]T, chunkSize*3*h), Slope: make([]T, chunkSize*3*h)}
	}
	e.pairs = make([][]cpu.PairGrad[T], cpu.Slices(h))
	e.tasks = tasks{
		knots: e.knotTile, embed: e.embedTile, filter: e.filterTile, message: e.messageSlice,
		filterSlope: e.filterSlopeTile, messageBackward: e.messageBackwardSlice,
		update: e.updateTile, updateBackward: e.updateBackwardTile, turn: e.turnTile,
		pairGradient: e.pairGradientSpan,
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
	if !e.energyOnly {
		e.growGradients(n, p)
	}
	if e.weights.intervals > 0 {
		e.knots = resize(e.knots, p)
	}
	// Waking threads takes some microseconds a stage: small structures do without.
	e.pool.alone = (p+8*n)*h*last < 30_000
	// As few tiles as give all threads the same work: each reads all weights.
	shares := e.pool.threads
	if e.pool.alone {
		shares = 1
	}
	shares *= max(1, ceilDiv(n, maxAtomTile*shares))
	e.atomTile = min(maxAtomTile, max(1, ceilDiv(ceilDiv(n, shares), 6))*6)
}

func (e *engine[T]) growGradients(n, p int) {
	for _, g := range []*cpu.State[T]{&e.g, &e.gin} {
		g.S, g.V = resize(g.S, n*e.h), resize(g.V, n*3*e.h)
	}
	for i := range e.pairs {
		e.pairs[i] = resize(e.pairs[i], p)
	}
	e.forces = resize(e.forces, p)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
