package nn

import (
	"errors"

	"painless/internal/spline"
	"painless/kernels/gpu"
)

// gpuWeights is the network's weights on the device.
type gpuWeights struct {
	memory    *gpu.Memory
	embedding gpu.Array[float32]
	filters   []*gpu.Filter
	exact     bool // they are the filter networks
	intervals int  // of the tables
	updates   []gpu.Update
	readout   gpu.Readout
	ofOne     gpu.OnceNetwork
}

// load brings kernels and weights to the device.
func (e *gpuEngine) load(filters Filters) error {
	net, w := e.net, &e.weights
	w.exact, w.intervals = filters == Exact, 1
	var tables []curves
	if !w.exact {
		tables, w.intervals = tabulate(net, quinticSlopeError)
	}
	var err error
	if e.kernels, err = gpu.Load(e.dev, net.HiddenDim, w.intervals, net.NumRBF); err != nil {
		return err
	}
	for k, c := range tables {
		t, err := gpu.NewTable(w.memory, spline.Quintic(c.value, c.slope, c.curvature, c.row), w.intervals, len(net.FilterParts(k)), net.HiddenDim)
		if err != nil {
			return err
		}
		w.filters = append(w.filters, t)
	}
	u := uploader{memory: w.memory, h: net.HiddenDim}
	u.floats(&w.embedding, net.Embedding)
	if w.exact {
		centers, widths := gpu.Array[float32]{}, gpu.Array[float32]{}
		u.floats(&centers, net.Centers)
		u.floats(&widths, net.Widths)
		for k := range net.Blocks {
			parts := net.FilterParts(k)
			f := &gpu.FilterNetwork{Centers: centers, Widths: widths, Cutoff: float32(net.Cutoff)}
			u.dense(&f.Hidden, &net.Blocks[k].Filter[0], 1, 0)
			u.dense(&f.Out, &net.Blocks[k].Filter[1], allParts, parts...)
			w.filters = append(w.filters, gpu.NewExact(f, len(parts), net.HiddenDim))
		}
	}
	w.updates = make([]gpu.Update, len(net.Blocks))
	for k := range net.Blocks {
		from, to := &net.Blocks[k], &w.updates[k]
		u.dense(&to.Hidden, &from.Update[0], 1, 0)
		u.dense(&to.Out, &from.Update[1], allParts, net.UpdateParts(k)...)
		for i := range to.Mixing {
			to.Mixing[i] = float32(from.Mixing[i/3][i%3])
		}
	}
	for i := range net.Head {
		u.dense(&w.readout[i], &net.Head[i], 1, 0)
	}
	if u.err == nil && !w.exact {
		w.ofOne, u.err = gpu.NewOnceNetwork(w.memory, w.filters, w.updates, &w.readout, w.embedding, float32(net.Cutoff))
	}
	return errors.Join(u.err, e.dev.Synchronize())
}

// uploader uploads weights until the first error.
type uploader struct {
	memory *gpu.Memory
	h      int // features
	err    error
}

func (u *uploader) floats(to *gpu.Array[float32], values []float64) {
	if u.err == nil {
		u.err = gpu.Upload(u.memory, to, "weights", convert[float32](values))
	}
}

// dense uploads the given parts of l's rows, each a share of 1/parts of them.
func (u *uploader) dense(to *gpu.Dense, l *Linear, parts int, take ...int) {
	if u.err == nil {
		weight, bias := l.rows(parts, take...)
		*to, u.err = gpu.NewDense(u.memory, convert[float32](weight), convert[float32](bias), u.h)
	}
}
