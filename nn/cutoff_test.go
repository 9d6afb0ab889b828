package nn

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
)

// withRBF is a whole checkpoint with other centres and widths, in a type of elements.
func withRBF(t *testing.T, dtype checkpoint.DType, center, width func(i int) float64) []checkpoint.Named {
	t.Helper()
	list := tensors(t)
	for name, value := range map[string]func(int) float64{"rbf.centers": center, "rbf.widths": width} {
		values := make([]float64, smallConfig.NumRBF)
		for i := range values {
			values[i] = value(i)
		}
		tensor, err := checkpoint.FromFloat64s([]int{len(values)}, values).Convert(dtype)
		require.NoError(t, err)
		list[at(list, name)].Tensor = tensor
	}
	return list
}

// A cutoff is inferred from centres that are as they are made, and from no others.
func TestInferredCutoff(t *testing.T) {
	even := func(cutoff float64) func(int) float64 { return func(i int) float64 { return cutoff * float64(i) / 7 } }
	width := func(w float64) func(int) float64 { return func(int) float64 { return w } }
	for name, c := range map[string]struct {
		dtype         checkpoint.DType
		center, width func(int) float64
		want          float64
		says          string
	}{
		"made":                    {checkpoint.Float32, even(5), width(5. / 8), 5, ""},
		"widths of the distance":  {checkpoint.Float32, even(4.7), width(4.7 / 7), 4.7, ""},
		"no round number":         {checkpoint.Float32, even(5.29177), width(5.29177 / 8), 5.29177, ""},
		"other widths":            {checkpoint.Float32, even(6), width(0.5), 6, ""},
		"float64":                 {checkpoint.Float64, even(5.25), width(5.25 / 8), 5.25, ""},
		"float16":                 {checkpoint.Float16, even(5.2), width(5.2 / 8), 5.2, ""},
		"bfloat16":                {checkpoint.BFloat16, even(5.2), width(5.2 / 8), 5.2, ""},
		"between two in bfloat16": {checkpoint.BFloat16, even(5.25), width(5.25 / 8), 0, "they end at 5.25, which in bfloat16 stands for many numbers"},
		"moved evenly":            {checkpoint.Float32, even(4.987), width(1.01 * 5 / 8), 0, "they end at 4.987, no round number, and rbf.widths, of 0.63125 to 0.63125, are not those of 8 centres up to there: they look learned"},
		"moved, and not widths":   {checkpoint.Float32, even(4.9), width(5. / 8), 0, "they end at 4.9, no round number"},
		"one width moved":         {checkpoint.Float32, even(4.9), func(i int) float64 { return 4.9/8 + 0.01*float64(i/7) }, 0, "they end at 4.9, no round number, and rbf.widths, of 0.6125 to 0.6225,"},
		"moved":                   {checkpoint.Float32, func(i int) float64 { return 5*float64(i)/7 + 0.001*float64(i%2) }, width(5. / 8), 0, "they are not evenly spaced"},
		"the last moved":          {checkpoint.Float32, func(i int) float64 { return 5*float64(i)/7 - 0.013*float64(i/7) }, width(5. / 8), 0, "they are not evenly spaced"},
		"the first moved":         {checkpoint.Float32, func(i int) float64 { return 0.01 + even(4.99)(i) }, width(5. / 8), 0, "they go from 0.01 to 5, and not from 0"},
		"backwards":               {checkpoint.Float32, func(i int) float64 { return 5 - even(5)(i) }, width(5. / 8), 0, "they go from 5 to 0, and not from 0"},
		"nowhere":                 {checkpoint.Float32, width(0), width(1), 0, "they go from 0 to 0, and not from 0"},
	} {
		list := withRBF(t, c.dtype, c.center, c.width)
		f, err := Find(checkpoint.New(nil, list...), 0)
		if c.says != "" {
			require.ErrorContains(t, err, "the file does not state the cutoff, and rbf.centers do not tell it: "+c.says, name)
			require.ErrorContains(t, err, "; -cutoff says it, in Å", name)
			f, err = Find(checkpoint.New(nil, list...), 5.5)
			require.NoError(t, err, name)
			assert.Equal(t, 5.5, f.Network.Cutoff, name)
			assert.Equal(t, "given by -cutoff", f.CutoffFrom, name)
			continue
		}
		require.NoError(t, err, name)
		assert.InDelta(t, c.want, f.Network.Cutoff, 1e-6, name)
		assert.Equal(t, "inferred from rbf.centers", f.CutoffFrom, name)
	}
	one := smallConfig
	one.NumRBF = 1
	assert.NotEmpty(t, func() string { _, why := madeFor([]float64{0}, []float64{1}, checkpoint.Float32); return why }())
}

// What the file states goes before what its centres look like; two statements
// have to agree, and a caller's goes before all.
func TestStatedCutoff(t *testing.T) {
	learned := func(t *testing.T) []checkpoint.Named {
		return withRBF(t, checkpoint.Float32, func(i int) float64 { return 4.987 * float64(i) / 7 }, func(int) float64 { return 0.6 })
	}
	config := func(cutoff any) map[string]any { return map[string]any{"config": map[string]any{"cutoff": cutoff}} }
	f, err := Find(checkpoint.New(config(5.0), learned(t)...), 0)
	require.NoError(t, err)
	assert.Equal(t, 5.0, f.Network.Cutoff, "whether or not the file calls its centres learnable")
	assert.Equal(t, "stated by config", f.CutoffFrom)
	assert.Zero(t, f.Overridden)
	assert.Equal(t, "config", f.Stated["cutoff"])

	f, err = Find(checkpoint.New(config(5.0), learned(t)...), 4.5)
	require.NoError(t, err)
	assert.Equal(t, 4.5, f.Network.Cutoff)
	assert.Equal(t, "given by -cutoff (config says 5)", f.CutoffFrom)
	assert.Equal(t, 5.0, f.Overridden)

	for says, c := range map[string]struct {
		metadata map[string]any
		list     []checkpoint.Named
	}{
		"args says cutoff 6, but config says 5: -cutoff says which it is":                                                        {map[string]any{"config": map[string]any{"cutoff": 5.0}, "args": map[string]any{"cutoff": 6.0}}, learned(t)},
		"config says cutoff 6, but the last of rbf.centers is 5, as if made for that: -cutoff says which it is":                  {config(6.0), tensors(t)},
		"config: cutoff is 0 Å, expected more than 0 and at most 100":                                                            {config(int64(0)), learned(t)},
		"config: cutoff is +Inf Å, expected more than 0 and at most 100":                                                         {config(math.Inf(1)), learned(t)},
		`config says cutoff "far": expected a number`:                                                                            {config("far"), learned(t)},
		"config says cutoff is a tensor of shape [2]: expected a number":                                                         {config(checkpoint.FromFloat64s([]int{2}, []float64{5, 5})), learned(t)},
		"config says cutoff true: expected a number":                                                                             {config(true), learned(t)},
		"config says cutoff is a list, or of another kind: expected a number":                                                    {config([]any{5.0}), learned(t)},
		"the file does not state the cutoff, and rbf.centers do not tell it: they end at 4.987, no round number, and rbf.widths": {config(nil), learned(t)},
	} {
		_, err := Find(checkpoint.New(c.metadata, c.list...), 0)
		require.ErrorContains(t, err, says)
		f, err := Find(checkpoint.New(c.metadata, c.list...), 5)
		require.NoError(t, err, "the caller may say it")
		assert.Equal(t, 5.0, f.Network.Cutoff)
	}
	for _, cutoff := range []float64{-1, 101, math.NaN()} {
		_, err := Find(checkpoint.New(nil, tensors(t)...), cutoff)
		assert.ErrorContains(t, err, "cutoff is ")
	}
}
