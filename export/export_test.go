package export

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/nn"
	"painless/quantise"
)

const ultraTiny = "../testdata/ultra_tiny.pt"

func open(t *testing.T, path string) *checkpoint.Checkpoint {
	t.Helper()
	c, err := checkpoint.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func written(t *testing.T, c *checkpoint.Checkpoint, opts Options) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, Write(&file, c, opts))
	return file.Bytes()
}

func read(t *testing.T, file []byte) (*checkpoint.Checkpoint, *nn.Network) {
	t.Helper()
	c, err := checkpoint.Read(bytes.NewReader(file), int64(len(file)), "written")
	require.NoError(t, err)
	n, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	return c, n
}

// used is a network without its last mixing matrix, which nothing uses and graphs leave out.
func used(n *nn.Network) *nn.Network {
	u := *n
	u.Blocks, u.Parameters = slices.Clone(n.Blocks), 0
	u.Blocks[n.NumInteractions-1].Mixing = [3][3]float64{}
	return &u
}

// Every format is what it says, holds the same network, and is the same every time.
func TestWrite(t *testing.T) {
	c := open(t, ultraTiny)
	want, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	for opts, format := range map[*Options]string{
		{}:                           "PyTorch zip archive",
		{Format: PyTorch}:            "PyTorch zip archive",
		{Format: Safetensors}:        "safetensors",
		{Format: ONNX}:               "ONNX",
		{Format: ONNX, Forces: true}: "ONNX",
		{Format: TorchScript}:        "TorchScript archive",
		{DType: checkpoint.Float64}:  "PyTorch zip archive",
		{Format: ONNX, DType: checkpoint.Float32}: "ONNX",
	} {
		file := written(t, c, *opts)
		assert.Equal(t, file, written(t, c, *opts), format)
		got, n := read(t, file)
		assert.Equal(t, format, got.Format)
		assert.Equal(t, used(want), used(n), format)
	}
	assert.Equal(t, written(t, c, Options{}), written(t, c, Options{Format: PyTorch}))
	assert.NotEqual(t, written(t, c, Options{Format: ONNX}), written(t, c, Options{Format: ONNX, Forces: true}))
}

// Learned centres, and the cutoff that they do not tell, go through every format.
func TestLearnedCenters(t *testing.T) {
	c := open(t, ultraTiny)
	var tensors []checkpoint.Named
	for name, tensor := range c.All() {
		if name == "module.rbf.centers" {
			values, err := tensor.Float64s()
			require.NoError(t, err)
			for i := range values {
				values[i] -= 0.013 * float64(i*i) / 81
			}
			tensor, err = checkpoint.FromFloat64s(tensor.Shape, values).Convert(checkpoint.Float32)
			require.NoError(t, err)
		}
		tensors = append(tensors, checkpoint.Named{Name: name, Tensor: tensor})
	}
	unsaid := checkpoint.New(nil, tensors...)
	assert.ErrorContains(t, Write(&bytes.Buffer{}, unsaid, Options{}), "the file does not state the cutoff")
	for _, cutoff := range []float64{5, 5.25, 4.987} {
		said := checkpoint.New(map[string]any{"hyper_parameters": map[string]any{"student": map[string]any{"cutoff": cutoff}}}, tensors...)
		for _, format := range Formats {
			file := written(t, said, Options{Format: format})
			assert.Equal(t, file, written(t, unsaid, Options{Format: format, Cutoff: cutoff}), format)
			got, n := read(t, file)
			assert.Equal(t, cutoff, n.Cutoff, format)
			assert.InDelta(t, 4.987, n.Centers[9], 1e-6)
			found, err := nn.Find(got, 0)
			require.NoError(t, err)
			assert.Equal(t, "stated by config", found.CutoffFrom, format)
			for _, next := range Formats {
				_, again := read(t, written(t, got, Options{Format: next}))
				assert.Equal(t, used(n), used(again), "%s to %s", format, next)
			}
		}
	}
}

func TestDTypes(t *testing.T) {
	c := open(t, ultraTiny)
	got, _ := read(t, written(t, c, Options{DType: checkpoint.Float64}))
	for _, name := range got.Names() {
		tensor, _ := got.Tensor(name)
		assert.Equal(t, checkpoint.Float64, tensor.DType(), name)
	}
	single, _ := read(t, written(t, got, Options{Format: TorchScript}))
	tensor, _ := single.Tensor("embedding.weight")
	assert.Equal(t, checkpoint.Float32, tensor.DType(), "what computes does so in float32")
}

// A quantised network is the same in every format, stays as it is from one to another,
// and becomes one of float32 where that is asked for, or computed with.
func TestQuantised(t *testing.T) {
	c := open(t, ultraTiny)
	network, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	for _, dtype := range quantise.Types {
		q, err := quantise.Network(t.Context(), network, quantise.Options{Type: dtype})
		require.NoError(t, err)
		small, want := read(t, written(t, c, Options{Quantised: q}))
		assert.NotEqual(t, network.Head[0], want.Head[0])
		w, _ := small.Tensor("energy_head.0.weight")
		assert.Equal(t, dtype, w.DType())
		_, again := read(t, written(t, small, Options{Format: Safetensors}))
		assert.Equal(t, want, again)
		_, graph := read(t, written(t, c, Options{Format: ONNX, Quantised: q, Forces: true, Dynamic: dtype == checkpoint.Int8}))
		assert.Equal(t, want.Head, graph.Head)
		assert.Equal(t, want.Embedding, graph.Embedding)
		for _, opts := range []Options{{DType: checkpoint.Float32}, {Format: TorchScript}, {Format: ONNX}} {
			large, rounded := read(t, written(t, small, opts))
			for _, name := range large.Names() {
				tensor, _ := large.Tensor(name)
				assert.Equal(t, checkpoint.Float32, tensor.DType(), name)
			}
			for i, x := range rounded.Embedding {
				assert.Equal(t, float64(float32(want.Embedding[i])), x)
			}
		}
	}
}

// Names, order and the missing matrix; what was read stays as it was.
func TestClean(t *testing.T) {
	c := open(t, ultraTiny)
	var tensors []checkpoint.Named
	for _, name := range c.Names() {
		if tensor, _ := c.Tensor(name); name != "module.interactions.1.update.mixing_matrix" {
			tensors = append(tensors, checkpoint.Named{Name: name, Tensor: tensor})
		}
	}
	w := tensors[0].Tensor
	transposed := *w
	values, err := w.Float64s()
	require.NoError(t, err)
	columns := make([]float64, len(values))
	for i, x := range values {
		columns[i%w.Shape[1]*w.Shape[0]+i/w.Shape[1]] = x
	}
	transposed.Storage, transposed.Strides, transposed.Offset = checkpoint.FromFloat64s([]int{len(columns)}, columns).Storage, []int{1, w.Shape[0]}, 0
	tensors[0].Tensor = &transposed
	in := checkpoint.New(map[string]any{"epoch": int64(3), "config": c.Metadata["config"], "args": nil}, tensors...)

	s, err := Clean(in, Options{DType: checkpoint.Float32})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"names without module.",
		"1 tensors in row-major order",
		"1 tensors converted to float32",
		"added interactions.1.update.mixing_matrix, zeros: nothing uses it, but training code asks for it",
		`left out "args", "epoch"`,
	}, s.Changes)
	assert.Equal(t, map[string]any{"config": s.Found.Network.Config.Map(), "num_parameters": s.Found.Network.Parameters + 9}, s.Metadata)
	assert.Equal(t, strings.ReplaceAll(strings.Join(in.Names(), " "), "module.", "")+" interactions.1.update.mixing_matrix", strings.Join(s.Names(), " "))
	zeros, _ := s.Tensor("interactions.1.update.mixing_matrix")
	values, err = zeros.Float64s()
	require.NoError(t, err)
	assert.Equal(t, make([]float64, 9), values)
	got, _ := s.Tensor("embedding.weight")
	gotBytes, err := got.Bytes()
	require.NoError(t, err)
	wantBytes, err := w.Bytes()
	require.NoError(t, err)
	assert.Equal(t, wantBytes, gotBytes)
	assert.Len(t, in.Metadata, 3)
}

// What the architecture is, no metadata can change. (The verb convert's test has what Provenance says.)
func TestMetadata(t *testing.T) {
	c := open(t, ultraTiny)
	found, err := nn.Find(c, 0)
	require.NoError(t, err)
	text, err := Provenance(ultraTiny, c, found)
	require.NoError(t, err)
	assert.Equal(t, "inferred from rbf.centers", text["source_cutoff"])
	assert.Equal(t, "ultra_tiny.pt", text["source"])
	text["config"], text["about"] = "not this", "ours"
	got, n := read(t, written(t, c, Options{Format: Safetensors, Metadata: text}))
	assert.Equal(t, "ours", got.Metadata["about"])
	assert.Equal(t, text["source_sha256"], got.Metadata["source_sha256"])
	var config map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.Metadata["config"].(string)), &config))
	assert.Equal(t, float64(n.HiddenDim), config["hidden_dim"])
	assert.Equal(t, "not this", text["config"], "the caller's map stays as it is")
	_, err = Provenance("none.pt", c, found)
	assert.ErrorContains(t, err, "none.pt")
}

func TestErrors(t *testing.T) {
	c := open(t, ultraTiny)
	for says, opts := range map[string]*Options{
		"format xml: expected pt, safetensors, onnx or torchscript":                            {Format: "xml"},
		"forces: only an onnx graph has them as an output":                                     {Forces: true},
		"dtype float16: onnx computes in float32":                                              {Format: ONNX, DType: checkpoint.Float16},
		"dtype float64: torchscript computes in float32":                                       {Format: TorchScript, DType: checkpoint.Float64},
		"dtype float16: expected float32 or float64; smaller types are what quantising is for": {DType: checkpoint.Float16},
		"quantised: torchscript computes in float32":                                           {Format: TorchScript, Quantised: &quantise.Result{}},
		"quantised: expected no dtype beside it, found float64":                                {DType: checkpoint.Float64, Quantised: &quantise.Result{}},
		"dynamic: only an onnx graph with matrices in int8 can multiply integers":              {Format: ONNX, Dynamic: true},
		"metadata: only a safetensors file has it":                                             {Metadata: map[string]string{"a": "b"}},
		"cutoff is -1 Å, expected more than 0 and at most 100":                                 {Cutoff: -1},
	} {
		var file bytes.Buffer
		assert.EqualError(t, Write(&file, c, *opts), says)
		assert.Zero(t, file.Len())
	}
	assert.ErrorContains(t, Write(&bytes.Buffer{}, open(t, "../checkpoint/testdata/views.pt"), Options{}), "tensor embedding.weight is missing")
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{"a.pt": PyTorch, "b/a.pth": PyTorch, "a.b.safetensors": Safetensors, "a.onnx": ONNX, "a.ts": TorchScript, "a.torchscript": TorchScript} {
		got, ok := FormatOf(name)
		assert.True(t, ok, name)
		assert.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "pt", "a.bin", "onnx/a"} {
		_, ok := FormatOf(name)
		assert.False(t, ok, name)
	}
}

// The elements that a network was trained on go through every format.
func TestElements(t *testing.T) {
	c := checkpoint.New(map[string]any{nn.ElementsKey: []any{"O", int64(1)}}, open(t, ultraTiny).Tensors()...)
	for _, format := range Formats {
		got, n := read(t, written(t, c, Options{Format: format}))
		assert.Equal(t, []int{1, 8}, n.Elements, format)
		for _, next := range Formats {
			_, again := read(t, written(t, got, Options{Format: next}))
			assert.Equal(t, used(n), used(again), "%s to %s", format, next)
		}
	}
}
