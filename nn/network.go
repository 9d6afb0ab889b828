package nn

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"painless/checkpoint"
)

// Linear is y = Weight·x + Bias: Weight [Out, In] row-major, Bias [Out].
type Linear struct {
	In, Out      int
	Weight, Bias []float64
}

// rows is the weight and bias of the given parts of the outputs, each a share
// of 1/parts of them.
func (l *Linear) rows(parts int, take ...int) (weight, bias []float64) {
	size := l.Out / parts
	for _, part := range take {
		weight = append(weight, l.Weight[part*size*l.In:(part+1)*size*l.In]...)
		bias = append(bias, l.Bias[part*size:(part+1)*size]...)
	}
	return weight, bias
}

// Block is the weights of one interaction: message, then update.
type Block struct {
	Filter [2]Linear     // rbf_to_scalar: R → H → 3H, in the order φs, φv, φu
	Update [2]Linear     // update_mlp: 2H → H → 3H, in the order a, g1, g2
	Mixing [3][3]float64 // M; zero in the last block where the file leaves it out
}

// Network is a student: its architecture and its weights, whatever the
// precision or the device that it will run on. It is not changed by use.
type Network struct {
	Config
	Embedding       []float64 // [MaxZ+1, H], row = atomic number
	Centers, Widths []float64 // [R], Å
	Blocks          []Block   // [K]
	Head            [3]Linear // energy_head: H → H/2 → H/4 → 1
	Parameters      int       // number of trainable parameters found
}

// FromCheckpoint reads the network out of a checkpoint's tensors. An error
// names the tensor, what was expected and what was found: missing, surplus or
// mis-shaped tensors, weights that are not finite numbers, and a config that
// contradicts the shapes.
func FromCheckpoint(c *checkpoint.Checkpoint) (*Network, error) {
	cfg, err := readConfig(c)
	if err != nil {
		return nil, err
	}
	specs := cfg.specs()
	values := make(map[string][]float64, len(specs))
	for _, s := range specs {
		if values[s.name], err = readTensor(c, s); err != nil {
			return nil, err
		}
	}
	for _, name := range c.Names() {
		if _, ok := values[name]; !ok {
			return nil, fmt.Errorf("surplus tensor %s: a network of %d interactions has no such weights", name, cfg.NumInteractions)
		}
	}
	net := assemble(cfg, values)
	if i := slices.Index(net.Widths, 0); i >= 0 {
		return nil, fmt.Errorf("tensor rbf.widths: element %d is 0, expected a width", i)
	}
	return net, nil
}

// readTensor is a tensor's values, checked against what the architecture asks for.
func readTensor(c *checkpoint.Checkpoint, s spec) ([]float64, error) {
	t, ok := c.Tensor(s.name)
	switch {
	case !ok && s.optional:
		return nil, nil
	case !ok:
		return nil, missing(s.name, fmt.Sprint(s.shape))
	case !slices.Equal(t.Shape, s.shape):
		return nil, fmt.Errorf("tensor %s: expected shape %v, found %v", s.name, s.shape, t.Shape)
	}
	values, err := t.Float64s()
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", s.name, err)
	}
	for i, x := range values {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("tensor %s: element %d is %v, expected a finite number", s.name, i, x)
		}
	}
	return values, nil
}

func assemble(cfg Config, values map[string][]float64) *Network {
	net := &Network{
		Config:    cfg,
		Embedding: values["embedding.weight"],
		Centers:   values["rbf.centers"],
		Widths:    values["rbf.widths"],
		Blocks:    make([]Block, cfg.NumInteractions),
	}
	linear := func(prefix string) Linear {
		weight, bias := values[prefix+".weight"], values[prefix+".bias"]
		return Linear{In: len(weight) / len(bias), Out: len(bias), Weight: weight, Bias: bias}
	}
	for k := range net.Blocks {
		prefix := "interactions." + strconv.Itoa(k)
		block := &net.Blocks[k]
		block.Filter = [2]Linear{linear(prefix + ".message.rbf_to_scalar.0"), linear(prefix + ".message.rbf_to_scalar.2")}
		block.Update = [2]Linear{linear(prefix + ".update.update_mlp.0"), linear(prefix + ".update.update_mlp.2")}
		for i, x := range values[prefix+".update.mixing_matrix"] {
			block.Mixing[i/3][i%3] = x
		}
	}
	net.Head = [3]Linear{linear("energy_head.0"), linear("energy_head.2"), linear("energy_head.4")}
	for name, v := range values {
		if name != "rbf.centers" && name != "rbf.widths" {
			net.Parameters += len(v)
		}
	}
	return net
}
