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
	Elements        []int     // atomic numbers that it was trained on, ascending; nil where nothing says so
}

// Found is a network, and where and how a checkpoint has it.
type Found struct {
	Network *Network
	Tensors []checkpoint.Named // its tensors by their plain names, in the file's order

	Key      string   // under which they stood; "" is the top level
	Prefix   string   // that their names began with, such as "model."
	Wrappers []string // that were dropped within their names, such as _orig_mod
	Place    string   // key, prefix or both, as checkpoint.Options.Key takes this network

	Others  []string // places of other networks in the file, whole or nearly
	LeftOut []string // tensors under the key that are not the network's
	// Unapplied is what energies may have been scaled or shifted by in training,
	// such as energy_mean: it stands beside the weights and is not the network's.
	Unapplied []string

	Stated     map[string]string // by hidden_dim, …: what in the file states it, such as hyper_parameters.model
	CutoffFrom string            // in words: stated by config, inferred from rbf.centers, given by -cutoff
	Overridden float64           // Å, the cutoff that the file states, where another was given; or 0
}

// Dropped returns what the names were without, to begin with and within, such as
// "model." and "_orig_mod.".
func (f *Found) Dropped() (parts []string) {
	if f.Prefix != "" {
		parts = append(parts, Shown(f.Prefix))
	}
	for _, w := range f.Wrappers {
		parts = append(parts, Shown(w+"."))
	}
	return parts
}

// FromCheckpoint reads the network out of a checkpoint: Find without a cutoff of the caller's.
func FromCheckpoint(c *checkpoint.Checkpoint) (*Network, error) {
	f, err := Find(c, 0)
	if err != nil {
		return nil, err
	}
	return f.Network, nil
}

// Find finds the one network among a checkpoint's tensors, by their names: with
// the same beginning, whatever it is, and whatever wraps parts of it. cutoff, Å,
// is for a file that does not state its own, or states a wrong one; 0 takes what
// the file says. An error names the tensor or the configuration, what was
// expected and what was found: several networks, missing, surplus or mis-shaped
// tensors, weights that are not finite numbers, and statements that contradict
// the tensors or one another.
func Find(c *checkpoint.Checkpoint, cutoff float64) (*Found, error) {
	x, err := choose(c)
	if err != nil {
		return nil, err
	}
	cfg, err := x.inferConfig()
	if err != nil {
		return nil, err
	}
	said, err := x.stated(c, cutoff != 0)
	if err != nil {
		return nil, err
	}
	if err := cfg.check(said); err != nil {
		return nil, err
	}
	values := map[string][]float64{}
	for s := range cfg.specs() {
		if values[s.name], err = x.read(s); err != nil {
			return nil, err
		}
	}
	if i := slices.Index(values["rbf.widths"], 0); i >= 0 {
		return nil, fmt.Errorf("tensor %s: element %d is 0, expected a width", Shown(x.full["rbf.widths"]), i)
	}
	f := &Found{Key: x.state.Key, Prefix: x.prefix, Wrappers: x.wrappers, Place: x.placeOf(x.candidate), Others: x.others(), Stated: map[string]string{}}
	if f.LeftOut, err = x.leftOut(); err != nil {
		return nil, err
	}
	f.Unapplied = unapplied(c, f.LeftOut)
	elements, ok := statedElements(c, cfg.MaxZ)
	if !ok {
		f.Unapplied = append(f.Unapplied, ElementsKey)
	}
	if cfg.Cutoff, f.CutoffFrom, err = x.findCutoff(cutoff, said["cutoff"], values["rbf.centers"], values["rbf.widths"]); err != nil {
		return nil, err
	}
	if stated := said["cutoff"]; len(stated) > 0 && stated[0].value != cfg.Cutoff {
		f.Overridden = stated[0].value
	}
	for key, statements := range said {
		f.Stated[key] = statements[0].place
	}
	for _, name := range x.order {
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: name, Tensor: x.tensors[name]})
	}
	f.Network = assemble(cfg, values)
	f.Network.Elements = elements
	return f, nil
}

// read is a tensor's values, checked against what the architecture asks for.
func (x *candidate) read(s spec) ([]float64, error) {
	t, ok := x.tensor(s.name)
	switch {
	case !ok && s.optional:
		return nil, nil
	case !ok:
		return nil, x.missing(s.name, fmt.Sprint(s.shape))
	case !slices.Equal(t.Shape, s.shape):
		return nil, fmt.Errorf("tensor %s: expected shape %v, found %v", Shown(x.full[s.name]), s.shape, t.Shape)
	}
	values, err := t.Float64s()
	if err != nil {
		return nil, fmt.Errorf("tensor %s: %w", Shown(x.full[s.name]), err)
	}
	if err := x.scale(s, t, values); err != nil {
		return nil, err
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("tensor %s: element %d is %v, expected a finite number", Shown(x.full[s.name]), i, v)
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
