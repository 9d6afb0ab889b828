package nn

import (
	"errors"
	"math"
	"math/bits"

	"painless/kernels/gpu"
)

// gpuWeights is the network's weights on the device.
type gpuWeights struct {
	embedding gpu.Array[float32]
	tables    []*gpu.Table
	intervals int
	updates   []gpu.Update
	readout   gpu.Readout
}

// load brings kernels and weights to the device.
func (e *gpuEngine) load() error {
	net, w := e.net, &e.weights
	knots, intervals := tabulate(net)
	var err error
	if e.kernels, err = gpu.Load(e.dev, net.HiddenDim, intervals); err != nil {
		return err
	}
	w.intervals = intervals
	for k, c := range knots {
		t, err := gpu.NewTable(e.memory, c.value, c.slope, c.curvature, intervals+1, len(net.filterParts(k)), net.HiddenDim)
		if err != nil {
			return err
		}
		w.tables = append(w.tables, t)
	}
	u := uploader{memory: e.memory}
	u.floats(&w.embedding, net.Embedding)
	blocks := len(net.Blocks)
	w.updates = make([]gpu.Update, blocks)
	for k := range net.Blocks {
		from, to := &net.Blocks[k], &w.updates[k]
		parts := []int{0, 1, 2}
		if k == blocks-1 { // its gates are not used
			parts = parts[:1]
		}
		u.dense(&to.Hidden, &from.Update[0], 1, 0)
		u.dense(&to.Out, &from.Update[1], 3, parts...)
		u.floats(&to.Mixing, append(append(append([]float64(nil), from.Mixing[0][:]...), from.Mixing[1][:]...), from.Mixing[2][:]...))
	}
	for i := range net.Head {
		u.dense(&w.readout[i], &net.Head[i], 1, 0)
	}
	e.before, e.after = make([]gpu.State, blocks), make([]gpu.State, blocks)
	e.pre, e.gates = make([]gpu.Array[float32], blocks-1), make([]gpu.Array[float32], blocks-1)
	e.host.total, e.host.onOnePoint = make([]int32, 1), make([]int32, 1)
	return errors.Join(u.err, e.dev.Synchronize())
}

// uploader uploads weights until the first error.
type uploader struct {
	memory *gpu.Memory
	err    error
}

func (u *uploader) floats(to *gpu.Array[float32], values []float64) {
	if u.err == nil {
		u.err = gpu.Upload(u.memory, to, "weights", convert[float32](values))
	}
}

// dense uploads the given parts of l's rows, each a share of 1/parts of them.
func (u *uploader) dense(to *gpu.Dense, l *Linear, parts int, take ...int) {
	weight, bias := l.rows(parts, take...)
	u.floats(&to.Forward, transposed(weight, len(bias), l.In))
	u.floats(&to.Bias, bias)
	u.floats(&to.Backward, weight)
}

// upload brings a batch to the device.
func (e *gpuEngine) upload(b *Batch) error {
	h := &e.host
	n := b.NumAtoms()
	h.numbers, h.structure = resize(h.numbers, n), resize(h.structure, n)
	h.first, h.lattices = resize(h.first, b.Len()+1), resize(h.lattices, b.Len())
	for i, z := range b.Numbers {
		h.numbers[i] = int32(z)
	}
	h.first[b.Len()] = int32(n)
	e.input.Buckets = 0
	for k := range b.Len() {
		h.first[k] = int32(b.Start[k])
		for i := b.Start[k]; i < b.Start[k+1]; i++ {
			h.structure[i] = int32(k)
		}
		var err error
		if h.lattices[k], err = e.lattice(b, k); err != nil {
			return &StructureError{k, err}
		}
	}
	m, in := e.memory, &e.input
	return errors.Join(gpu.Upload(m, &in.Positions, "positions", b.Positions), gpu.Upload(m, &in.Numbers, "atomic numbers", h.numbers),
		gpu.Upload(m, &in.Structure, "structures", h.structure), gpu.Upload(m, &in.First, "structures", h.first),
		gpu.Upload(m, &in.Lattices, "cells", h.lattices))
}

// lattice is structure k's boxes, as bins has them.
func (e *gpuEngine) lattice(b *Batch, k int) (gpu.Lattice, error) {
	l, err := newLattice(b.Cells[k], b.PBC[k])
	if err != nil {
		return gpu.Lattice{}, err
	}
	count, reach, err := l.boxes(e.net.Cutoff)
	if err != nil {
		return gpu.Lattice{}, err
	}
	first, last := b.Start[k], b.Start[k+1]
	out := gpu.Lattice{Vectors: l.vectors, Reciprocal: l.reciprocal, Width: e.net.Cutoff * searchMargin,
		FirstBucket: int32(e.input.Buckets), First: int32(first), Last: int32(last)}
	for c := range count {
		if l.periodic[c] {
			out.Periodic[c] = 1
		} else if first < last {
			low, high := math.Inf(1), math.Inf(-1)
			for _, r := range b.Positions[first:last] {
				at := dot(l.reciprocal[c], r)
				low, high = math.Min(low, at), math.Max(high, at)
			}
			lowest := math.Floor(low / out.Width)
			out.Low[c] = int32(lowest)
			count[c] = int64(math.Floor(high/out.Width)-lowest) + 1
		}
		out.Count[c], out.Reach[c] = int32(count[c]), int32(reach[c])
	}
	boxes := float64(count[0]) * float64(count[1]) * float64(count[2])
	buckets := 1 << bits.Len(uint(2*(last-first)))
	for buckets > 1 && float64(buckets) >= 2*boxes {
		buckets /= 2
	}
	out.Mask = int32(buckets - 1)
	e.input.Buckets += buckets
	return out, nil
}
