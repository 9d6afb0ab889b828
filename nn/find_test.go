package nn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
)

// renamed is a whole checkpoint's tensors under other names.
func renamed(t *testing.T, rename func(name string) string) []checkpoint.Named {
	list := tensors(t)
	for i := range list {
		list[i].Name = rename(list[i].Name)
	}
	return list
}

func under(t *testing.T, prefix string) []checkpoint.Named {
	return renamed(t, func(name string) string { return prefix + name })
}

// beside is tensors of one element.
func beside(names ...string) (list []checkpoint.Named) {
	for _, name := range names {
		list = append(list, checkpoint.Named{Name: name, Tensor: checkpoint.FromFloat64s([]int{1}, []float64{1})})
	}
	return list
}

// counter is a whole number without dimensions.
func counter(name string) checkpoint.Named {
	return checkpoint.Named{Name: name, Tensor: &checkpoint.Tensor{Storage: &checkpoint.Storage{DType: checkpoint.Int64, Data: make([]byte, 8)}}}
}

// without is a list without the tensor of a name.
func without(list []checkpoint.Named, name string) []checkpoint.Named {
	i := at(list, name)
	return slices.Delete(list, i, i+1)
}

func find(lists ...[]checkpoint.Named) (*Found, error) {
	return Find(checkpoint.New(nil, slices.Concat(lists...)...), 0)
}

// Whatever the names begin with, and whatever wraps parts of the network.
func TestWrappers(t *testing.T) {
	plain := tensors(t)
	want, err := find(plain)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		rename  func(string) string
		dropped []string
	}{
		"plain":              {func(n string) string { return n }, nil},
		"DataParallel":       {func(n string) string { return "module." + n }, []string{"module."}},
		"Fabric":             {func(n string) string { return "_forward_module.model." + n }, []string{"_forward_module.model."}},
		"an attribute":       {func(n string) string { return "pl.student_model.net." + n }, []string{"pl.student_model.net."}},
		"in a list":          {func(n string) string { return "models.0." + n }, []string{"models.0."}},
		"named as a part is": {func(n string) string { return "embedding." + n }, []string{"embedding."}},
		"in a part's name":   {func(n string) string { return "x.interactions." + n }, []string{"x.interactions."}},
		"compiled blocks":    {func(n string) string { return strings.Replace(n, ".message.", "._orig_mod.message.", 1) }, []string{"_orig_mod."}},
		"one block": {func(n string) string {
			return strings.Replace(n, "interactions.1.", "interactions.1._checkpoint_wrapped_module.", 1)
		}, []string{"_checkpoint_wrapped_module."}},
		"many, everywhere": {func(n string) string {
			n = strings.Replace(n, "interactions.", "interactions._fsdp_wrapped_module.", 1)
			n = strings.Replace(n, "embedding.", "embedding.module._orig_mod.", 1)
			return "_fsdp_wrapped_module." + strings.Replace(n, "energy_head.0.", "energy_head.0.base_layer.", 1)
		}, []string{"_fsdp_wrapped_module.", "module.", "_orig_mod.", "_fsdp_wrapped_module.", "base_layer."}},
	} {
		f, err := find(renamed(t, c.rename))
		require.NoError(t, err, name)
		assert.Equal(t, want.Network, f.Network, name)
		assert.Equal(t, c.dropped, f.Dropped(), name)
		for i, named := range f.Tensors {
			assert.Equal(t, plain[i].Name, named.Name, name)
		}
		assert.Empty(t, f.Others, name)
		assert.Empty(t, f.LeftOut, name)
	}
}

// A student among other things: it is taken, and they are listed.
func TestBesideOthers(t *testing.T) {
	for name, c := range map[string]struct {
		lists           [][]checkpoint.Named
		prefix          string
		others, leftOut []string
	}{
		"another teacher":  {[][]checkpoint.Named{under(t, "student."), beside("teacher.backbone.weight")}, "student.", nil, []string{"teacher.backbone.weight"}},
		"loss and metrics": {[][]checkpoint.Named{beside("loss_fn.weight"), under(t, "model."), beside("val_mae.total")}, "model.", nil, []string{"loss_fn.weight", "val_mae.total"}},
		"inside of it":     {[][]checkpoint.Named{tensors(t), beside("loss_fn.weight", "modelTeacher.x", "val_mae.total")}, "", nil, []string{"loss_fn.weight", "modelTeacher.x", "val_mae.total"}},
		"counters":         {[][]checkpoint.Named{{counter("n_averaged"), counter("module.steps")}, under(t, "module.")}, "module.", nil, []string{"n_averaged", "module.steps"}},
		"an average":       {[][]checkpoint.Named{without(under(t, "ema_model.module."), "ema_model.module.rbf.widths"), under(t, "model.")}, "model.", []string{"ema_model.module"}, nil},
		"flat averages":    {[][]checkpoint.Named{tensors(t), beside("ema_embedding_weight", "ema_energy_head_0_bias")}, "", nil, []string{"ema_embedding_weight", "ema_energy_head_0_bias"}},
		"a teacher of it":  {[][]checkpoint.Named{tensors(t), under(t, "teacher.")}, "", []string{"teacher"}, nil},
		"a part of one":    {[][]checkpoint.Named{under(t, "student."), without(under(t, "other."), "other.rbf.centers")}, "student.", []string{"other"}, nil},
	} {
		f, err := find(c.lists...)
		require.NoError(t, err, name)
		assert.Equal(t, c.prefix, f.Prefix, name)
		assert.Equal(t, c.others, f.Others, name)
		if c.leftOut != nil {
			assert.Equal(t, c.leftOut, f.LeftOut, name)
		} else {
			assert.Len(t, f.LeftOut, len(slices.Concat(c.lists...))-len(f.Tensors), name)
		}
	}
	model := under(t, "model.module.")
	for _, n := range model[:len(model):len(model)] { // the same tensors, as an attribute that is wrapped has them
		model = append(model, checkpoint.Named{Name: strings.Replace(n.Name, "model.module.", "uncompiled.", 1), Tensor: n.Tensor})
	}
	f, err := find(model)
	require.NoError(t, err)
	assert.Equal(t, "model.module.", f.Prefix)
	assert.Empty(t, f.Others)
}

// What would be a guess, or another network, is refused.
func TestNotOneNetwork(t *testing.T) {
	for says, lists := range map[string][][]checkpoint.Named{
		"expected one network, found 2: -key student or -key teacher takes one of them":       {under(t, "student."), under(t, "teacher.")},
		"expected one network, found 3: -key a or -key b or -key c takes one of them":         {under(t, "a."), under(t, "b."), under(t, "ema."), under(t, "c.")},
		"tensor student.rbf.centers is missing: expected shape [num_rbf]; found ":             {without(under(t, "student."), "student.rbf.centers"), under(t, "teacher.")},
		"tensor m.energy_head.4.bias is missing: expected shape [1]; found ":                  {without(under(t, "m."), "m.energy_head.4.bias"), under(t, "m_ema.")},
		"surplus tensor atomref.weight: a network of 3 interactions has no such weights, and": {tensors(t), beside("atomref.weight")},
		"surplus tensor scale: ":                     {tensors(t), beside("scale")},
		"surplus tensor model.shift.weight: ":        {under(t, "model."), beside("model.shift.weight")},
		"surplus tensor energy_head.teacher.weight:": {tensors(t), beside("energy_head.teacher.weight")},
		"tensors energy_head.0.base_layer.weight and energy_head.0.lora_A.default.weight are both energy_head.0.weight, once": {
			renamed(t, func(n string) string { return strings.Replace(n, "energy_head.0.", "energy_head.0.base_layer.", 1) }), beside("energy_head.0.lora_A.default.weight")},
		// A number that is no index of the network's could be one.
		"tensor interactions.0.message.rbf_to_scalar.0.weight is missing: expected shape [hidden_dim, num_rbf]; found embedding.weight, rbf.centers, rbf.widths, interactions.0.0.": {
			renamed(t, func(n string) string { return strings.Replace(n, "interactions.0.", "interactions.0.0.", 1) })[:5]},
		"tensor embedding.weight is missing: expected shape [max_z+1, hidden_dim]; found conv1.weight, conv1.bias": {beside("conv1.weight", "conv1.bias")},
		"found a, b, c, d, e, … (6 in all)": {beside("a", "b", "c", "d", "e", "f")},
		`found "\x1b[2J", "xxxxxxxx`:        {beside("\x1b[2J", strings.Repeat("x", 100))},
	} {
		_, err := find(lists...)
		assert.ErrorContains(t, err, says)
	}
	var many []checkpoint.Named
	for i := range maxNetworks + 1 {
		many = append(many, under(t, fmt.Sprintf("m%d.", i))...)
	}
	_, err := find(many)
	assert.ErrorContains(t, err, "expected at most 100 networks in a file, found 101")
	_, err = find(beside(strings.Repeat("a.", 100)+"embedding.weight", strings.Repeat("a", 5000)+".embedding.weight"))
	assert.ErrorContains(t, err, "tensor embedding.weight is missing")
	_, err = Find(&checkpoint.Checkpoint{}, 0)
	assert.ErrorContains(t, err, "no tensors")
}

// states is a checkpoint as a file of several state dicts gives it, read back
// with a key.
func states(t *testing.T, key string, dicts map[string][]checkpoint.Named) (*Found, error) {
	t.Helper()
	metadata := map[string]any{}
	for at, list := range dicts {
		d := map[string]any{}
		for _, n := range list {
			d[n.Name] = n.Tensor
		}
		inner, parts := metadata, strings.Split(at, ".")
		for _, part := range parts[:len(parts)-1] {
			next, _ := inner[part].(map[string]any)
			if next == nil {
				next = map[string]any{}
				inner[part] = next
			}
			inner = next
		}
		inner[parts[len(parts)-1]] = d
	}
	c, err := reopen(t, checkpoint.New(metadata), key)
	require.NoError(t, err)
	return Find(c, 0)
}

// Weights under several keys: usual ones first, averages last, and -key takes any.
func TestKeys(t *testing.T) {
	half := func(t *testing.T) []checkpoint.Named {
		list := tensors(t)
		list[at(list, "energy_head.4.bias")].Tensor = checkpoint.FromFloat64s([]int{1}, []float64{0.5})
		return list
	}
	for name, c := range map[string]struct {
		dicts  map[string][]checkpoint.Named
		key    string
		at     string
		others []string
		says   string
	}{
		"usual":          {map[string][]checkpoint.Named{"state_dict": tensors(t), "ema": half(t)}, "", "state_dict", []string{"ema"}, ""},
		"asked for":      {map[string][]checkpoint.Named{"state_dict": tensors(t), "ema": half(t)}, "ema", "ema", []string{"state_dict"}, ""},
		"unusual":        {map[string][]checkpoint.Named{"generator": tensors(t), "model": beside("conv.weight")}, "", "generator", nil, ""},
		"usual first":    {map[string][]checkpoint.Named{"best": tensors(t), "student": half(t)}, "", "student", []string{"best"}, ""},
		"deep":           {map[string][]checkpoint.Named{"ckpt.nets.a": tensors(t)}, "", "ckpt.nets.a", nil, ""},
		"unusual both":   {map[string][]checkpoint.Named{"best": tensors(t), "last": half(t)}, "", "", nil, "expected one network, found 2: -key best or -key last takes one of them"},
		"raw not usual":  {map[string][]checkpoint.Named{"best": tensors(t), "ema": half(t)}, "", "best", []string{"ema"}, ""},
		"prefix":         {map[string][]checkpoint.Named{"state_dict": slices.Concat(under(t, "student."), under(t, "teacher."))}, "student", "student", []string{"teacher"}, ""},
		"prefix and key": {map[string][]checkpoint.Named{"model": slices.Concat(under(t, "a."), under(t, "b.")), "best": slices.Concat(under(t, "a."), under(t, "b."))}, "best.b", "best.b", []string{"best.a", "model.a", "model.b"}, ""},
		"two within":     {map[string][]checkpoint.Named{"state_dict": slices.Concat(under(t, "m.a."), under(t, "m.b."))}, "m", "", nil, "-key m.a or -key m.b takes one"},
		"asked is cut":   {map[string][]checkpoint.Named{"state_dict": tensors(t), "ema": half(t)[1:]}, "ema", "", nil, "tensor embedding.weight is missing"},
	} {
		f, err := states(t, c.key, c.dicts)
		if c.says != "" {
			assert.ErrorContains(t, err, c.says, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.at, f.Place, name)
		slices.Sort(f.Others)
		assert.Equal(t, c.others, f.Others, name)
	}
}

// Names and configurations of any kind give a network or an error.
func FuzzFind(f *testing.F) {
	var names []string
	for s := range smallConfig.specs() {
		names = append(names, s.name)
	}
	f.Add(strings.Join(names, "\n"), `{"config":{"cutoff":5}}`, 0.0)
	f.Add("a.embedding.weight\ninteractions.9.x.y", `{"cutoff":"x","model":{"hidden_dim":[1]}}`, 5.0)
	f.Add("rbf.cutoff\n..\n.embedding..weight", `{"config":"{\"cutoff\":1}"}`, -1.0)
	shapes := maps.Collect(func(yield func(string, []int) bool) {
		for s := range smallConfig.specs() {
			yield(s.name, s.shape)
		}
	})
	f.Fuzz(func(t *testing.T, text, config string, cutoff float64) {
		var list []checkpoint.Named
		for name := range strings.SplitSeq(text, "\n") {
			shape, n := shapes[name], 1
			for _, d := range shape {
				n *= d
			}
			list = append(list, checkpoint.Named{Name: name, Tensor: checkpoint.FromFloat64s(shape, make([]float64, n))})
		}
		found, err := Find(checkpoint.New(map[string]any{"config": config, "args": &checkpoint.Object{State: map[string]any{"model": config}}}, list...), cutoff)
		if err == nil {
			require.NoError(t, CheckCutoff(found.Network.Cutoff))
			require.NotEmpty(t, found.CutoffFrom)
		}
		_ = fmt.Sprint(err)
	})
}
