package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/nn"
)

const testdata = "../../testdata/"

// convert runs the command; it must not fail.
func convert(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(args, &stdout, &stderr))
	assert.Empty(t, stderr.String())
	return stdout.String()
}

func network(t *testing.T, path string) (*checkpoint.Checkpoint, *nn.Network) {
	t.Helper()
	c, err := checkpoint.Open(path)
	require.NoError(t, err)
	n, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	return c, n
}

// Every flavour comes back as the same network, with the same tensors in the
// same order, and from either format through the other.
func TestRoundTrips(t *testing.T) {
	folder := t.TempDir()
	var flavours []string
	for _, pattern := range []string{testdata + "*.pt", "../../../shared/models/*.pt"} {
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
			assert.Equal(t, want, got, "%s as %s", flavour, path)
			assert.ElementsMatch(t, wantCheckpoint.Names(), gotCheckpoint.Names())
		}
		ptCheckpoint, _ := network(t, pt)
		assert.Equal(t, wantCheckpoint.Names(), ptCheckpoint.Names(), flavours[i])
	}
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
	text := convert(t, "-dtype", "float16", testdata+"tiny.pt", out)
	assert.Contains(t, text, `tiny.pt: 27 tensors under "model_state_dict", names without model.`)
	assert.Contains(t, text, "network  hidden_dim 64, num_interactions 2, num_rbf 12, cutoff 5, max_z 100: 77203 parameters\n")
	assert.Contains(t, text, "rounded  27 tensors to float16: energies of benzene and water change by up to ")
	assert.Contains(t, text, "half.safetensors: safetensors, ")
	c, _ := network(t, out)
	e, _ := c.Tensor("embedding.weight")
	assert.Equal(t, checkpoint.Float16, e.DType())
}

// What is there stays as it is, after errors too, and nothing is left beside it.
func TestNeverLoses(t *testing.T) {
	folder := t.TempDir()
	out := filepath.Join(folder, "there.pt")
	require.NoError(t, os.WriteFile(out, []byte("precious"), 0o600))
	for says, args := range map[string][]string{
		"there.pt is there already: -force overwrites it":                           {testdata + "tiny.pt", out},
		"none.pt: no such file":                                                     {"-force", "none.pt", out},
		`expected tensors under "ema", found None`:                                  {"-force", "-key", "ema", testdata + "tiny.pt", out},
		"convert.go: expected a PyTorch zip archive":                                {"-force", "convert.go", out},
		"tensor embedding.weight is missing":                                        {"-force", "../../checkpoint/testdata/views.pt", out},
		"1 files: expected IN and OUT":                                              {out},
		"x.bin: expected a name that ends in .pt, .pth, .safetensors, .onnx or .ts": {testdata + "tiny.pt", "x.bin"},
		"-to xml: expected pt, safetensors, onnx or torchscript":                    {"-to", "xml", testdata + "tiny.pt", out},
		"-forces: only an onnx graph has them as an output":                         {"-forces", testdata + "tiny.pt", out},
		"-dtype float16: an onnx graph computes in float32":                         {"-to", "onnx", "-dtype", "float16", testdata + "tiny.pt", out},
		"-dtype int8: expected float32, float64, float16 or bfloat16":               {"-dtype", "int8", testdata + "tiny.pt", out},
		"flag provided but not defined: -x":                                         {"-x", testdata + "tiny.pt", out},
	} {
		assert.ErrorContains(t, run(args, &bytes.Buffer{}, &bytes.Buffer{}), says)
	}
	content, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(content))
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, files, 1)
}
