package quantise

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"painless/atoms"
	"painless/checkpoint"
	"painless/nn"
	"painless/train"
)

// Types is what matrices can be rounded to.
var Types = []checkpoint.DType{checkpoint.Int8, checkpoint.Float16, checkpoint.BFloat16}

// Options says how to round.
type Options struct {
	Type checkpoint.DType // one of Types
	// Structures to calibrate on, which need no labels; none is rounding alone.
	Structures []atoms.Structure
	Threads    int // 0: as many as GOMAXPROCS. The result does not depend on it.
	// Progress is told of the steps of the calibration; may be nil.
	Progress func(step, steps int)
}

// Result is a network that is rounded.
type Result struct {
	Type    checkpoint.DType
	Tensors []checkpoint.Named // as a file has them, for nn.Find
	Kept    []string           // matrices that are float32, as all that is no matrix
	// Calibration is what it came to; nil without one.
	Calibration *Calibration
}

// Calibration is how far from the network the rounded one is on the structures that
// it was calibrated on, before and after.
type Calibration struct {
	Structures    int
	Before, After Errors
}

// Errors is mean absolute differences from a network that is not rounded.
type Errors struct {
	Force  float64 // of components, eV/Å
	Energy float64 // eV per atom
}

// Network rounds a network's matrices. What its energies hang on stays in float32:
// biases, radial functions and mixing matrices, which are small; the last row of the
// readout, by which every error before it is multiplied; and the embedding where a
// channel of it carries the energies of the elements, as in students of painless
// train. Where the filters of n vanish at the cutoff, so do the rounded ones.
func Network(ctx context.Context, n *nn.Network, o Options) (*Result, error) {
	if !slices.Contains(Types, o.Type) {
		return nil, fmt.Errorf("type %s: expected int8, float16 or bfloat16", o.Type)
	}
	r, err := newRounded(n, o.Type)
	if err != nil {
		return nil, err
	}
	out := &Result{Type: o.Type, Kept: r.kept}
	if len(o.Structures) > 0 {
		if out.Calibration, err = r.calibrate(ctx, n, &o); err != nil {
			return nil, fmt.Errorf("calibration: %w", err)
		}
	}
	out.Tensors, err = r.tensors(n)
	return out, err
}

// Already returns the tensors of a network that is in int8 as it was found; ok says
// whether it is.
func Already(f *nn.Found) (r *Result, ok bool) {
	r = &Result{Type: checkpoint.Int8, Tensors: f.Tensors}
	for _, t := range f.Tensors {
		switch {
		case t.Tensor.DType() == checkpoint.Int8:
			ok = true
		case strings.HasSuffix(t.Name, ".weight"):
			r.Kept = append(r.Kept, t.Name)
		}
	}
	return r, ok
}

// rounded is a network and the weights that its rounded ones are made of.
type rounded struct {
	to       checkpoint.DType
	model    *train.Model // its weights are rounded
	elements map[int]float64
	weights  []float32 // before they are rounded, [W]
	matrices []matrix  // that are rounded
	kept     []string
}

// lastRow is the readout's last matrix, of one row.
const lastRow, embedding = "energy_head.4.weight", "embedding.weight"

func newRounded(n *nn.Network, to checkpoint.DType) (*rounded, error) {
	model, elements, err := modelOf(n)
	if err != nil {
		return nil, err
	}
	r := &rounded{to: to, model: model, elements: elements, weights: slices.Clone(model.Weights)}
	tensors, err := n.Tensors(checkpoint.Float64)
	if err != nil {
		return nil, err
	}
	at := 0
	for _, t := range tensors { // in the order of the model's weights
		if strings.HasPrefix(t.Name, "rbf.") {
			continue
		}
		if shape := t.Tensor.Shape; strings.HasSuffix(t.Name, ".weight") {
			if t.Name == lastRow || t.Name == embedding && elements != nil {
				r.kept = append(r.kept, t.Name)
			} else {
				m := matrix{name: t.Name, at: at, rows: shape[0], columns: shape[1]}
				m.findScales(r.weights)
				r.matrices = append(r.matrices, m)
			}
		}
		at += t.Tensor.Len()
	}
	r.round()
	return r, nil
}

// almost is how far a network's tied weights may be from the ties, of rounding to
// float32 or so.
const almost = 1e-4

// modelOf is the model of a network that stays what it is: tied only where it was.
func modelOf(n *nn.Network) (m *train.Model, elements map[int]float64, err error) {
	free, elements, err := train.FromNetwork(n, true)
	if err != nil {
		return nil, nil, err
	}
	tied, _, err := train.FromNetwork(n, false)
	if err != nil {
		return nil, nil, err
	}
	for i, x := range tied.Weights {
		if math.Abs(float64(x-free.Weights[i])) > almost {
			return free, elements, nil
		}
	}
	return tied, elements, nil
}

// round makes the model's weights of those before rounding.
func (r *rounded) round() {
	copy(r.model.Weights, r.weights)
	for i := range r.matrices {
		r.matrices[i].round(r.model.Weights, r.weights, r.to)
	}
	r.model.Tie()
}

// network is the one that the rounded weights make.
func (r *rounded) network() (*nn.Network, error) { return r.model.Network(r.model.Weights, r.elements) }

// tensors is the rounded network's, as a file has them.
func (r *rounded) tensors(n *nn.Network) (list []checkpoint.Named, err error) {
	net, err := r.network()
	if err != nil {
		return nil, err
	}
	wide, err := net.Tensors(checkpoint.Float64)
	if err != nil {
		return nil, err
	}
	for _, t := range wide {
		i := slices.IndexFunc(r.matrices, func(m matrix) bool { return m.name == t.Name })
		if i < 0 {
			if t.Tensor, err = t.Tensor.Convert(checkpoint.Float32); err != nil {
				return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
			}
			list = append(list, t)
			continue
		}
		values, err := t.Tensor.Float64s()
		if err != nil {
			return nil, err
		}
		made, err := r.matrices[i].tensors(values, r.to)
		if err != nil {
			return nil, err
		}
		list = append(list, made...)
	}
	return list, nil
}

// compare compares the rounded network with labels of the one that is not.
func (r *rounded) compare(ctx context.Context, samples []*train.Sample, threads int) (e Errors, err error) {
	net, err := r.network()
	if err != nil {
		return e, err
	}
	p, err := nn.NewPotential(net, nn.Options{Threads: threads})
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	var result nn.Result
	components := 0
	for i, x := range samples {
		if err := compute(ctx, p, &x.Structure, i, &result); err != nil {
			return e, err
		}
		want := x.Energy
		for _, z := range x.Numbers {
			want += r.elements[z]
		}
		e.Energy += math.Abs(result.Energy[0]-want) / float64(len(x.Numbers)*len(samples))
		for k, f := range x.Forces {
			for c := range f {
				e.Force += math.Abs(result.Forces[k][c] - f[c])
			}
		}
		components += 3 * len(x.Forces)
	}
	e.Force /= float64(components)
	return e, nil
}

// compute computes one structure, the one of an index.
func compute(ctx context.Context, p nn.Potential, s *atoms.Structure, index int, result *nn.Result) error {
	err := p.Compute(ctx, atoms.NewBatch(*s), result)
	var which *atoms.StructureError
	if errors.As(err, &which) {
		return &atoms.StructureError{Index: index, Err: which.Err}
	}
	return err
}
