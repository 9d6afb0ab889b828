package nn

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/systems"
)

// tensors is a whole checkpoint of smallConfig, to be broken.
func tensors(t *testing.T) []checkpoint.Named {
	t.Helper()
	var list []checkpoint.Named
	for s := range smallConfig.specs() {
		n := 1
		for _, d := range s.shape {
			n *= d
		}
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i%7-3) / 32
		}
		switch s.name {
		case "rbf.centers":
			for i := range values {
				values[i] = 5 * float64(i) / float64(n-1)
			}
		case "rbf.widths":
			for i := range values {
				values[i] = 0.5
			}
		}
		list = append(list, checkpoint.Named{Name: s.name, Tensor: checkpoint.FromFloat64s(s.shape, values)})
	}
	return list
}

func at(list []checkpoint.Named, name string) int {
	return slices.IndexFunc(list, func(n checkpoint.Named) bool { return n.Name == name })
}

func TestFromCheckpoint(t *testing.T) {
	config := map[string]any{"hidden_dim": int64(20), "num_interactions": int64(3), "num_rbf": int64(8), "cutoff": 5.0, "max_z": int64(20), "dropout": 0.1}
	for name, metadata := range map[string]map[string]any{
		"inferred":       nil,
		"config":         {"config": config},
		"partial config": {"config": map[string]any{"cutoff": int64(5)}},
		"other config":   {"config": map[string]any{"learning_rate": 0.1}},
		"odd config":     {"config": "yes"},
	} {
		net, err := FromCheckpoint(checkpoint.New(metadata, tensors(t)...))
		require.NoError(t, err, name)
		assert.Equal(t, smallConfig, net.Config, name)
		assert.Equal(t, 2./32, net.Embedding[5])
		assert.Equal(t, Linear{In: 8, Out: 20}, Linear{In: net.Blocks[1].Filter[0].In, Out: net.Blocks[1].Filter[0].Out})
		assert.Equal(t, [3][3]float64{{-3. / 32, -2. / 32, -1. / 32}, {0, 1. / 32, 2. / 32}, {3. / 32, -3. / 32, -2. / 32}}, net.Blocks[2].Mixing)
	}
}

func TestLastMixingMatrixMayBeAbsent(t *testing.T) {
	list := tensors(t)
	i := at(list, "interactions.2.update.mixing_matrix")
	whole, err := FromCheckpoint(checkpoint.New(nil, list...))
	require.NoError(t, err)
	without, err := FromCheckpoint(checkpoint.New(nil, slices.Delete(list, i, i+1)...))
	require.NoError(t, err)
	s := systems.Benzene()
	want := compute(t, newTestPotential(t, whole, Options{}), s)
	assert.Equal(t, want, compute(t, newTestPotential(t, without, Options{}), s))
}

func TestFromCheckpointRefuses(t *testing.T) {
	set := func(name string, shape []int, values []float64) func([]checkpoint.Named) []checkpoint.Named {
		return func(l []checkpoint.Named) []checkpoint.Named {
			l[at(l, name)].Tensor = checkpoint.FromFloat64s(shape, values)
			return l
		}
	}
	remove := func(name string) func([]checkpoint.Named) []checkpoint.Named {
		return func(l []checkpoint.Named) []checkpoint.Named {
			i := at(l, name)
			return slices.Delete(l, i, i+1)
		}
	}
	add := func(name string) func([]checkpoint.Named) []checkpoint.Named {
		return func(l []checkpoint.Named) []checkpoint.Named {
			return append(l, checkpoint.Named{Name: name, Tensor: checkpoint.FromFloat64s([]int{1}, []float64{1})})
		}
	}
	same := func(l []checkpoint.Named) []checkpoint.Named { return l }
	for name, c := range map[string]struct {
		config map[string]any
		change func([]checkpoint.Named) []checkpoint.Named
		says   string
	}{
		"hidden_dim":       {map[string]any{"hidden_dim": int64(64)}, same, "config says hidden_dim 64, but embedding.weight has 20 columns"},
		"num_interactions": {map[string]any{"num_interactions": int64(2)}, same, "config says num_interactions 2, but there are tensors of 3 interactions"},
		"num_rbf":          {map[string]any{"num_rbf": int64(20)}, same, "config says num_rbf 20, but rbf.centers has 8 elements"},
		"max_z":            {map[string]any{"max_z": 100.0}, same, "config says max_z 100, but embedding.weight's last row is 20"},
		"cutoff":           {map[string]any{"cutoff": 6.0}, same, "config says cutoff 6, but the last of rbf.centers is 5"},
		"no number":        {map[string]any{"cutoff": "five"}, same, `config says cutoff "five": expected a number`},
		"no cutoff":        {map[string]any{"cutoff": math.NaN()}, same, "config: cutoff is NaN Å, expected more than 0"},
		"embedding":        {nil, remove("embedding.weight"), "tensor embedding.weight is missing: expected shape [max_z+1, hidden_dim]"},
		"flat embedding":   {nil, set("embedding.weight", []int{4}, make([]float64, 4)), "tensor embedding.weight: expected shape [max_z+1, hidden_dim]"},
		"centers":          {nil, remove("rbf.centers"), "tensor rbf.centers is missing"},
		"missing":          {nil, remove("interactions.1.update.update_mlp.2.bias"), "tensor interactions.1.update.update_mlp.2.bias is missing: expected shape [60]"},
		"missing mixing":   {nil, remove("interactions.1.update.mixing_matrix"), "tensor interactions.1.update.mixing_matrix is missing: expected shape [3 3]"},
		"surplus":          {nil, add("energy_head.6.bias"), "surplus tensor energy_head.6.bias"},
		"surplus block":    {nil, add("interactions.7.bias"), "surplus tensor interactions.7.bias"},
		"shape":            {nil, set("energy_head.0.weight", []int{20, 10}, make([]float64, 200)), "tensor energy_head.0.weight: expected shape [10 20], found [20 10]"},
		"NaN":              {nil, set("energy_head.4.bias", []int{1}, []float64{math.NaN()}), "tensor energy_head.4.bias: element 0 is NaN, expected a finite number"},
		"infinite":         {nil, set("energy_head.2.bias", []int{5}, []float64{0, 0, 0, math.Inf(-1), 0}), "tensor energy_head.2.bias: element 3 is -Inf, expected a finite number"},
		"no width":         {nil, set("rbf.widths", []int{8}, []float64{1, 1, 1, 0, 1, 1, 1, 1}), "tensor rbf.widths: element 3 is 0"},
		"other network":    {nil, func([]checkpoint.Named) []checkpoint.Named { return add("conv.weight")(nil) }, "tensor embedding.weight is missing"},
	} {
		var metadata map[string]any
		if c.config != nil {
			metadata = map[string]any{"config": c.config}
		}
		_, err := FromCheckpoint(checkpoint.New(metadata, c.change(tensors(t))...))
		assert.ErrorContains(t, err, c.says, name)
	}
}

// Weights of 16-bit checkpoints are read as they are; complex ones are refused by name.
func TestFromCheckpointTypes(t *testing.T) {
	list := tensors(t)
	i := at(list, "energy_head.4.bias")
	storage := &checkpoint.Storage{DType: checkpoint.BFloat16, Data: []byte{0x80, 0x3f}}
	list[i].Tensor = &checkpoint.Tensor{Shape: []int{1}, Strides: []int{1}, Storage: storage}
	net, err := FromCheckpoint(checkpoint.New(nil, list...))
	require.NoError(t, err)
	assert.Equal(t, []float64{1}, net.Head[2].Bias)
	list[i].Tensor = &checkpoint.Tensor{Shape: []int{1}, Strides: []int{1}, Storage: &checkpoint.Storage{DType: checkpoint.Complex64, Data: make([]byte, 8)}}
	_, err = FromCheckpoint(checkpoint.New(nil, list...))
	assert.ErrorContains(t, err, "tensor energy_head.4.bias: complex64: expected real numbers")
	assert.True(t, strings.HasPrefix(err.Error(), "tensor"))
}
