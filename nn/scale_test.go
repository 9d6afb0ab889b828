package nn

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
)

// quantised is the tensors of a small network, of which energy_head.0.weight [2, 4] is
// in int8 with a scale for each row.
func quantised(t testing.TB) []checkpoint.Named {
	t.Helper()
	c := Config{HiddenDim: 4, NumInteractions: 1, NumRBF: 2, Cutoff: 5, MaxZ: 8}
	var list []checkpoint.Named
	for s := range c.specs() {
		n := 1
		for _, d := range s.shape {
			n *= d
		}
		values := make([]float64, n)
		for i := range values {
			values[i] = 0.25 * float64(i%7+1)
		}
		list = append(list, checkpoint.Named{Name: s.name, Tensor: checkpoint.FromFloat64s(s.shape, values)})
	}
	list = with(list, "energy_head.0.weight", checkpoint.FromInt8s([]int{2, 4}, []int8{-128, -127, 0, 1, 2, 3, 4, 127}))
	return with(list, "energy_head.0.weight_scale", checkpoint.FromFloat64s([]int{2}, []float64{0.5, 3}))
}

// with is tensors with one put in the place of what has its name, or at the end; nil takes it away.
func with(list []checkpoint.Named, name string, tensor *checkpoint.Tensor) (out []checkpoint.Named) {
	there := false
	for _, x := range list {
		if x.Name == name {
			if there = true; tensor == nil {
				continue
			}
			x.Tensor = tensor
		}
		out = append(out, x)
	}
	if !there && tensor != nil {
		out = append(out, checkpoint.Named{Name: name, Tensor: tensor})
	}
	return out
}

var cutoff5 = map[string]any{"config": map[string]any{"cutoff": 5.0}}

// Integers are multiplied by their row's scale, under any beginning of names, and
// scales are no parameters.
func TestScales(t *testing.T) {
	list := quantised(t)
	for _, prefix := range []string{"", "student.model."} {
		named := make([]checkpoint.Named, len(list))
		for i, x := range list {
			named[i] = checkpoint.Named{Name: prefix + x.Name, Tensor: x.Tensor}
		}
		f, err := Find(checkpoint.New(cutoff5, named...), 0)
		require.NoError(t, err)
		assert.Equal(t, []float64{-64, -63.5, 0, 0.5, 6, 9, 12, 381}, f.Network.Head[0].Weight)
		assert.Len(t, f.Tensors, len(list))
		assert.Empty(t, f.LeftOut)
		plain := with(with(list, "energy_head.0.weight_scale", nil), "energy_head.0.weight", checkpoint.FromFloat64s([]int{2, 4}, f.Network.Head[0].Weight))
		want, err := FromCheckpoint(checkpoint.New(cutoff5, plain...))
		require.NoError(t, err)
		assert.Equal(t, want, f.Network)
	}
}

func TestHostileScales(t *testing.T) {
	scales := func(x ...float64) *checkpoint.Tensor { return checkpoint.FromFloat64s([]int{len(x)}, x) }
	const weight, scale = "energy_head.0.weight", "energy_head.0.weight_scale"
	huge := *scales(1)
	huge.Shape, huge.Strides = []int{1 << 30}, []int{0} // 8 GiB, of one number
	for says, c := range map[string]struct {
		name   string
		tensor *checkpoint.Tensor
	}{
		"energy_head.0.weight is int8, and energy_head.0.weight_scale is missing: expected a scale for each of its 2 rows": {scale, nil},
		"weight_scale: element 1 is NaN, expected a scale above 0":                                                         {scale, scales(1, math.NaN())},
		"weight_scale: element 0 is -1, expected a scale above 0":                                                          {scale, scales(-1, 1)},
		"weight_scale: element 1 is 0, expected a scale above 0":                                                           {scale, scales(1, 0)},
		"weight_scale: element 0 is +Inf, expected a scale above 0":                                                        {scale, scales(math.Inf(1), 1)},
		"weight_scale: element 0 is 1e+37, expected a scale above 0 and up to 2.66e+36":                                    {scale, scales(1e37, 1)},
		"weight_scale: expected shape [2], a scale for each row of energy_head.0.weight, found [3]":                        {scale, scales(1, 1, 1)},
		"weight_scale: expected shape [2], a scale for each row of energy_head.0.weight, found [2 1]":                      {scale, checkpoint.FromFloat64s([]int{2, 1}, []float64{1, 1})},
		"weight_scale: expected shape [2], a scale for each row of energy_head.0.weight, found [1073741824]":               {scale, &huge},
		"weight_scale: expected scales of a floating-point type, found int8":                                               {scale, checkpoint.FromInt8s([]int{2}, []int8{1, 1})},
		"energy_head.0.weight: expected int8, as energy_head.0.weight_scale stands beside it, found float64":               {weight, checkpoint.FromFloat64s([]int{2, 4}, make([]float64, 8))},
		"energy_head.0.weight: expected shape [2 4], found [4 2]":                                                          {weight, checkpoint.FromInt8s([]int{4, 2}, make([]int8, 8))},
		"energy_head.0.bias: expected a floating-point type, as matrices alone have scales, found int8":                    {"energy_head.0.bias", checkpoint.FromInt8s([]int{2}, make([]int8, 2))},
		"surplus tensor energy_head.0.bias_scale":                                                                          {"energy_head.0.bias_scale", scales(1, 1)},
		"tensor interactions.1.message.rbf_to_scalar.0.weight is missing":                                                  {"interactions.1.update.update_mlp.0.weight_scale", scales(1, 1, 1, 1)},
	} {
		_, err := FromCheckpoint(checkpoint.New(cutoff5, with(quantised(t), c.name, c.tensor)...))
		assert.ErrorContains(t, err, says)
	}
}

// FuzzQuantised reads files whose matrices are in int8: what is a network has finite weights.
func FuzzQuantised(f *testing.F) {
	c := checkpoint.New(map[string]any{"config": map[string]any{"cutoff": int64(5)}}, quantised(f)...)
	var pt, safe bytes.Buffer
	require.NoError(f, c.WritePyTorch(&pt))
	require.NoError(f, c.WriteSafetensors(&safe, map[string]string{"config": `{"cutoff":5}`}))
	f.Add(pt.Bytes())
	f.Add(safe.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := checkpoint.Read(bytes.NewReader(file), int64(len(file)), "fuzzed")
		if err != nil {
			return
		}
		n, err := FromCheckpoint(c)
		if err != nil {
			return
		}
		for _, x := range n.Head[0].Weight {
			require.False(t, math.IsNaN(x) || math.IsInf(x, 0))
		}
		_, err = n.Tensors(checkpoint.Float64)
		require.NoError(t, err)
	})
}
