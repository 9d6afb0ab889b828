package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"painless/checkpoint"
	"painless/nn"
)

// cleaned is the tensors in row-major order, the floating-point ones in dtype
// if there is one, and beside them the architecture and nothing else; changes
// says what made them so.
func cleaned(c *checkpoint.Checkpoint, network *nn.Network, dtype checkpoint.DType) (clean *checkpoint.Checkpoint, changes []string, err error) {
	if prefixes := slices.DeleteFunc(slices.Clone(c.Prefixes), func(p string) bool { return p == "" }); len(prefixes) > 0 {
		changes = append(changes, "names without "+strings.Join(prefixes, ", "))
	}
	var tensors []checkpoint.Named
	rounded, reordered := 0, 0
	for _, name := range c.Names() {
		t, _ := c.Tensor(name)
		if !t.IsContiguous() {
			reordered++
		}
		if dtype != 0 && t.DType() != dtype {
			if t, err = t.Convert(dtype); err != nil {
				return nil, nil, fmt.Errorf("tensor %s: %w", name, err)
			}
			rounded++
		}
		tensors = append(tensors, checkpoint.Named{Name: name, Tensor: t})
	}
	if reordered > 0 {
		changes = append(changes, fmt.Sprintf("%d tensors in row-major order", reordered))
	}
	if rounded > 0 {
		changes = append(changes, fmt.Sprintf("%d tensors converted to %s", rounded, dtype))
	}
	parameters := network.Parameters
	last := fmt.Sprintf("interactions.%d.update.mixing_matrix", network.NumInteractions-1)
	if _, ok := c.Tensor(last); !ok { // exporters leave it out, but training code asks for it
		zeros, err := checkpoint.FromFloat64s([]int{3, 3}, make([]float64, 9)).Convert(tensors[0].Tensor.DType())
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %s: %w", tensors[0].Name, err)
		}
		tensors = append(tensors, checkpoint.Named{Name: last, Tensor: zeros})
		parameters += zeros.Len()
		changes = append(changes, "added "+last+", zeros: nothing uses it, but training code asks for it")
	}
	var dropped []string
	for _, key := range slices.Sorted(maps.Keys(c.Metadata)) {
		if key != "config" && key != "num_parameters" {
			dropped = append(dropped, strconv.Quote(key))
		}
	}
	if len(dropped) > 0 {
		changes = append(changes, "left out "+strings.Join(dropped, ", "))
	}
	metadata := map[string]any{"config": network.Config.Map(), "num_parameters": parameters}
	return checkpoint.New(metadata, tensors...), changes, nil
}
