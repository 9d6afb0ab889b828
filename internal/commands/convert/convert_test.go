package convert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/nn"
)

const testdata = "../../../testdata/"

// execute runs the verb.
func execute(args ...string) (stdout, stderr string, err error) {
	var out, errors bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(""), Out: &out, Err: &errors}, args)
	return out.String(), errors.String(), err
}

// convert is what the verb prints; it must not fail.
func convert(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, err := execute(args...)
	require.NoError(t, err)
	assert.Empty(t, stderr)
	return stdout
}

func network(t *testing.T, path string) (*checkpoint.Checkpoint, *nn.Network) {
	t.Helper()
	c, err := checkpoint.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	found, err := nn.Find(c, 0)
	require.NoError(t, err)
	plain := checkpoint.New(c.Metadata, found.Tensors...)
	return plain, found.Network
}

// Every flavour comes back as the same network, with the same tensors in the
// same order, and from either format through the other.
func TestRoundTrips(t *testing.T) {
	folder := t.TempDir()
	var flavours []string
	for _, pattern := range []string{testdata + "*.pt", "../../../../shared/models/*.pt"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, f := range files {
			if !strings.HasSuffix(f, "_traced.pt") || strings.Contains(f, "shared") {
				flavours = append(flavours, f)
			}
		}
	}
	require.GreaterOrEqual(t, len(flavours), 3)
	for i, flavour := range flavours {
		wantCheckpoint, want := network(t, flavour)
		last := fmt.Sprintf("interactions.%d.update.mixing_matrix", want.NumInteractions-1)
		wantNames := wantCheckpoint.Names()
		if !slices.Contains(wantNames, last) { // as traces leave it out
			wantNames = append(wantNames, last)
			want.Parameters += 9
		}
		pt, safe := filepath.Join(folder, "a.pt"), filepath.Join(folder, "a.safetensors")
		convert(t, "-force", flavour, pt)
		convert(t, "-force", pt, safe)
		graph, back := filepath.Join(folder, "a.onnx"), filepath.Join(folder, "back.pt")
		convert(t, "-force", "-forces", safe, graph)
		script := filepath.Join(folder, "a.ts")
		convert(t, "-force", graph, script)
		convert(t, "-force", script, back)
		for _, path := range []string{pt, safe, graph, script, back} {
			gotCheckpoint, got := network(t, path)
			after := path == graph || path == script || path == back // which nothing uses, and the graph left out
			expected, expectedNames := *want, wantNames
			if after {
				expected.Blocks = slices.Clone(want.Blocks)
				expected.Blocks[want.NumInteractions-1].Mixing = [3][3]float64{}
			}
			if path == graph {
				expected.Parameters -= 9
				expectedNames = slices.DeleteFunc(slices.Clone(wantNames), func(name string) bool { return name == last })
			}
			assert.Equal(t, &expected, got, "%s as %s", flavour, path)
			assert.ElementsMatch(t, expectedNames, gotCheckpoint.Names())
			for _, name := range wantCheckpoint.Names() {
				if after && name == last {
					continue
				}
				assert.Equal(t, content(t, wantCheckpoint, name), content(t, gotCheckpoint, name), "%s as %s: %s", flavour, path, name)
			}
		}
		ptCheckpoint, _ := network(t, pt)
		assert.Equal(t, wantNames, ptCheckpoint.Names(), flavours[i])
	}
}

// content is a tensor's type, shape and bytes.
func content(t *testing.T, c *checkpoint.Checkpoint, name string) []any {
	t.Helper()
	x, ok := c.Tensor(name)
	require.True(t, ok, name)
	bytes, err := x.Bytes()
	require.NoError(t, err)
	return []any{x.DType(), x.Shape, bytes}
}

func TestDeterministic(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.pt", "b.pt"} {
		convert(t, testdata+"ultra_tiny.pt", filepath.Join(folder, name))
	}
	a, err := os.ReadFile(filepath.Join(folder, "a.pt"))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(folder, "b.pt"))
	require.NoError(t, err)
	assert.Equal(t, a, b)
}

func TestReport(t *testing.T) {
	out := filepath.Join(t.TempDir(), "half.safetensors")
	text := convert(t, "-quantize", "float16", testdata+"tiny.pt", out)
	for _, line := range []string{
		"tiny.pt: PyTorch zip archive, 315773 bytes, 27 tensors of float32, embedding.weight to energy_head.4.bias, under \"model_state_dict\"\n",
		"network  hidden_dim 64, num_interactions 2, num_rbf 12, cutoff 5, max_z 100: 77203 parameters\ncutoff   5 Å, stated by config\n",
		"changed  names without model.\nchanged  11 matrices in float16, all else in float32: energy_head.4.weight among the matrices\nchanged  left out \"best_val_loss\", \"epoch\", ",
		"half.safetensors: safetensors, ",
		" bytes, 27 tensors of float16, float32, embedding.weight to energy_head.4.bias; read back: the same tensors, and energies that differ by up to ",
	} {
		assert.Contains(t, text, line)
	}
	c, _ := network(t, out)
	e, _ := c.Tensor("embedding.weight")
	assert.Equal(t, checkpoint.Float16, e.DType())
}

func TestReportInJSON(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a.onnx")
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(convert(t, "-json", "-o", out, testdata+"tiny.pt")), &got))
	size := func(path string) float64 {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return float64(info.Size())
	}
	file := func(path, format string, tensors float64) map[string]any {
		return map[string]any{"file": path, "format": format, "bytes": size(path), "tensors": tensors, "dtypes": []any{"float32"},
			"first": "embedding.weight", "last": "energy_head.4.bias"}
	}
	read := file(testdata+"tiny.pt", "PyTorch zip archive", 27)
	read["key"] = "model_state_dict"
	assert.Equal(t, read, got["read"])
	assert.Equal(t, file(out, "onnx", 26), got["wrote"])
	assert.Equal(t, map[string]any{"hidden_dim": 64., "num_interactions": 2., "num_rbf": 12., "cutoff": 5., "cutoff_from": "stated by config", "max_z": 100., "parameters": 77203.}, got["network"])
	assert.Contains(t, got["changes"], "names without model.")
	assert.Equal(t, 0., got["energy_difference"])

	got = nil
	text := convert(t, "-json", "-quantize", "bfloat16", out, filepath.Join(t.TempDir(), "a.pt"))
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	assert.Equal(t, []any{"11 matrices in bfloat16, all else in float32: energy_head.4.weight among the matrices"}, got["changes"])
	assert.Greater(t, got["energy_difference"], 0.)
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	folder := t.TempDir()
	err := Verb.Execute(ctx, cli.Std{Out: io.Discard, Err: io.Discard}, []string{testdata + "tiny.pt", filepath.Join(folder, "out.pt")})
	assert.ErrorIs(t, err, context.Canceled)
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, files)
}

// What is there stays as it is, after errors too, and nothing is left beside it.
func TestNeverLoses(t *testing.T) {
	folder := t.TempDir()
	out := filepath.Join(folder, "there.pt")
	require.NoError(t, os.WriteFile(out, []byte("precious"), 0o600))
	alias := filepath.Join(t.TempDir(), "alias.pt")
	require.NoError(t, os.Symlink(out, alias))
	bad := filepath.Join(t.TempDir(), "bad.xyz")
	require.NoError(t, os.WriteFile(bad, []byte("1\n\nH 0 0 0\n1\n\nEs 0 0 0\n1\n\nMd 0 0 0\n"), 0o600))
	for says, args := range map[string][]string{
		"there.pt is there already: -force overwrites it":                                  {testdata + "tiny.pt", out},
		"none.pt: no such file":                                                            {"-force", "none.pt", out},
		`key "ema": expected tensors under it`:                                             {"-force", "-key", "ema", testdata + "tiny.pt", out},
		"convert.go: expected a file of torch.save":                                        {"-force", "convert.go", out},
		"tensor embedding.weight is missing":                                               {"-force", "../../../checkpoint/testdata/views.pt", out},
		"1 files: expected IN and OUT; -h shows the usage":                                 {out},
		"2 files and -o: expected IN alone; -h shows the usage":                            {"-o", out, testdata + "tiny.pt", out},
		"-force stands after an input":                                                     {testdata + "tiny.pt", out, "-force"},
		"-: expected a file to write":                                                      {"-to", "pt", testdata + "tiny.pt", "-"},
		"there.pt is an input: expected another file for the output":                       {"-force", out, out},
		"alias.pt is an input: expected another file for the output":                       {"-force", "-o", alias, out},
		"x.bin: expected a name that ends in .pt, .pth, .safetensors, .onnx or .ts":        {testdata + "tiny.pt", "x.bin"},
		"-to xml: expected pt, safetensors, onnx or torchscript":                           {"-force", "-to", "xml", testdata + "tiny.pt", out},
		"-forces: only an onnx graph has them as an output":                                {"-force", "-forces", testdata + "tiny.pt", out},
		"-dtype float64: onnx computes in float32":                                         {"-force", "-to", "onnx", "-dtype", "float64", testdata + "tiny.pt", out},
		"-dtype float16: expected float32, float64; -quantize float16 makes weights small": {"-force", "-dtype", "float16", testdata + "tiny.pt", out},
		"-quantize int4: expected int8, float16, bfloat16":                                 {"-force", "-quantize", "int4", testdata + "tiny.pt", out},
		"-dtype: expected it without -quantize":                                            {"-force", "-quantize", "int8", "-dtype", "float32", testdata + "tiny.pt", out},
		"-quantize: torchscript computes in float32":                                       {"-force", "-quantize", "int8", "-to", "torchscript", testdata + "tiny.pt", out},
		"-calibrate: expected -quantize beside it":                                         {"-force", "-calibrate", testdata + "tiny.extxyz", testdata + "tiny.pt", out},
		"-dynamic: only an onnx graph of -quantize int8":                                   {"-force", "-quantize", "int8", "-dynamic", testdata + "tiny.pt", out},
		"none.xyz: no such file":                                                           {"-force", "-quantize", "int8", "-calibrate", "none.xyz", testdata + "tiny.pt", out},
		"bad.xyz: frame 2, line 7: atom 0 has atomic number 101":                           {"-force", "-quantize", "int8", "-calibrate", bad, testdata + "tiny.pt", out},
		"flag provided but not defined: -x":                                                {"-x", testdata + "tiny.pt", out},
	} {
		stdout, _, err := execute(args...)
		assert.ErrorContains(t, err, says)
		assert.Equal(t, 1, cli.Code(err))
		assert.Empty(t, stdout)
	}
	content, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(content))
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, files, 1)
}

// What a safetensors file says of itself: the architecture, and where it came from.
func TestProvenance(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a.safetensors")
	convert(t, testdata+"tiny.pt", out)
	c, n := network(t, out)
	file, err := os.ReadFile(testdata + "tiny.pt")
	require.NoError(t, err)
	for key, want := range map[string]string{"format": "pt", "num_parameters": "77203", "converted_by": "painless", "source": "tiny.pt",
		"source_format": "PyTorch zip archive", "source_key": "model_state_dict", "source_sha256": fmt.Sprintf("%x", sha256.Sum256(file))} {
		assert.Equal(t, want, c.Metadata[key], key)
	}
	var config map[string]any
	require.NoError(t, json.Unmarshal([]byte(c.Metadata["config"].(string)), &config))
	assert.Equal(t, float64(n.HiddenDim), config["hidden_dim"])
}

// Weights beside their average: the report says which were taken, and how to take the others.
func TestAverage(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "both.pt")
	c, n := network(t, testdata+"ultra_tiny.pt")
	average := map[string]any{}
	for _, name := range c.Names() {
		x, _ := c.Tensor(name)
		values, err := x.Float64s()
		require.NoError(t, err)
		if name == "embedding.weight" {
			for i := range values {
				values[i] *= 2
			}
		}
		average[name] = checkpoint.FromFloat64s(x.Shape, values)
	}
	c.Metadata["ema"] = average
	var file bytes.Buffer
	require.NoError(t, c.WritePyTorch(&file))
	require.NoError(t, os.WriteFile(in, file.Bytes(), 0o600))
	text, says, err := execute(in, filepath.Join(folder, "weights.pt"))
	require.NoError(t, err)
	assert.Contains(t, text, `under "model_state_dict"`)
	assert.Equal(t, "painless: "+in+": took the weights under \"model_state_dict\"; there are others: -key ema takes them\n", says)
	text, says, err = execute("-key", "ema", in, filepath.Join(folder, "average.pt"))
	require.NoError(t, err)
	assert.Contains(t, text, `under "ema"`)
	assert.Contains(t, says, "-key model_state_dict takes them")
	_, weights := network(t, filepath.Join(folder, "weights.pt"))
	_, averaged := network(t, filepath.Join(folder, "average.pt"))
	assert.Equal(t, n, weights)
	for i, x := range n.Embedding {
		require.Equal(t, 2*x, averaged.Embedding[i])
	}
}
