package nn

import (
	"fmt"
	"strconv"

	"painless/checkpoint"
)

// Tensors returns the network's tensors under their plain names, in the order of
// the architecture, for checkpoint.New: what Find makes a network of. Weights are
// rounded to the type.
func (n *Network) Tensors(d checkpoint.DType) (tensors []checkpoint.Named, err error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	values := map[string][]float64{"embedding.weight": n.Embedding, "rbf.centers": n.Centers, "rbf.widths": n.Widths}
	linear := func(prefix string, l *Linear) { values[prefix+".weight"], values[prefix+".bias"] = l.Weight, l.Bias }
	for k := range n.Blocks {
		prefix, block := "interactions."+strconv.Itoa(k), &n.Blocks[k]
		for i := range 2 {
			linear(fmt.Sprintf("%s.message.rbf_to_scalar.%d", prefix, 2*i), &block.Filter[i])
			linear(fmt.Sprintf("%s.update.update_mlp.%d", prefix, 2*i), &block.Update[i])
		}
		var mixing []float64
		for _, row := range block.Mixing {
			mixing = append(mixing, row[:]...)
		}
		values[prefix+".update.mixing_matrix"] = mixing
	}
	for i := range n.Head {
		linear(fmt.Sprintf("energy_head.%d", 2*i), &n.Head[i])
	}
	for s := range n.specs() {
		t, err := checkpoint.FromFloat64s(s.shape, values[s.name]).Convert(d)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", s.name, err)
		}
		tensors = append(tensors, checkpoint.Named{Name: s.name, Tensor: t})
	}
	return tensors, nil
}
