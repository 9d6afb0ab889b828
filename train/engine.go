package train

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"painless/atoms"
	"painless/internal/pool"
	"painless/kernels/cpu"
	"painless/nn"
)

// EngineOptions of an engine.
type EngineOptions struct {
	Threads int // 0: as many as GOMAXPROCS. The results do not depend on it.
	Loss    Loss
}

// Engine computes the gradient of the loss by the weights, in the arithmetic T.
type Engine[T cpu.Float] struct {
	model   *Model
	options EngineOptions
	learner *nn.Learner[T]
	shards  []*shard[T]
	pool    *pool.Pool
	weights []T

	ctx    context.Context // of the call
	shares shares
}

const (
	// shardCount is how many parts a batch is computed in, side by side: it decides
	// the order of sums.
	shardCount = 4
	// intervals of the filters' splines, and how far apart the differences are, Å.
	intervals = 128
	reach     = 2e-3
)

// shard is a part of a batch.
type shard[T cpu.Float] struct {
	*nn.Shard[T]
	samples []*Sample
	batch   atoms.Batch
	result  nn.Result
	terms   Terms
	err     error

	a []float64
	b [][3]float64
	c [][3][3]float64
}

// NewEngine makes an engine for a model, whose weights it reads at each call.
func NewEngine[T cpu.Float](m *Model, o EngineOptions) (*Engine[T], error) {
	if err := o.Loss.Check(); err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	network, err := m.Network(m.Weights, nil)
	if err != nil {
		return nil, err
	}
	e := &Engine[T]{model: m, options: o, pool: pool.New(min(threads, shardCount)), weights: make([]T, len(m.Weights))}
	if e.learner, err = nn.NewLearner[T](network, intervals); err != nil {
		return nil, err
	}
	for range shardCount {
		e.shards = append(e.shards, &shard[T]{Shard: e.learner.NewShard()})
	}
	return e, nil
}

// Close gives back memory and threads. It may be called twice.
func (e *Engine[T]) Close() { e.pool.Close() }

// Gradient computes the loss of a batch, and writes its gradient by the model's
// weights into grad [W]: carried through the ties, and 0 for weights that are held.
// The same batch gives the same bits with any number of threads. A ctx that ends, and
// structures that give no numbers, are errors.
func (e *Engine[T]) Gradient(ctx context.Context, batch []*Sample, grad []T) (Terms, error) {
	for i, w := range e.model.Weights {
		e.weights[i] = T(w)
	}
	e.learner.Load(e.weights)
	e.ctx, e.shares = ctx, e.options.Loss.shares(batch)
	e.deal(batch)
	e.pool.Begin()
	e.pool.Run(len(e.shards), e.work)
	e.pool.End()
	clear(grad)
	e.learner.Gradient(grad)
	var terms Terms
	for _, s := range e.shards {
		if s.err != nil {
			return terms, s.err
		}
		terms.add(&s.terms)
	}
	if !e.model.Free {
		tieGradient(&e.model.layout, e.weights, grad)
	}
	for i, held := range e.model.held {
		if held {
			grad[i] = 0
		}
	}
	return terms, nil
}

// deal gives each sample, those of the most pairs first, to the shard that has the fewest.
func (e *Engine[T]) deal(batch []*Sample) {
	pairs := make([]int, len(e.shards))
	for _, s := range e.shards {
		s.samples = s.samples[:0]
	}
	order := slices.Clone(batch)
	slices.SortStableFunc(order, func(a, b *Sample) int { return len(b.pairs.D) - len(a.pairs.D) })
	for _, x := range order {
		least := 0
		for i := range pairs {
			if pairs[i] < pairs[least] {
				least = i
			}
		}
		pairs[least] += len(x.pairs.D) + len(x.Numbers)
		e.shards[least].samples = append(e.shards[least].samples, x)
	}
}

func (e *Engine[T]) work(_, unit int) {
	s := e.shards[unit]
	s.terms, s.err = Terms{}, nil
	if len(s.samples) > 0 {
		s.err = s.learn(e.ctx, &e.options.Loss, e.shares)
	}
}

func (s *shard[T]) learn(ctx context.Context, l *Loss, shares shares) error {
	s.batch.Reset()
	for _, x := range s.samples {
		s.batch.Append(&x.Structure)
	}
	if err := s.Compute(ctx, &s.batch, &s.result); err != nil {
		return fmt.Errorf("gradient: %w", err)
	}
	n := s.batch.NumAtoms()
	s.a, s.b, s.c = make([]float64, n), make([][3]float64, n), make([][3][3]float64, len(s.samples))
	for k, x := range s.samples {
		s.seeds(k, x, l, shares)
	}
	return s.Learn(ctx, s.a, s.b, s.c, reach)
}

// seeds is the loss of structure k and its slopes by energies, forces and virials.
func (s *shard[T]) seeds(k int, x *Sample, l *Loss, shares shares) {
	first, n, t := s.batch.Start[k], len(x.Numbers), &s.terms
	share := 1.0
	if x.Forces != nil {
		share = 0
		for _, f := range x.Forces {
			share += l.weight(f) / float64(n)
		}
	}
	if !math.IsNaN(x.Energy) {
		perAtom := (s.result.Energy[k] - x.Energy) / float64(n)
		value, slope := huber(perAtom, l.EnergyHuber)
		t.Energy += shares.energy * share * float64(n) * value
		t.AbsEnergies += math.Abs(perAtom)
		t.SquareEnergies += perAtom * perAtom
		t.Energies++
		for i := range n {
			s.a[first+i] += shares.energy * share * slope
		}
	}
	for i, want := range x.Forces {
		w, size := l.weight(want), 0.0
		var d [3]float64
		for c := range d {
			d[c] = s.result.Forces[first+i][c] - want[c]
			size += d[c] * d[c]
			t.AbsForces += math.Abs(d[c])
		}
		t.SquareForces += size
		t.Components += 3
		size = math.Sqrt(size)
		value, slope := huber(size, l.ForceHuber)
		t.Force += shares.force * w * value
		if size > 0 {
			for c := range d {
				s.b[first+i][c] = -shares.force * w * slope * d[c] / size // as Learn subtracts b·F
			}
		}
	}
	for i, want := range x.AtomEnergies {
		d := float64(s.Energies()[first+i]) - want
		value, slope := huber(d, l.EnergyHuber)
		t.AtomEnergy += shares.atomEnergy * value
		t.AbsAtomEnergies += math.Abs(d)
		t.SquareAtomEnergies += d * d
		t.AtomEnergies++
		s.a[first+i] += shares.atomEnergy * slope
	}
}
