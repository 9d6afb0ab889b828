package nn

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
)

func object(class string, state any, args ...any) *checkpoint.Object {
	return &checkpoint.Object{Class: class, State: state, Args: args}
}

// Wherever training code keeps its configuration, and in whatever kind of dict.
func TestStatedAnywhere(t *testing.T) {
	config := map[string]any{"hidden_dim": int64(20), "num_interactions": int64(3), "cutoff": 5.0, "max_z": int64(20)}
	node := func(v any) any { return object("omegaconf.nodes.AnyNode", map[string]any{"_val": v, "_parent": nil}) }
	loop := map[string]any{"cutoff": 5.0}
	loop["again"], loop["twice"] = loop, loop
	for name, c := range map[string]struct {
		metadata map[string]any
		place    string
	}{
		"top level":           {config, "the top level"},
		"config":              {map[string]any{"config": config}, "config"},
		"in model":            {map[string]any{"config": map[string]any{"model": config, "train": map[string]any{"lr": 1e-3}}}, "config.model"},
		"training_config":     {map[string]any{"training_config": map[string]any{"student": config}}, "training_config.student"},
		"LightningCLI":        {map[string]any{"hyper_parameters": map[string]any{"model": map[string]any{"class_path": "a.B", "init_args": config}}}, "hyper_parameters.model.init_args"},
		"Namespace":           {map[string]any{"args": object("argparse.Namespace", config)}, "args"},
		"Namespaces":          {map[string]any{"args": object("argparse.Namespace", map[string]any{"model": object("argparse.Namespace", config)})}, "args.model"},
		"Lightning's dict":    {map[string]any{"hyper_parameters": object("lightning_fabric.utilities.data.AttributeDict", nil, "lr", 1e-3, "cutoff", 5.0)}, "hyper_parameters"},
		"dataclass":           {map[string]any{"config": object("train.Config", config)}, "config"},
		"pydantic":            {map[string]any{"config": object("train.Config", map[string]any{"__dict__": config})}, "config"},
		"OmegaConf":           {map[string]any{"cfg": object("omegaconf.dictconfig.DictConfig", map[string]any{"_content": map[string]any{"model": object("omegaconf.dictconfig.DictConfig", map[string]any{"_content": map[string]any{"cutoff": node(5.0)}})}})}, "cfg.model"},
		"safetensors":         {map[string]any{"cutoff": "5.0", "format": "pt"}, "the top level"},
		"JSON":                {map[string]any{"config": ` {"model": {"cutoff": 5, "name": "a"}}`}, "config.model"},
		"another name":        {map[string]any{"config": map[string]any{"painn": map[string]any{"cutoff": 5.0, "hidden_dim": int64(7)}}}, "config.painn"},
		"the teacher's":       {map[string]any{"hyper_parameters": map[string]any{"student": config, "teacher": map[string]any{"cutoff": 6.0, "hidden_dim": int64(128)}}}, "hyper_parameters.student"},
		"the head's":          {map[string]any{"config": map[string]any{"cutoff": 5.0, "readout": map[string]any{"hidden_dim": int64(7)}}}, "config"},
		"a cutoff of a kind":  {map[string]any{"config": map[string]any{"cutoff": map[string]any{"kind": "cosine", "cutoff": 5.0}}}, "config.cutoff"},
		"not a number":        {map[string]any{"config": config, "data": map[string]any{"cutoff": "auto"}}, "config"},
		"what holds itself":   {map[string]any{"config": loop}, "config"},
		"a part of a tensor":  {map[string]any{"config": map[string]any{"cutoff": checkpoint.FromFloat64s(nil, []float64{5})}}, "config"},
		"said twice the same": {map[string]any{"args": config, "config": config}, "args"},
	} {
		f, err := Find(checkpoint.New(c.metadata, tensors(t)...), 0)
		require.NoError(t, err, name)
		assert.Equal(t, "stated by "+c.place, f.CutoffFrom, name)
	}
	for says, metadata := range map[string]map[string]any{
		"config.model says hidden_dim 128, but embedding.weight has 20 columns": {"config": map[string]any{"model": map[string]any{"hidden_dim": int64(128)}}},
		"args says num_rbf 20, but rbf.centers has 8 elements":                  {"args": object("argparse.Namespace", map[string]any{"num_rbf": int64(20)})},
		"the top level says max_z 100, but embedding.weight's last row is 20":   {"max_z": int64(100)},
		"model_config says num_interactions 2, but there are tensors of 3":      {"model_config": map[string]any{"num_interactions": 2.0}},
		"config says cutoff 5, but data says 6: -cutoff says which it is":       {"config": config, "data": map[string]any{"cutoff": 6.0}},
	} {
		_, err := Find(checkpoint.New(metadata, tensors(t)...), 0)
		assert.ErrorContains(t, err, says)
	}
}

// Scalars among the tensors state the cutoff too, the teacher's that of the teacher.
func TestStatedByTensors(t *testing.T) {
	scalar := func(name string, x float64) checkpoint.Named {
		return checkpoint.Named{Name: name, Tensor: checkpoint.FromFloat64s(nil, []float64{x})}
	}
	f, err := find(under(t, "model."), []checkpoint.Named{scalar("model.rbf.cutoff", 5), scalar("model.teacher.cutoff", 7), scalar("other.cutoff", 8)})
	require.NoError(t, err)
	assert.Equal(t, "stated by tensor rbf.cutoff", f.CutoffFrom)
	_, err = find(tensors(t), []checkpoint.Named{scalar("cutoff", 6)})
	assert.ErrorContains(t, err, "tensor cutoff says cutoff 6, but the last of rbf.centers is 5")
}

// The teacher's own configuration is the teacher's.
func TestStatedForTeacher(t *testing.T) {
	c := checkpoint.New(map[string]any{"student": map[string]any{"cutoff": 4.0}, "teacher": map[string]any{"cutoff": 5.0}}, under(t, "teacher.")...)
	f, err := Find(c, 0)
	require.NoError(t, err)
	assert.Equal(t, "stated by teacher", f.CutoffFrom)
}

func TestWords(t *testing.T) {
	for name, want := range map[string][]string{"train_state": {"train", "state"}, "modelTeacher": {"model", "teacher"}, "EMA": {"ema"}, "val_MAE.0": {"val", "mae"}, "": nil, "__x9y": {"x", "y"}} {
		assert.Equal(t, want, wordsOf(name), name)
	}
}
