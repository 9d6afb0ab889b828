package nn

import (
	"context"
	"sync"

	"painless/atoms"
	"painless/internal/buffer"
	"painless/internal/pool"
	"painless/kernels/cpu"
)

// cpuEngine is the network on the CPU, in the arithmetic T. Each stage reads what
// the stages before it left in the activations.
type cpuEngine[T cpu.Float] struct {
	weights weights[T]
	known   acquainted
	cutoff  float64
	h       int // features

	energyOnly, atomEnergies, atomVirials bool

	schedule []step

	mu     sync.Mutex
	pool   *pool.Pool
	closed bool

	numbers []int // of the batch, in the order of the list's places
	ordered []int // memory of that
	own     int   // atoms that are updated, the first ones: all but a domain's ghosts
	graded  int   // pairs, the first ones, that have gradients of blocks that the way back has passed
	list    *atoms.NeighborList[T]
	activations[T]
	gradients[T]
	pairs cpu.Pairs[T]  // those of the list
	knots []cpu.Knot[T] // where they lie in the tables, [P]
	chunk chunk[T]
	collection

	atomStart, pairStart []int // of the structures: see grow
	parts                []int // part i is the structures parts[i] up to parts[i+1]

	atomTile int          // atoms of an update
	scratch  []scratch[T] // one a worker
	block    int          // that the running stage works on
	tasks    tasks
}

// Compute walks the schedule, whose way back docs/backward.md derives.
func (e *cpuEngine[T]) Compute(ctx context.Context, b *atoms.Batch, r *Result) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errClosed
	}
	if err := check(ctx, b, r, &e.known); err != nil {
		return err
	}
	e.pool.Begin()
	defer e.pool.End()
	if err := e.list.BuildOn(e.pool, b, e.cutoff); err != nil {
		return err
	}
	e.numbers, e.own = e.inPlace(b.Numbers), b.NumAtoms()
	e.grow(b.Start, e.list.Start)

	e.locate()
	for _, s := range e.schedule {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.do(ctx, s, b, r); err != nil {
			return err
		}
	}
	return nil
}

// inPlace is the atomic numbers in the order in which the engine has the atoms.
func (e *cpuEngine[T]) inPlace(numbers []int) []int {
	if e.list.Order == nil {
		return numbers
	}
	e.ordered = buffer.Resize(e.ordered, len(numbers))
	for place, atom := range e.list.Order {
		e.ordered[place] = numbers[atom]
	}
	return e.ordered
}

// do runs a stage of the schedule.
func (e *cpuEngine[T]) do(ctx context.Context, s step, b *atoms.Batch, r *Result) error {
	e.block = s.block
	switch s.stage {
	case embed:
		e.pool.Run(ceilDiv(len(e.numbers), e.atomTile), e.tasks.embed)
	case message:
		return e.overPairs(ctx, e.tasks.filter, e.tasks.message)
	case update:
		e.pool.Run(e.atomTiles(), e.tasks.update)
	case turn:
		e.graded = 0
		e.pool.Run(e.atomTiles(), e.tasks.turn)
	case messageBackward:
		err := e.overPairs(ctx, e.tasks.filterSlope, e.tasks.messageBackward)
		e.g, e.gin = e.gin, e.g
		e.graded = e.numPairs()
		return err
	case updateBackward:
		e.pool.Run(e.atomTiles(), e.tasks.updateBackward)
	case exchangeStates, exchangeGradients: // all atoms are our own
	case collect:
		return e.collect(b, r)
	}
	return nil
}

// tasks are the units of work of each stage, bound once so that calls allocate nothing.
type tasks struct {
	locate, embed                func(worker, unit int)
	filter, message              func(worker, unit int)
	filterSlope, messageBackward func(worker, unit int)
	update, updateBackward, turn func(worker, unit int)
	pairGradient, collect        func(worker, unit int)
}

func newCPUEngine[T cpu.Float](net *Network, opts Options, threads int) *cpuEngine[T] {
	e := &cpuEngine[T]{
		weights: newWeights[T](net, opts.Filters),
		known:   net.acquainted(opts.AnyElement),
		cutoff:  net.Cutoff,
		h:       net.HiddenDim,
		pool:    pool.New(threads),
		list:    &atoms.NeighborList[T]{Places: true},
		scratch: make([]scratch[T], threads),

		energyOnly: opts.EnergyOnly, atomEnergies: opts.AtomEnergies, atomVirials: opts.AtomVirials,
		schedule: schedule(len(net.Blocks), opts.EnergyOnly),
	}
	h, k := e.h, len(net.Blocks)
	for i := range e.scratch {
		s := &e.scratch[i]
		s.tile = cpu.NewTile[T]()
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
	e.pairGrads = make([][]cpu.PairGrad[T], cpu.Groups(h))
	e.tasks = tasks{
		locate: e.locateTile, embed: e.embedTile, filter: e.filterTile, message: e.messageGroup,
		filterSlope: e.filterSlopeTile, messageBackward: e.messageBackwardGroup,
		update: e.updateTile, updateBackward: e.updateBackwardTile, turn: e.turnTile,
		pairGradient: e.pairGradientSpan, collect: e.collectTile,
	}
	return e
}

func (e *cpuEngine[T]) Run(units int, task func(worker, unit int)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pool.Run(units, task)
}

func (e *cpuEngine[T]) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		e.pool.Close()
		e.numbers, e.list, e.pairs, e.knots = nil, nil, cpu.Pairs[T]{}, nil
		e.activations, e.gradients = activations[T]{}, gradients[T]{}
		e.weights, e.chunk, e.scratch = weights[T]{}, chunk[T]{}, nil
	}
	return nil
}
