package train

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"painless/internal/pool"
	"painless/kernels/cpu"
	"painless/nn"
)

// EngineOptions of an engine.
type EngineOptions struct {
	Threads int // 0: as many as GOMAXPROCS. The results do not depend on it.
	Loss    Loss

	// Exact computes the filter network for every pair, in place of tables: the
	// yardstick for them.
	Exact bool
}

// Engine computes the gradient of the loss by the weights, in the arithmetic T.
type Engine[T cpu.Float] struct {
	model   *Model
	layout  *layout
	options EngineOptions
	h       int // features
	pool    *pool.Pool
	closed  bool

	weights []T // [W]
	network *network[T]
	rbf     cpu.RBFParams[T]

	// Filters at knots.
	splines   []knotFilter[T] // [K]
	intervals int
	perLength float64 // intervals over the cutoff, 1/Å
	radial    []T     // e at the knots, [intervals+6, R]
	span      span    // of coefficients, that the batch at hand touches

	workers  []worker[T]
	list     []*Sample // of the batch at hand, with the displaced ones
	shards   []*shard[T]
	used     int // shards of the batch at hand
	share    shares
	gradient []T // the caller's
	ties     []T // scratch of the ties, [K, 2, H]
	tasks    tasks
}

// tasks are the units of work of each stage, bound once so that calls allocate nothing.
type tasks struct {
	pack, knotValues, knotFit, shard                func(worker, unit int)
	sum, knotFitBackward, knotBackward, knotWeights func(worker, unit int)
	tie                                             func(worker, unit int)
}

// shard is samples that one worker takes through all stages, some at once so that
// matrices have many rows. Which samples they are does not depend on the threads.
type shard[T cpu.Float] struct {
	samples  []*Sample // each with its displaced ones after it
	first    int       // of the samples, in the batch
	terms    Terms
	err      error
	gradient []T              // by the weights, [W]
	splines  []*cpu.Spline[T] // by the splines' coefficients, [K]
}

// shardAtoms is how many atoms close a shard.
const shardAtoms = 48

// sumTile is how many weights a unit of the sum over shards has.
const sumTile = 8192

// NewEngine makes an engine for a model, whose weights it reads at each call. Options
// that make no sense are errors.
func NewEngine[T cpu.Float](m *Model, o EngineOptions) (*Engine[T], error) {
	if err := o.Loss.Check(); err != nil {
		return nil, err
	}
	if o.Threads < 0 || o.Threads > nn.MaxThreads {
		return nil, fmt.Errorf("%d threads: expected 0 (all cores) to %d", o.Threads, nn.MaxThreads)
	}
	if o.Threads == 0 {
		o.Threads = min(runtime.GOMAXPROCS(0), nn.MaxThreads)
	}
	blocks := len(m.layout.blocks)
	e := &Engine[T]{
		model: m, layout: &m.layout, options: o, h: m.Config.HiddenDim, pool: pool.New(o.Threads),
		weights: make([]T, m.layout.size), network: newNetwork[T](&m.layout), intervals: intervalsFor(m), ties: make([]T, blocks*2*m.Config.HiddenDim),
	}
	e.perLength = float64(e.intervals) / m.Config.Cutoff
	e.rbf = cpu.RBFParams[T]{Cutoff: T(m.Config.Cutoff)}
	for i := range m.Centers {
		e.rbf.Centers, e.rbf.Widths = append(e.rbf.Centers, T(m.Centers[i])), append(e.rbf.Widths, T(m.Widths[i]))
	}
	if !o.Exact {
		e.newKnots()
	}
	for range o.Threads {
		e.workers = append(e.workers, *newWorker(e))
	}
	e.tasks = tasks{
		pack: e.pack, knotValues: e.knotValues, knotFit: e.knotFit, shard: e.runShard,
		sum: e.sum, knotFitBackward: e.knotFitBackward, knotBackward: e.knotBackward, knotWeights: e.knotGradient, tie: e.tie,
	}
	return e, nil
}

// Close gives back memory and threads. It may be called twice.
func (e *Engine[T]) Close() {
	if !e.closed {
		e.closed = true
		e.pool.Close()
		e.workers, e.shards, e.splines = nil, nil, nil
	}
}

// errClosed is what an Engine answers after Close.
var errClosed = errors.New("engine is closed")

// Gradient computes the loss of a batch, and writes its gradient by the model's
// weights into grad [W]: exact to rounding, carried through the ties, and 0 for
// weights that are held. Once the engine has seen the largest batch it allocates
// nothing. The same batch gives the same bits with any number of threads. A batch that
// is none for this model, and a ctx that ends, are errors; a structure whose energy is
// not finite is an *atoms.StructureError.
func (e *Engine[T]) Gradient(ctx context.Context, batch []*Sample, grad []T) (Terms, error) {
	if err := e.check(batch, grad); err != nil {
		return Terms{}, err
	}
	for i, w := range e.model.Weights {
		e.weights[i] = T(w)
	}
	return e.compute(ctx, batch, grad)
}

func (e *Engine[T]) check(batch []*Sample, grad []T) error {
	switch {
	case e.closed:
		return errClosed
	case len(batch) == 0:
		return errors.New("no structures")
	case len(grad) != e.layout.size || len(e.model.Weights) != e.layout.size:
		return fmt.Errorf("gradient of %d numbers, and %d weights: expected %d", len(grad), len(e.model.Weights), e.layout.size)
	}
	for k, x := range batch {
		if x.cutoff != e.model.Config.Cutoff {
			return fmt.Errorf("structure %d of the batch has pairs within %v Å: expected %v", k, x.cutoff, e.model.Config.Cutoff)
		}
		for i, z := range x.Numbers {
			if z < 1 || z > e.model.Config.MaxZ {
				return fmt.Errorf("structure %d of the batch, atom %d: element %d, expected 1 to %d", k, i, z, e.model.Config.MaxZ)
			}
		}
	}
	return nil
}

// compute is Gradient by e.weights.
func (e *Engine[T]) compute(ctx context.Context, batch []*Sample, grad []T) (terms Terms, err error) {
	e.pool.Begin()
	defer e.pool.End()
	var labels counts
	for _, x := range batch {
		labels.add(&x.Labels)
	}
	e.share, e.gradient = e.options.Loss.shares(labels), grad
	e.list = withDisplaced(e.list[:0], batch)
	e.cut(e.list)
	blocks, exact := len(e.layout.blocks), e.options.Exact
	e.pool.Run(len(e.network.layers), e.tasks.pack)
	for k := range e.network.mixing {
		for i := range 9 {
			e.network.mixing[k][i/3][i%3] = e.weights[e.layout.blocks[k].mixing+i]
		}
	}
	if !exact {
		e.span = e.touched(e.list)
		e.growKnots()
		e.pool.Run(blocks*e.knotTiles(), e.tasks.knotValues)
		e.pool.Run(blocks, e.tasks.knotFit)
	}
	if err := ctx.Err(); err != nil {
		return Terms{}, err
	}
	e.pool.Run(e.used, e.tasks.shard)
	if err := ctx.Err(); err != nil {
		return Terms{}, err
	}
	for _, s := range e.shards[:e.used] {
		if s.err != nil {
			return Terms{}, s.err
		}
		terms.add(&s.terms)
	}
	e.pool.Run((len(grad)+sumTile-1)/sumTile, e.tasks.sum)
	if !exact {
		e.pool.Run(blocks, e.tasks.knotFitBackward)
		e.pool.Run(blocks*e.knotTiles(), e.tasks.knotBackward)
		e.pool.Run(2*blocks, e.tasks.knotWeights)
	}
	if !e.model.Free {
		e.pool.Run(blocks, e.tasks.tie)
	}
	for i, held := range e.model.held {
		if held {
			grad[i] = 0
		}
	}
	return terms, nil
}

// cut makes shards of a list of samples, each with its displaced ones after it.
func (e *Engine[T]) cut(list []*Sample) {
	e.used = 0
	first := 0
	for len(list) > 0 {
		n, samples, atoms := 0, 0, 0
		for n < len(list) && atoms < shardAtoms {
			atoms += list[n].computed() * len(list[n].Numbers)
			n += list[n].computed()
			samples++
		}
		if e.used == len(e.shards) {
			s := &shard[T]{gradient: make([]T, e.layout.size)}
			for k := range e.splines {
				s.splines = append(s.splines, e.newSpline(k))
			}
			e.shards = append(e.shards, s)
		}
		s := e.shards[e.used]
		s.samples, s.first = list[:n], first
		list, first = list[n:], first+samples
		e.used++
	}
}

func (e *Engine[T]) pack(_, unit int) { e.network.layers[unit].pack(e.weights) }

// sum adds up the shards' gradients, in their order.
func (e *Engine[T]) sum(_, unit int) {
	lo := unit * sumTile
	to := e.gradient[lo:min(lo+sumTile, len(e.gradient))]
	copy(to, e.shards[0].gradient[lo:])
	for _, s := range e.shards[1:e.used] {
		whole := len(to) / cpu.GroupWidth * cpu.GroupWidth
		cpu.AddRows(to, cpu.GroupWidth, s.gradient[lo:], cpu.GroupWidth, cpu.GroupWidth, whole/cpu.GroupWidth)
		for i := whole; i < len(to); i++ {
			to[i] += s.gradient[lo+i]
		}
	}
}

func (e *Engine[T]) tie(_, k int) {
	tieGradient(e.network.filters[k], e.weights, e.gradient, e.ties[k*2*e.h:][:2*e.h])
}

// runShard takes a shard through all stages: the energy and its gradient by positions,
// how all that changes along the direction that the errors give, and the way back of
// both, by the weights.
func (e *Engine[T]) runShard(thread, unit int) {
	w, blocks := &e.workers[thread], len(e.layout.blocks)
	w.load(e.shards[unit])
	w.embed()
	for k := range blocks {
		w.message(k)
		w.update(k)
	}
	w.readout()
	for k := blocks - 1; k >= 0; k-- {
		w.updateBackward(k)
		w.messageBackward(k)
	}
	w.collectForces()
	w.compare()
	for k := range blocks {
		w.messageRates(k)
		w.updateRates(k)
	}
	w.readoutRates()
	w.readoutDualBackward()
	for k := blocks - 1; k >= 0; k-- {
		w.updateDualBackward(k)
		w.messageDualBackward(k)
	}
	w.embedBackward()
}
