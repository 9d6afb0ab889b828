package export

import (
	"fmt"
	"maps"
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
	Network *nn.Network // what was read, before any rounding
	Changes []string    // what is not as it was read, in words

	opts Options
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
	network, err := nn.FromCheckpoint(c)
	if err != nil {
		return nil, err
	}
	s := &Student{Network: network, opts: opts}
	if prefixes := slices.DeleteFunc(slices.Clone(c.Prefixes), func(p string) bool { return p == "" }); len(prefixes) > 0 {
		s.changed("names without %s", strings.Join(prefixes, ", "))
	}
	tensors, err := s.tensors(c)
	if err != nil {
		return nil, err
	}
	parameters := network.Parameters
	last := fmt.Sprintf("interactions.%d.update.mixing_matrix", network.NumInteractions-1)
	if _, ok := c.Tensor(last); !ok { // exporters leave it out, but training code asks for it
		zeros, err := checkpoint.FromFloat64s([]int{3, 3}, make([]float64, 9)).Convert(tensors[0].Tensor.DType())
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", tensors[0].Name, err)
		}
		tensors = append(tensors, checkpoint.Named{Name: last, Tensor: zeros})
		parameters += zeros.Len()
		s.changed("added %s, zeros: nothing uses it, but training code asks for it", last)
	}
	var dropped []string
	for _, key := range slices.Sorted(maps.Keys(c.Metadata)) {
		if key != "config" && key != "num_parameters" {
			dropped = append(dropped, strconv.Quote(key))
		}
	}
	if len(dropped) > 0 {
		s.changed("left out %s", strings.Join(dropped, ", "))
	}
	metadata := map[string]any{"config": network.Config.Map(), "num_parameters": parameters}
	s.Checkpoint = checkpoint.New(metadata, tensors...)
	return s, nil
}

// tensors is c's in the type that is asked for. (Row-major order is what
// writing gives them.)
func (s *Student) tensors(c *checkpoint.Checkpoint) (tensors []checkpoint.Named, err error) {
	converted, reordered := 0, 0
	for _, name := range c.Names() {
		t, _ := c.Tensor(name)
		if !t.IsContiguous() {
			reordered++
		}
		if s.opts.DType != 0 && t.DType() != s.opts.DType {
			if t, err = t.Convert(s.opts.DType); err != nil {
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
		s.changed("%d tensors converted to %s", converted, s.opts.DType)
	}
	return tensors, nil
}

func (s *Student) changed(format string, args ...any) {
	s.Changes = append(s.Changes, fmt.Sprintf(format, args...))
}
