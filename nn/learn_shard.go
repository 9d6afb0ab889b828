package nn

import (
	"context"
	"math"

	"painless/atoms"
	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// Shard computes a part of a batch with a Learner's weights, on the calling
// thread. Shards of a learner may work side by side.
type Shard[T cpu.Float] struct {
	learning[T]
	engine  *cpuEngine[T]
	center  *atoms.NeighborList[T] // of the structures of Compute
	moved   *atoms.NeighborList[T] // of those of Learn
	atoms   []int                  // of the structures of Compute: those of k are atoms[k] up to atoms[k+1]
	numbers []int                  // of those of Learn
}

// learning is what the engine's stages add up where the gradient by the weights
// is asked for.
type learning[T cpu.Float] struct {
	learner *Learner[T]
	engine  *cpuEngine[T]
	flat    []T // the gradient, but for the filters
	grad    weightsView[T]
	seeds   []T // ∂L/∂ of each atom's energy, [N]
	moments []*cpu.Moments[T]
	splines []*cpu.Spline[T]

	inputs, hidden [][]T // of the blocks' updates, [K][N, 2H], [K][N, H]
	gphi           []T   // of a tile of pairs
}

// NewShard makes a shard.
func (l *Learner[T]) NewShard() *Shard[T] {
	s := &Shard[T]{center: &atoms.NeighborList[T]{}, moved: &atoms.NeighborList[T]{}}
	s.engine = newEngine(l.net, l.weights, Options{Filters: Table}, 1)
	s.learner, s.learning.engine = l, s.engine
	s.flat = make([]T, len(l.flat))
	s.grad = view(l.net.Config, s.flat)
	s.gphi = make([]T, pairTile*3*cpu.GroupWidth)
	for k := range l.filters {
		s.splines = append(s.splines, l.filters[k].spline)
		s.moments = append(s.moments, l.filters[k].spline.NewMoments())
	}
	s.inputs, s.hidden = make([][]T, len(l.filters)), make([][]T, len(l.filters))
	l.shards = append(l.shards, s)
	return s
}

// Compute fills r for the structures of b, as a Potential does.
func (s *Shard[T]) Compute(ctx context.Context, b *atoms.Batch, r *Result) error {
	s.engine.learn, s.engine.list = nil, s.center
	s.atoms = append(s.atoms[:0], b.Start...)
	return s.engine.Compute(ctx, b, r)
}

// Learn adds to the gradient that of
//
//	Σ_i a_i E_i − Σ_i b_i·F_i − Σ_k c_k:W_k
//
// by the weights, for the batch that was computed last: a, the seeds of the atoms'
// energies, b, eV/Å a unit, and c, of the structures' virials, as the loss has
// them. The terms of forces and virials are the slope of the energy as all
// atoms move along b and all of space is strained by c: a central difference
// over positions that are as far apart as reach, Å, for the atom that moves most.
// Pairs are those of the structures in between.
func (s *Shard[T]) Learn(ctx context.Context, a []float64, b [][3]float64, c [][3][3]float64, reach float64) error {
	e := s.engine
	e.list, e.learn = s.moved, &s.learning
	s.displace(a, b, c, reach)
	n := 2 * len(a)
	e.numbers, e.own = s.numbers, n
	e.grow(n, len(e.list.D))
	s.grow(n)
	e.locate()
	for _, step := range e.schedule {
		if err := ctx.Err(); err != nil {
			return err
		}
		if step.stage == collect {
			break
		}
		if err := e.do(ctx, step, nil, nil); err != nil {
			return err
		}
	}
	s.embedding()
	return nil
}

// displace makes the pairs of all structures moved one way, and after them those
// moved the other way, and the seeds of both.
func (s *Shard[T]) displace(a []float64, b [][3]float64, c [][3][3]float64, reach float64) {
	n, pairs := len(a), len(s.center.D)
	s.seeds, s.numbers = buffer.Resize(s.seeds, 2*n), buffer.Resize(s.numbers, 2*n)
	copy(s.numbers, s.engine.numbers)
	copy(s.numbers[n:], s.engine.numbers)
	s.moved.Resize(2 * pairs)
	for k := range s.center.Start[1:] {
		var strain *[3][3]float64
		if c != nil {
			strain = &c[k]
		}
		lo, hi := s.center.Start[k], s.center.Start[k+1]
		most := 0.0
		for p := lo; p < hi; p++ {
			x := s.direction(p, b, strain)
			most = max(most, x[0]*x[0]+x[1]*x[1]+x[2]*x[2])
		}
		step, slope := 0.0, 0.0
		if most > 0 {
			step = reach / math.Sqrt(most)
			slope = 1 / (2 * step)
		}
		for i := s.atoms[k]; i < s.atoms[k+1]; i++ {
			s.seeds[i], s.seeds[n+i] = T(a[i]/2+slope), T(a[i]/2-slope)
		}
		for p := lo; p < hi; p++ {
			i, j, x, along := s.center.I[p], s.center.J[p], s.center.X[p], s.direction(p, b, strain)
			for sign, at := range [2]int{p, pairs + p} {
				way := step * float64(1-2*sign)
				moved := [3]T{T(float64(x[0]) + way*along[0]), T(float64(x[1]) + way*along[1]), T(float64(x[2]) + way*along[2])}
				s.moved.Set(at, i+int32(sign*n), j+int32(sign*n), moved, atoms.Distance(moved))
			}
		}
	}
}

// direction is how x of pair p changes along b and the strain c: b_j − b_i + c x.
func (s *Shard[T]) direction(p int, b [][3]float64, c *[3][3]float64) (d [3]float64) {
	if b != nil {
		bi, bj := &b[s.center.I[p]], &b[s.center.J[p]]
		d = [3]float64{bj[0] - bi[0], bj[1] - bi[1], bj[2] - bi[2]}
	}
	if c != nil {
		x := &s.center.X[p]
		for k := range d {
			d[k] += c[k][0]*float64(x[0]) + c[k][1]*float64(x[1]) + c[k][2]*float64(x[2])
		}
	}
	return d
}

// keepUpdate keeps what the layers of block k's update work on, of atoms from lo on.
func (l *learning[T]) keepUpdate(k, lo int, input, hidden []T) {
	h := l.engine.h
	copy(l.inputs[k][lo*2*h:], input)
	copy(l.hidden[k][lo*h:], hidden)
}

// update adds the gradient of block k's update, of n atoms from lo on, from ∂L/∂
// of the outputs of its layers.
func (l *learning[T]) update(k, lo, n int, second, first []T) {
	h := l.engine.h
	block := &l.engine.weights.blocks[k]
	g := &l.grad.blocks[k].update
	rows := block.update[1].forward.Out // a prefix of the layer's
	cpu.Outer(g[1].weight, g[1].bias, second[:n*rows], l.hidden[k][lo*h:], n, rows, h, rows)
	cpu.Outer(g[0].weight, g[0].bias, first, l.inputs[k][lo*2*h:], n, h, 2*h, h)
}

// mixing adds the gradient of block k's mixing matrix, from ∂L/∂ of the vectors
// after the update, gv, and the vectors before it, v, [n, 3, h], and g2 [n, 2H].
func (l *learning[T]) mixing(k int, gv, v, g2 []T, h int) {
	if l.learner.MixingIsFixed {
		return
	}
	m, row := l.grad.blocks[k].mixing, 2*l.engine.h
	for i := 0; 3*i*h < len(v); i++ {
		gate := g2[i*row:][:h]
		for a := range 3 {
			ga := gv[(3*i+a)*h:][:h]
			for b := range 3 {
				vb := v[(3*i+b)*h:][:h]
				sum := T(0)
				for f, g := range gate {
					sum += ga[f] * g * vb[f]
				}
				m[3*a+b] += sum
			}
		}
	}
}

// seed multiplies the rows of n atoms from lo on by ∂L/∂ of their energies.
func (l *learning[T]) seed(rows []T, lo, n int) {
	width := len(rows) / n
	for i, a := range l.seeds[lo : lo+n] {
		for f := range rows[i*width : (i+1)*width] {
			rows[i*width+f] *= a
		}
	}
}

// head adds the gradient of a layer of the readout.
func (l *learning[T]) head(layer int, gy, x []T, n int) {
	forward := l.engine.weights.head[layer].forward
	g := &l.grad.head[layer]
	cpu.Outer(g.weight, g.bias, gy, x, n, forward.Out, forward.In, forward.Out)
}

// message is messageBackwardGroup with ∂L/∂φ in place of the pairs' gradients.
func (l *learning[T]) message(worker, group int, in, g, gin cpu.State[T]) {
	e := l.engine
	first, last := e.features(group)
	for i := range e.chunk.tiles() {
		lo, hi := e.chunk.tile(i)
		filter := e.filter(worker, group, lo, hi, false)
		cpu.MessageLearn(gin, l.gphi, g, in, e.pairs.Slice(lo, hi), filter, last-first)
		l.splines[e.block].Add(l.moments[e.block], l.gphi, e.knots[lo:hi], group)
	}
}

// embedding adds the gradient of the embedding, ∂L/∂s of the first block.
func (l *learning[T]) embedding() {
	e := l.engine
	for group := range e.pairGrads {
		first, last := e.features(group)
		g := e.rows(e.g, group, 0, len(e.energy)).S
		for i, z := range e.numbers {
			row := l.grad.embedding[z*e.h+first : z*e.h+last]
			for f := range row {
				row[f] += g[i*(last-first)+f]
			}
		}
	}
}

func (l *learning[T]) grow(n int) {
	h := l.engine.h
	for k := range l.inputs {
		l.inputs[k], l.hidden[k] = buffer.Resize(l.inputs[k], n*2*h), buffer.Resize(l.hidden[k], n*h)
	}
}

// Energies are those of the atoms of the last Compute, eV, [N].
func (s *Shard[T]) Energies() []T { return s.engine.energy }
