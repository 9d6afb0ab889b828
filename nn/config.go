package nn

import (
	"fmt"
	"iter"
	"strconv"
)

// Config is the architecture of a student.
type Config struct {
	HiddenDim       int     // H, features per atom
	NumInteractions int     // K, message-passing blocks
	NumRBF          int     // R, radial functions
	Cutoff          float64 // r_c, Å
	MaxZ            int     // largest atomic number
}

// Map is the architecture under the names that training code has for it.
func (c Config) Map() map[string]any {
	return map[string]any{"hidden_dim": c.HiddenDim, "num_interactions": c.NumInteractions, "num_rbf": c.NumRBF, "cutoff": c.Cutoff, "max_z": c.MaxZ}
}

// inferConfig reads the architecture, all but the cutoff, off the tensors' names and shapes.
func (x *candidate) inferConfig() (Config, error) {
	embedding, ok := x.tensor("embedding.weight")
	if !ok {
		return Config{}, x.missing("embedding.weight", "[max_z+1, hidden_dim]")
	}
	if len(embedding.Shape) != 2 || embedding.Shape[0] < 2 || embedding.Shape[1] < 4 {
		return Config{}, fmt.Errorf("tensor embedding.weight: expected shape [max_z+1, hidden_dim] with hidden_dim at least 4, found %v", embedding.Shape)
	}
	centers, ok := x.tensor("rbf.centers")
	if !ok {
		return Config{}, x.missing("rbf.centers", "[num_rbf]")
	}
	if len(centers.Shape) != 1 || centers.Shape[0] < 1 {
		return Config{}, fmt.Errorf("tensor rbf.centers: expected shape [num_rbf], found %v", centers.Shape)
	}
	// Interactions are 0 to K−1; a gap shows as a missing tensor and a surplus one.
	if len(x.blocks) == 0 {
		return Config{}, x.missing("interactions.0.message.rbf_to_scalar.0.weight", "[hidden_dim, num_rbf]")
	}
	return Config{HiddenDim: embedding.Shape[1], MaxZ: embedding.Shape[0] - 1, NumRBF: centers.Shape[0], NumInteractions: len(x.blocks)}, nil
}

// check holds the numbers that the tensors' shapes tell against those that the file states.
func (c Config) check(said map[string][]statement) error {
	for _, f := range []struct {
		key      string
		inferred int
		from     string
	}{
		{"hidden_dim", c.HiddenDim, "embedding.weight has %d columns"},
		{"num_interactions", c.NumInteractions, "there are tensors of %d interactions"},
		{"num_rbf", c.NumRBF, "rbf.centers has %d elements"},
		{"max_z", c.MaxZ, "embedding.weight's last row is %d"},
	} {
		for _, s := range said[f.key] {
			if s.value != float64(f.inferred) {
				return fmt.Errorf("%s says %s %v, but "+f.from, s.place, f.key, s.value, f.inferred)
			}
		}
	}
	return nil
}

// spec is a tensor that the architecture asks for.
type spec struct {
	name     string
	shape    []int
	optional bool
}

// specs goes over every tensor of the architecture, in the network's order.
func (c Config) specs() iter.Seq[spec] {
	h, r := c.HiddenDim, c.NumRBF
	return func(yield func(spec) bool) {
		linear := func(prefix string, out, in int) bool {
			return yield(spec{name: prefix + ".weight", shape: []int{out, in}}) && yield(spec{name: prefix + ".bias", shape: []int{out}})
		}
		block := func(k int) bool {
			prefix := "interactions." + strconv.Itoa(k)
			return linear(prefix+".message.rbf_to_scalar.0", h, r) &&
				linear(prefix+".message.rbf_to_scalar.2", 3*h, h) &&
				linear(prefix+".update.update_mlp.0", h, 2*h) &&
				linear(prefix+".update.update_mlp.2", 3*h, h) &&
				// The vectors after the last block are not used, and ONNX exports drop its matrix.
				yield(spec{prefix + ".update.mixing_matrix", []int{3, 3}, k == c.NumInteractions-1})
		}
		if !yield(spec{name: "embedding.weight", shape: []int{c.MaxZ + 1, h}}) ||
			!yield(spec{name: "rbf.centers", shape: []int{r}}) || !yield(spec{name: "rbf.widths", shape: []int{r}}) {
			return
		}
		for k := range c.NumInteractions {
			if !block(k) {
				return
			}
		}
		_ = linear("energy_head.0", h/2, h) && linear("energy_head.2", h/4, h/2) && linear("energy_head.4", 1, h/4)
	}
}
