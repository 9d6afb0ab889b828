package nn

import (
	"fmt"

	"painless/kernels/cpu"
)

// Learner is a network whose weights change from step to step: what training
// needs beyond a Potential. Its filters are cubic B-splines of the filter
// network's values at knots, so that the filter network is evaluated, and its
// gradient carried back, once a step, whatever the number of pairs. All energies,
// forces and gradients are exactly those of the network with these splines, which
// is closer to the exact one the more intervals there are.
//
// A step is Load; Shard.Compute and Shard.Learn, on as many shards of a batch as
// there are, side by side; and Gradient.
type Learner[T cpu.Float] struct {
	// MixingIsFixed leaves the gradient by the mixing matrices at 0, and saves its cost:
	// for students that are held to be equivariant.
	MixingIsFixed bool

	net       *Network
	weights   weights[T]
	filters   []learningFilter[T]
	intervals int
	flat      []T // the weights that are loaded
	loaded    weightsView[T]
	sum       []T // the gradient of all shards
	grad      weightsView[T]
	shards    []*Shard[T]
}

// learningFilter is a block's filter network at the knots, and its spline.
type learningFilter[T cpu.Float] struct {
	parts    []int // of φ
	radial   []T   // e at the knots, filled up with zeros, [knots, row]
	row      int
	layers   [2]*cpu.Linear[T]
	backward *cpu.Linear[T]
	spline   *cpu.Spline[T]

	first, pre, hidden, value []T // first layer with zeros [H, row]; at the knots: [knots, H], [knots, H], [knots, parts·H]
}

// NewLearner makes a learner of a network's form, with as many intervals between
// knots on [0, cutoff]. It has the network's weights until others are loaded, and
// the network's radial functions.
func NewLearner[T cpu.Float](net *Network, intervals int) (*Learner[T], error) {
	if err := net.check(); err != nil {
		return nil, err
	}
	if intervals < 4 || intervals > 1<<16 {
		return nil, fmt.Errorf("%d intervals of a spline: expected 4 to 65536", intervals)
	}
	l := &Learner[T]{net: net, weights: newWeights[T](net, Auto), intervals: intervals}
	l.weights.intervals = intervals
	for k := range net.Blocks {
		l.filters = append(l.filters, newLearningFilter[T](net, k, intervals))
		l.weights.blocks[k].table = l.filters[k].spline.Table
	}
	l.flat = convert[T](net.Weights())
	l.loaded = view(net.Config, l.flat)
	l.sum = make([]T, len(l.flat))
	l.grad = view(net.Config, l.sum)
	l.spread()
	return l, nil
}

func newLearningFilter[T cpu.Float](net *Network, k, intervals int) learningFilter[T] {
	f := learningFilter[T]{parts: net.filterParts(k), row: ceilDiv(net.NumRBF, cpu.GroupWidth) * cpu.GroupWidth}
	h, knots, out := net.HiddenDim, intervals+cpu.KnotsBefore+1+cpu.KnotsAfter, len(f.parts)*net.HiddenDim
	f.spline = cpu.NewSpline[T](intervals, len(f.parts), h, net.Cutoff)
	f.radial, f.first = make([]T, knots*f.row), make([]T, h*f.row)
	f.pre, f.hidden, f.value = make([]T, knots*h), make([]T, knots*h), make([]T, knots*out)
	f.layers = [2]*cpu.Linear[T]{cpu.NewLinear[T](nil, nil, h, f.row), cpu.NewLinear[T](nil, nil, out, h)}
	f.backward = cpu.NewLinear[T](nil, nil, h, out)

	exact := filterCurves{net: net}
	e0, e1, e2 := make([]float64, net.NumRBF), make([]float64, net.NumRBF), make([]float64, net.NumRBF)
	for i := range knots {
		if d := float64(i-cpu.KnotsBefore) * net.Cutoff / float64(intervals); d < net.Cutoff {
			exact.radial(d, e0, e1, e2)
			copy(f.radial[i*f.row:], convert[T](e0))
		}
	}
	return f
}

// Load takes other weights, in the order of Config.Parameters. No shard may be at work.
func (l *Learner[T]) Load(weights []T) {
	copy(l.flat, weights)
	l.spread()
}

// spread puts the loaded weights where the engines have them.
func (l *Learner[T]) spread() {
	h, w := l.net.HiddenDim, &l.weights
	copy(w.embedding, l.loaded.embedding)
	for k := range w.blocks {
		from, to := &l.loaded.blocks[k], &w.blocks[k]
		to.update[0].set(from.update[0], h, 0)
		to.update[1].set(from.update[1], h, l.net.updateParts(k)...)
		for i := range to.mixing {
			copy(to.mixing[i][:], from.mixing[3*i:])
		}
		l.filters[k].load(from, l.net)
	}
	for i := range w.head {
		w.head[i].set(l.loaded.head[i], w.head[i].forward.Out, 0)
	}
	copy(w.headOut, l.loaded.head[2].weight)
}

// set takes parts, of size rows each, of a layer's rows.
func (d *dense[T]) set(from layerView[T], size int, parts ...int) {
	in := d.forward.In
	for i, part := range parts {
		weight := from.weight[part*size*in : (part+1)*size*in]
		d.forward.Set(weight, i*size)
		d.forward.SetBias(from.bias[part*size:(part+1)*size], i*size)
		d.backward.SetTransposed(weight, i*size)
	}
}

// load evaluates the filter network at the knots, and makes the spline of it.
func (f *learningFilter[T]) load(from *blockView[T], net *Network) {
	h, r := net.HiddenDim, net.NumRBF
	knots := len(f.radial) / f.row
	cpu.CopyRows(f.first, f.row, from.filter[0].weight, r, r, h)
	f.layers[0].Set(f.first, 0)
	f.layers[0].SetBias(from.filter[0].bias, 0)
	for i, part := range f.parts {
		weight := from.filter[1].weight[part*h*h : (part+1)*h*h]
		f.layers[1].Set(weight, i*h)
		f.layers[1].SetBias(from.filter[1].bias[part*h:(part+1)*h], i*h)
		f.backward.SetTransposed(weight, i*h)
	}
	f.layers[0].Apply(f.pre, f.radial, knots)
	cpu.SiLU(f.hidden, f.pre)
	f.layers[1].Apply(f.value, f.hidden, knots)
	f.spline.Set(f.value, h)
}

// gradient adds the gradient by the filter network's weights, of the pairs' moments.
func (f *learningFilter[T]) gradient(to *blockView[T], moments *cpu.Moments[T], net *Network) {
	h, r := net.HiddenDim, net.NumRBF
	knots, out := len(f.radial)/f.row, len(f.parts)*h
	f.spline.Gradient(f.value, moments, h) // φ is not needed again before the next Load
	for i, part := range f.parts {
		cpu.Outer(to.filter[1].weight[part*h*h:], to.filter[1].bias[part*h:], f.value[i*h:], f.hidden, knots, h, h, out)
	}
	f.backward.Apply(f.hidden, f.value, knots)
	cpu.SiLUBackward(f.hidden, f.pre)
	clear(f.first)
	cpu.Outer(f.first, to.filter[0].bias, f.hidden, f.radial, knots, h, f.row, h)
	cpu.AddRows(to.filter[0].weight, r, f.first, f.row, r, h)
}

// Gradient writes to grad, in the order of Config.Parameters, what the shards'
// calls of Learn have found since the last Gradient.
func (l *Learner[T]) Gradient(grad []T) {
	clear(l.sum)
	if len(l.shards) == 0 {
		clear(grad)
		return
	}
	for k := range l.filters {
		sum := l.shards[0].moments[k]
		for _, s := range l.shards[1:] {
			sum.AddFrom(s.moments[k])
			s.moments[k].Clear()
		}
		l.filters[k].gradient(&l.grad.blocks[k], sum, l.net)
		sum.Clear()
	}
	for _, s := range l.shards {
		for i, g := range s.flat {
			l.sum[i] += g
		}
		clear(s.flat)
	}
	copy(grad, l.sum)
}
