package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"painless/checkpoint"
	"painless/nn"
	"painless/quantise"
)

// Student is a checkpoint as it is written: plain names, contiguous tensors,
// and beside them the architecture and nothing else.
type Student struct {
	*checkpoint.Checkpoint
	Found   *nn.Found // what was read, before any rounding
	Changes []string  // what is not as it was read, in words
	Options Options
}

// Clean reads the network out of a checkpoint and makes the tensors what they
// are when it is written; c stays as it is, and open until that is done.
func Clean(c *checkpoint.Checkpoint, opts Options) (*Student, error) {
	if err := opts.Check(); err != nil {
		return nil, err
	}
	if opts.Format.Computes() && opts.Quantised == nil {
		opts.DType = checkpoint.Float32
	}
	found, err := nn.Find(c, opts.Cutoff)
	if err != nil {
		return nil, err
	}
	network := found.Network
	s := &Student{Found: found, Options: opts}
	if dropped := found.Dropped(); len(dropped) > 0 {
		s.changed("names without %s", strings.Join(dropped, ", "))
	}
	tensors, err := s.tensors()
	if err != nil {
		return nil, err
	}
	parameters := network.Parameters
	last := fmt.Sprintf("interactions.%d.update.mixing_matrix", network.NumInteractions-1)
	at := slices.IndexFunc(tensors, func(t checkpoint.Named) bool { return t.Name == last })
	switch {
	case at >= 0 && opts.Format == ONNX:
		tensors = slices.Delete(tensors, at, at+1)
		s.changed("left out %s, which nothing uses", last)
	case at < 0 && opts.Format != ONNX: // exporters leave it out, but training code asks for it
		zeros, err := checkpoint.FromFloat64s([]int{3, 3}, make([]float64, 9)).Convert(floating(tensors))
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", last, err)
		}
		tensors = append(tensors, checkpoint.Named{Name: last, Tensor: zeros})
		parameters += zeros.Len()
		s.changed("added %s, zeros: nothing uses it, but training code asks for it", last)
	}
	if left := s.leftOut(c); len(left) > 0 {
		s.changed("left out %s", strings.Join(left, ", "))
	}
	if len(found.LeftOut) > 0 {
		s.changed("left out the tensors %s", nn.Shown(found.LeftOut...))
	}
	s.Checkpoint = checkpoint.New(Metadata(network, parameters), tensors...)
	return s, nil
}

// floating is the type of the first tensor that is not of integers; float32 where all are.
func floating(tensors []checkpoint.Named) checkpoint.DType {
	for _, t := range tensors {
		if d := t.Tensor.DType(); d.IsFloat() {
			return d
		}
	}
	return checkpoint.Float32
}

// leftOut is the keys of what stands beside the tensors and is not written.
func (s *Student) leftOut(c *checkpoint.Checkpoint) (keys []string) {
	written := []string{"config", "num_parameters", nn.ElementsKey, s.Found.Key, ""}
	for key := range c.Metadata {
		keys = append(keys, key)
	}
	for _, state := range append([]*checkpoint.State{c.State}, c.Others...) {
		if state.Usual {
			keys = append(keys, state.Key)
		}
	}
	slices.Sort(keys)
	keys = slices.DeleteFunc(slices.Compact(keys), func(key string) bool {
		return slices.Contains(written, key) || strings.HasPrefix(s.Found.Key, key+".")
	})
	for i, key := range keys {
		keys[i] = strconv.Quote(key)
	}
	return keys
}

// tensors is those that are written. (Row-major order is what writing gives them.)
func (s *Student) tensors() ([]checkpoint.Named, error) {
	_, isInt8 := quantise.Already(s.Found)
	switch {
	case s.Options.Quantised != nil:
		return s.quantised()
	case isInt8 && s.Options.DType != 0:
		s.changed("made %s of int8", s.Options.DType)
		return s.Found.Network.Tensors(s.Options.DType)
	}
	return s.converted()
}

// quantised is the smaller tensors; what was said of them goes into the changes.
func (s *Student) quantised() ([]checkpoint.Named, error) {
	q, matrices := s.Options.Quantised, 0
	for _, t := range q.Tensors {
		if t.Tensor.DType() == q.Type {
			matrices++
		}
	}
	s.changed("%d matrices in %s, all else in float32: %s among the matrices", matrices, q.Type, strings.Join(q.Kept, ", "))
	if c := q.Calibration; c != nil {
		const m = 1e3
		s.changed("calibrated on %d structures: forces differ by %.2g meV/Å, and by %.2g before, energies by %.2g meV per atom, and by %.2g",
			c.Structures, m*c.After.Force, m*c.Before.Force, m*c.After.Energy, m*c.Before.Energy)
	}
	return slices.Clone(q.Tensors), nil
}

// converted is those that were found, in the type that is asked for.
func (s *Student) converted() (tensors []checkpoint.Named, err error) {
	converted, reordered := 0, 0
	for _, named := range s.Found.Tensors {
		name, t := named.Name, named.Tensor
		if !t.IsContiguous() {
			reordered++
		}
		if s.Options.DType != 0 && t.DType() != s.Options.DType {
			if t, err = t.Convert(s.Options.DType); err != nil {
				return nil, fmt.Errorf("tensor %s: %w", name, err)
			}
			converted++
		}
		tensors = append(tensors, checkpoint.Named{Name: name, Tensor: t})
	}
	if reordered > 0 {
		s.changed("%d tensors in row-major order", reordered)
	}
	if converted > 0 {
		s.changed("%d tensors converted to %s", converted, s.Options.DType)
	}
	return tensors, nil
}

func (s *Student) changed(format string, args ...any) {
	s.Changes = append(s.Changes, fmt.Sprintf(format, args...))
}
