package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open(t testing.TB, path string) *Checkpoint {
	t.Helper()
	c, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func values(t testing.TB, c *Checkpoint, name string) []float64 {
	t.Helper()
	tensor, ok := c.Tensor(name)
	require.True(t, ok, name)
	v, err := tensor.Float64s()
	require.NoError(t, err, name)
	return v
}

func TestViews(t *testing.T) {
	c := open(t, "testdata/views.pt")
	assert.Equal(t, []string{"plain", "transposed", "row", "column", "scalar", "empty", "expanded", "parameter"}, c.Names())
	for name, want := range map[string]struct {
		shape  []int
		values []float64
	}{
		"plain":      {[]int{2, 3}, []float64{0, 0.25, 0.5, 0.75, 1, 1.25}},
		"transposed": {[]int{3, 2}, []float64{0, 0.75, 0.25, 1, 0.5, 1.25}},
		"row":        {[]int{3}, []float64{0.75, 1, 1.25}},
		"column":     {[]int{2}, []float64{0.25, 1}},
		"scalar":     {[]int{}, []float64{2.5}},
		"empty":      {[]int{0, 3}, []float64{}},
		"expanded":   {[]int{4}, []float64{7, 7, 7, 7}},
		"parameter":  {[]int{2}, []float64{1, -1}},
	} {
		tensor, _ := c.Tensor(name)
		assert.Equal(t, want.shape, tensor.Shape, name)
		assert.Equal(t, want.values, values(t, c, name), name)
	}
	plain, _ := c.Tensor("plain")
	transposed, _ := c.Tensor("transposed")
	assert.Same(t, plain.Storage, transposed.Storage, "storages are shared")
}

func TestTypes(t *testing.T) {
	c := open(t, "testdata/types.pt")
	assert.Equal(t, "state_dict", c.Key)
	assert.Equal(t, map[string]any{"epoch": int64(4)}, c.Metadata)
	for _, d := range []DType{Float16, BFloat16, Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Bool, Complex64, Complex128} {
		tensor, ok := c.Tensor(d.String())
		require.True(t, ok, d)
		assert.Equal(t, d, tensor.DType())
		got, err := tensor.Float64s()
		switch d {
		case Complex64, Complex128:
			assert.ErrorContains(t, err, "expected real numbers")
		case Float16, BFloat16, Float32, Float64:
			assert.Equal(t, []float64{-3.5, 0, 1, 2}, got, d)
		case Bool:
			assert.Equal(t, []float64{0, 1, 1, 0}, got, d)
		default:
			assert.Equal(t, []float64{0, 1, 100, 127}, got, d)
		}
	}
}

func TestHalfToFloat(t *testing.T) {
	for bits, want := range map[uint16]float64{0: 0, 1: 0x1p-24, 0x3ff: 1023 * 0x1p-24, 0x400: 0x1p-14, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		assert.Equal(t, want, halfToFloat(bits), "%#x", bits)
	}
	assert.True(t, math.IsNaN(halfToFloat(0x7c01)))
}

func TestMetadata(t *testing.T) {
	c := open(t, "testdata/metadata.pt")
	assert.Equal(t, "model", c.Key)
	assert.Equal(t, []string{"module.model.w", "module._orig_mod.b"}, c.Names())
	large := new(big.Int).Lsh(big.NewInt(1), 70)
	for key, want := range map[string]any{
		"none": nil, "true": true, "int": int64(-7), "big": large, "negative_big": new(big.Int).Neg(large), "float": 0.1,
		"text": "Å", "bytes": []byte{0, 255}, "list": []any{int64(1), int64(2)}, "same_list": []any{int64(1), int64(2)},
		"tuple": []any{int64(1), []any{int64(2), "x"}}, "set": []any{int64(5)},
		"dict":    map[string]any{"a": map[string]any{"b": int64(1)}, "3": int64(4)},
		"ordered": map[string]any{"x": int64(1)}, "default": map[string]any{"k": []any{int64(1)}},
		"size": []any{int64(2), int64(3)}, "dtype": &Object{Class: "torch.float32"},
		"device":   &Object{Class: "torch.device", Args: []any{"cpu"}},
		"np_float": 0.25, "np_float32": 0.5, "np_int": int64(-9), "np_bool": true, "path": "/data/run",
		"frozen": []any{int64(7)}, "enum": &Object{Class: "builtins.getattr", Args: []any{&Object{Class: "unknown.Color"}, "RED"}},
		"dataclass": &Object{Class: "unknown.Settings", Args: []any{}, State: map[string]any{"rate": 0.5, "name": "x"}},
		"namespace": &Object{Class: "argparse.Namespace", Args: []any{}, State: map[string]any{"lr": 0.1}},
	} {
		assert.Equal(t, want, c.Metadata[key], key)
	}
	for key, want := range map[string]struct {
		shape  []int
		values []float64
	}{"tensor": {[]int{1}, []float64{1.5}}, "np_array": {[]int{3}, []float64{0, 1, 2}}, "np_fortran": {[]int{2, 3}, []float64{0, 1, 2, 3, 4, 5}}} {
		tensor := c.Metadata[key].(*Tensor)
		got, err := tensor.Float64s()
		require.NoError(t, err)
		assert.Equal(t, want.shape, tensor.Shape, key)
		assert.Equal(t, want.values, got, key)
	}
	assert.Equal(t, "numpy.core.multiarray._reconstruct", c.Metadata["np_texts"].(*Object).Class, "an array of text is no tensor")
	assert.Equal(t, "numpy scalar", c.Metadata["np_complex"].(*Object).Class)
	loop := c.Metadata["loop"].([]any)
	assert.Same(t, &loop[0], &loop[0].([]any)[0], "a list that holds itself")
	assert.NotContains(t, c.Metadata, "model")
}

func TestTrainingCheckpoint(t *testing.T) {
	c := open(t, "testdata/training.pt")
	assert.Equal(t, "model_state_dict", c.Key)
	assert.Equal(t, []string{"weight", "bias"}, c.Names())
	state := c.Metadata["optimizer_state_dict"].(map[string]any)["state"].(map[string]any)["0"].(map[string]any)
	assert.Equal(t, []int{1, 2}, state["exp_avg"].(*Tensor).Shape)
	assert.Equal(t, int64(4), c.Metadata["scheduler_state_dict"].(map[string]any)["total_steps"])
}

func TestDevelopmentModels(t *testing.T) {
	const models = "../../shared/models"
	if _, err := os.Stat(models); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no development data beside the project")
	}
	for _, m := range []struct {
		file, key  string
		prefix     string
		tensors    int
		parameters int
		hidden     any
	}{
		{"original", "model_state_dict", "", 36, 427_292, int64(128)},
		{"original_training", "model_state_dict", "model.", 36, 427_292, nil},
		{"tiny", "model_state_dict", "model.", 27, 77_203, int64(64)},
		{"ultra_tiny", "", "module.", 27, 21_459, nil},
	} {
		t.Run(m.file, func(t *testing.T) {
			c := open(t, fmt.Sprintf("%s/%s.pt", models, m.file))
			assert.Equal(t, m.key, c.Key)
			assert.Len(t, c.Names(), m.tensors)
			parameters := 0
			for _, name := range c.Names() {
				require.True(t, strings.HasPrefix(name, m.prefix), name)
				if !strings.Contains(name, "rbf.") {
					parameters += len(values(t, c, name))
				}
			}
			assert.Equal(t, m.parameters, parameters)
			config, _ := c.Metadata["config"].(map[string]any)
			assert.Equal(t, m.hidden, config["hidden_dim"])
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	empty := t.TempDir() + "/empty.pt"
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for path, says := range map[string]string{
		"testdata/none.pt":     "no such file",
		"testdata":             "testdata: expected a file, found a folder, in which is testdata/extra.pt, testdata/legacy.pt, ",
		empty:                  "found an empty file",
		"testdata/make.py":     "found a script",
		"testdata/no_dict.pt":  `no state dict: expected tensors in a dict or in a module, found the keys ["0" (1) "1" (2)]`,
		"testdata/no_state.pt": `no state dict: expected tensors in a dict or in a module, found the keys ["epoch" (1) "model" (a dict)]`,
	} {
		_, err := Open(path)
		require.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, path, "names the file")
	}
}

func TestReadRefusesEveryTruncation(t *testing.T) {
	for _, name := range []string{"views", "protocol4", "legacy", "legacy_protocol1", "legacy_protocol4", "tar", "torchscript"} {
		file, err := os.ReadFile("testdata/" + name + ".pt")
		require.NoError(t, err)
		_, err = Read(bytes.NewReader(file), int64(len(file)), "whole")
		require.NoError(t, err)
		for n := range file {
			_, err := Read(bytes.NewReader(file[:n]), int64(n), "cut")
			require.Error(t, err, "the first %d of %d bytes of %s", n, len(file), name)
		}
	}
}

func ExampleOpen() {
	c, err := Open("../testdata/tiny.pt")
	if err != nil {
		panic(err)
	}
	t, _ := c.Tensor("model.embedding.weight")
	fmt.Println(len(c.Names()), "tensors under", c.Key)
	fmt.Println("model.embedding.weight", t.DType(), t.Shape)
	fmt.Println("cutoff", c.Metadata["config"].(map[string]any)["cutoff"])
	// Output:
	// 27 tensors under model_state_dict
	// model.embedding.weight float32 [101 64]
	// cutoff 5
}
