package commands

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every verb reads students in int8, on the CPU and on a GPU's kernels, and finds what it
// finds with the weights that they stand for.
func TestQuantisedInEveryVerb(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	require.NoError(t, os.WriteFile(path("water.xyz"), []byte(water), 0o600))
	execute(t, "convert", "-quantize", "int8", "-calibrate", path("water.xyz"), "../../testdata/ultra_tiny.pt", path("small.safetensors"))
	execute(t, "convert", "-dtype", "float32", path("small.safetensors"), path("large.pt"))
	for _, ending := range []string{"pt", "onnx"} {
		execute(t, "convert", "-quantize", "int8", path("small.safetensors"), path("small."+ending))
	}
	for _, device := range []string{"cpu", "emulator"} {
		want, _ := execute(t, "predict", "-json", "-device", device, "-model", path("large.pt"), path("water.xyz"))
		for _, small := range []string{"small.safetensors", "small.pt", "small.onnx"} {
			got, _ := execute(t, "predict", "-json", "-device", device, "-model", path(small), path("water.xyz"))
			assert.Equal(t, energy(t, want), energy(t, got), small)
		}
	}
	small := path("small.safetensors")
	for _, verb := range [][]string{
		{"validate", "-model", small, path("water.xyz")},
		{"bench", "-model", small, "-rounds", "1", "-calls", "1", "-warmup", "1", "-batch", "1"},
		{"relax", "-model", small, "-steps", "2000", "-fmax", "100", "-o", path("relaxed.xyz"), path("water.xyz")},
		{"md", "-model", small, "-temperature", "1", "-steps", "2", path("water.xyz")},
		{"label", "-teacher", small, "-o", path("labels.xyz"), path("water.xyz")},
	} {
		execute(t, verb...)
	}
	stdout, _ := execute(t, "inspect", small)
	assert.Regexp(t, `int8 +\[96×32\].* interactions\.0\.message\.rbf_to_scalar\.2\.weight\n`, stdout)
	assert.Regexp(t, `float32 +\[96\].* interactions\.0\.message\.rbf_to_scalar\.2\.weight_scale\n`, stdout)
}
