package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"painless/checkpoint"
	"painless/nn"
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
	if opts.Format.Computes() {
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
	if !slices.ContainsFunc(tensors, func(t checkpoint.Named) bool { return t.Name == last }) { // exporters leave it out, but training code asks for it
		zeros, err := checkpoint.FromFloat64s([]int{3, 3}, make([]float64, 9)).Convert(tensors[0].Tensor.DType())
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", tensors[0].Name, err)
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
	metadata := map[string]any{"config": network.Config.Map(), "num_parameters": parameters}
	if len(network.Elements) > 0 {
		list := make([]any, len(network.Elements))
		for i, z := range network.Elements {
			list[i] = z
		}
		metadata[nn.ElementsKey] = list
	}
	s.Checkpoint = checkpoint.New(metadata, tensors...)
	return s, nil
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

// tensors is those that were found in the type that is asked for. (Row-major
// order is what writing gives them.)
func (s *Student) tensors() (tensors []checkpoint.Named, err error) {
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
