package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"painless/checkpoint"
)

// Config is the architecture of a student.
type Config struct {
	HiddenDim       int     // H, features per atom
	NumInteractions int     // K, message-passing blocks
	NumRBF          int     // R, radial functions
	Cutoff          float64 // r_c, Å
	MaxZ            int     // largest atomic number
}

// readConfig infers the architecture from the tensors' shapes and holds it
// against the checkpoint's own config, where there is one.
func readConfig(c *checkpoint.Checkpoint) (Config, error) {
	cfg, err := inferConfig(c)
	if err != nil {
		return Config{}, err
	}
	stated := StatedConfig(c)
	for _, f := range []struct {
		key      string
		inferred *int
		from     string
	}{
		{"hidden_dim", &cfg.HiddenDim, "embedding.weight has %d columns"},
		{"num_interactions", &cfg.NumInteractions, "there are tensors of %d interactions"},
		{"num_rbf", &cfg.NumRBF, "rbf.centers has %d elements"},
		{"max_z", &cfg.MaxZ, "embedding.weight's last row is %d"},
	} {
		value, ok, err := number(stated, f.key)
		if err != nil {
			return Config{}, err
		}
		if ok && value != float64(*f.inferred) {
			return Config{}, fmt.Errorf("config says %s %v, but "+f.from, f.key, value, *f.inferred)
		}
	}
	cutoff, ok, err := number(stated, "cutoff")
	switch learnable, _ := stated["learnable_rbf"].(bool); {
	case err != nil:
		return Config{}, err
	case ok && !learnable && math.Abs(cutoff-cfg.Cutoff) > 1e-4*cutoff:
		return Config{}, fmt.Errorf("config says cutoff %v, but the last of rbf.centers is %v", cutoff, cfg.Cutoff)
	case ok:
		cfg.Cutoff = cutoff
	}
	if !(cfg.Cutoff > 0) || cfg.Cutoff > maxCutoff {
		return Config{}, fmt.Errorf("cutoff is %v Å, expected more than 0 and at most %v", cfg.Cutoff, maxCutoff)
	}
	return cfg, nil
}

// StatedConfig is the checkpoint's own config: a dict, or in safetensors JSON.
// What is neither says nothing.
func StatedConfig(c *checkpoint.Checkpoint) (stated map[string]any) {
	switch config := c.Metadata["config"].(type) {
	case map[string]any:
		return config
	case string:
		if err := json.Unmarshal([]byte(config), &stated); err != nil {
			return nil
		}
	}
	return stated
}

// Map is the architecture under the names that training code has for it.
func (c Config) Map() map[string]any {
	return map[string]any{"hidden_dim": c.HiddenDim, "num_interactions": c.NumInteractions, "num_rbf": c.NumRBF, "cutoff": c.Cutoff, "max_z": c.MaxZ}
}

// maxCutoff keeps a wrong unit or a hostile file from asking for all pairs.
const maxCutoff = 100

// inferConfig reads the architecture off the tensors' names and shapes.
func inferConfig(c *checkpoint.Checkpoint) (Config, error) {
	embedding, ok := c.Tensor("embedding.weight")
	if !ok {
		return Config{}, missing("embedding.weight", "[max_z+1, hidden_dim]")
	}
	if len(embedding.Shape) != 2 || embedding.Shape[0] < 2 || embedding.Shape[1] < 4 {
		return Config{}, fmt.Errorf("tensor embedding.weight: expected shape [max_z+1, hidden_dim] with hidden_dim at least 4, found %v", embedding.Shape)
	}
	centers, ok := c.Tensor("rbf.centers")
	if !ok {
		return Config{}, missing("rbf.centers", "[num_rbf]")
	}
	if len(centers.Shape) != 1 || centers.Shape[0] < 1 {
		return Config{}, fmt.Errorf("tensor rbf.centers: expected shape [num_rbf], found %v", centers.Shape)
	}
	values, err := centers.Float64s()
	if err != nil {
		return Config{}, fmt.Errorf("tensor rbf.centers: %w", err)
	}
	cfg := Config{
		HiddenDim: embedding.Shape[1],
		MaxZ:      embedding.Shape[0] - 1,
		NumRBF:    centers.Shape[0],
		// The centres are float32: 4 decimals take off the rounding of, say, 4.9999995.
		Cutoff: math.Round(values[len(values)-1]*1e4) / 1e4,
	}
	blocks := map[string]bool{}
	for _, name := range c.Names() {
		if rest, ok := strings.CutPrefix(name, "interactions."); ok {
			index, _, _ := strings.Cut(rest, ".")
			blocks[index] = true
		}
	}
	// Interactions are 0 to K−1; a gap shows as a missing tensor and a surplus one.
	cfg.NumInteractions = len(blocks)
	if cfg.NumInteractions == 0 {
		return Config{}, missing("interactions.0.message.rbf_to_scalar.0.weight", "[hidden_dim, num_rbf]")
	}
	return cfg, nil
}

func missing(name, shape string) error {
	return fmt.Errorf("tensor %s is missing: expected shape %s", name, shape)
}

// number is a value of the checkpoint's config as a float64.
func number(config map[string]any, key string) (value float64, ok bool, err error) {
	switch x := config[key].(type) {
	case nil:
		return 0, false, nil
	case int64:
		return float64(x), true, nil
	case float64:
		return x, true, nil
	case *checkpoint.Tensor: // as convert writes numbers that are not whole
		if values, err := x.Float64s(); err == nil && len(values) == 1 {
			return values[0], true, nil
		}
		return 0, false, fmt.Errorf("config says %s is a tensor of shape %v: expected a number", key, x.Shape)
	default:
		return 0, false, fmt.Errorf("config says %s %v: expected a number", key, x)
	}
}

// spec is a tensor that the architecture asks for.
type spec struct {
	name     string
	shape    []int
	optional bool
}

// specs is every tensor of the architecture, in the network's order.
func (c Config) specs() []spec {
	h, r := c.HiddenDim, c.NumRBF
	list := []spec{
		{name: "embedding.weight", shape: []int{c.MaxZ + 1, h}},
		{name: "rbf.centers", shape: []int{r}},
		{name: "rbf.widths", shape: []int{r}},
	}
	linear := func(prefix string, out, in int) {
		list = append(list, spec{name: prefix + ".weight", shape: []int{out, in}}, spec{name: prefix + ".bias", shape: []int{out}})
	}
	for k := range c.NumInteractions {
		block := "interactions." + strconv.Itoa(k)
		linear(block+".message.rbf_to_scalar.0", h, r)
		linear(block+".message.rbf_to_scalar.2", 3*h, h)
		linear(block+".update.update_mlp.0", h, 2*h)
		linear(block+".update.update_mlp.2", 3*h, h)
		// The vectors after the last block are not used, and ONNX exports drop its matrix.
		list = append(list, spec{block + ".update.mixing_matrix", []int{3, 3}, k == c.NumInteractions-1})
	}
	linear("energy_head.0", h/2, h)
	linear("energy_head.2", h/4, h/2)
	linear("energy_head.4", 1, h/4)
	return list
}
