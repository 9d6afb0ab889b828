package checkpoint

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What torch.save(model) wrote is the tensors of the model's state dict, and its
// numbers; nothing of its classes is looked for.
func TestWholeModules(t *testing.T) {
	names := []string{"centers", "inner.0.weight", "inner.0.bias", "inner.2.weight", "shared.weight", "shared.bias"}
	c := open(t, "testdata/whole_module.pt")
	assert.Empty(t, c.Key)
	assert.Empty(t, c.Others)
	assert.Equal(t, names, c.Names())
	assert.Equal(t, []float64{0.5, 1.5}, values(t, c, "centers"))
	assert.Equal(t, []float64{1, 2}, values(t, c, "shared.weight"))
	assert.Equal(t, []float64{4}, values(t, c, "inner.2.weight"))
	assert.Equal(t, 5.0, c.Numbers["cutoff"])
	assert.Equal(t, 2.0, c.Numbers["inner.0.in_features"])
	assert.Equal(t, map[string]any{"training": true, "cutoff": 5.0, "note": "kept", "steps": int64(7)}, c.Metadata)

	c = open(t, "testdata/whole_modules.pt")
	assert.Equal(t, "net", c.Key)
	assert.Equal(t, []string{"ema"}, keys(c.Others))
	assert.Equal(t, names, c.Others[0].Names())
	for i, name := range c.Names() {
		assert.Equal(t, "module."+names[i], name)
		t1, _ := c.Tensor(name)
		t2, _ := c.Others[0].Tensor(names[i])
		assert.Same(t, t1, t2)
	}
	assert.Equal(t, 5.0, c.Numbers["module.cutoff"])
	assert.Equal(t, map[string]any{"epoch": int64(2)}, c.Metadata)
}

// legacyModule is a module in a stream, which has its class and the source of
// that in a persistent id.
const legacyModule = "(Vmodule\ncnet\nNet\nVnet.py\nVclass Net: pass\ntQ)R}V_parameters\n}Vw\nctorch._utils\n_rebuild_tensor_v2\n" +
	"((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\x04NtQK\x00(K\x02t(K\x01tI00\n}tRssV_modules\n}sVcutoff\nF5.0\nsb"

func TestWholeModuleInStream(t *testing.T) {
	four := le(4, 8) + floats(binary.LittleEndian)
	c, err := readBytes([]byte(legacyBytes(legacyModule, "(lV0\na", four)))
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 2}, values(t, c, "w"))
	assert.Equal(t, map[string]float64{"cutoff": 5}, c.Numbers)
	_, err = readBytes([]byte(legacyBytes(strings.Replace(legacyModule, "cnet\nNet\n", "K\x01", 1), "(lV0\na", four)))
	assert.ErrorContains(t, err, `expected a persistent id ("storage", class, key, device, elements), found a tuple`)
}

// NumPy's arrays are tensors where they stand for them.
func TestNumPyStateDict(t *testing.T) {
	want := open(t, "testdata/views.pt")
	for _, name := range []string{"numpy", "numpy_protocol5"} {
		c := open(t, "testdata/"+name+".pt")
		assert.Equal(t, []string{"plain", "transposed", "row", "column", "scalar", "expanded"}, c.Names(), name)
		for _, n := range c.Names() {
			got, _ := c.Tensor(n)
			tensor, _ := want.Tensor(n)
			assert.Equal(t, tensor.Shape, got.Shape, "%s: %s", name, n)
			assert.Equal(t, values(t, want, n), values(t, c, n), "%s: %s", name, n)
		}
	}
	newNames := strings.ReplaceAll("}Vw\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR(K\x01(K\x02tcnumpy\ndtype\n(Vu1\nI00\nI01\ntR\x89C\x02\x07\x08tbs", "core", "_core")
	c, err := checkpointOf(t, newNames)
	require.NoError(t, err, "NumPy 2")
	assert.Equal(t, []float64{7, 8}, values(t, c, "w"))
}

// Extra files are metadata where they are short text.
func TestExtraFiles(t *testing.T) {
	c := open(t, "testdata/extra.pt")
	assert.Equal(t, map[string]any{"config": `{"cutoff": 5.0}`, "r_max": "5.0"}, c.Metadata)
	assert.Equal(t, map[string]float64{"cutoff": 5}, c.Numbers)
}

// module is a pickled module of one group of entries.
func module(group, entries string) string {
	return "cnet\nM\n)R}V_parameters\n}sV_buffers\n}sV_modules\n}sV" + group + "\n" + entries + "sb"
}

// Modules that share modules, level upon level, would have more names than the
// file has bytes; modules that hold themselves, no end.
func TestModuleBombs(t *testing.T) {
	for name, c := range map[string]struct{ pickle, says string }{
		"shared": {module("_parameters", stateOf("w")) + "q\x01" + strings.Repeat("0"+module("_modules", "}Va\nh\x01sVb\nh\x01s")+"q\x01", 40), "modules: expected at most "},
		"loop":   {"cnet\nM\n)Rq\x01}V_modules\n}Vself\nh\x01ssb", "modules: expected at most "},
		"none":   {module("_modules", "}"), "no state dict: expected tensors"},
	} {
		_, err := checkpointOf(t, c.pickle)
		assert.ErrorContains(t, err, c.says, name)
	}
	beside, err := checkpointOf(t, "}Vmodel\n"+stateOf("w")+"sVbomb\n"+module("_parameters", stateOf("w"))+"q\x01"+strings.Repeat("0"+module("_modules", "}Va\nh\x01sVb\nh\x01s")+"q\x01", 40)+"s")
	require.NoError(t, err, "what is too much beside the weights is no state")
	assert.Equal(t, []string{"w"}, beside.Names())
	assert.Empty(t, beside.Others)
	twice, err := checkpointOf(t, module("_modules", "}Va\n"+module("_parameters", stateOf("w"))+"q\x01sVb\nh\x01s"))
	require.NoError(t, err)
	assert.Equal(t, []string{"a.w", "b.w"}, twice.Names())
}

// A dict in a dict, many levels or many times, is looked into once.
func TestFindingStaysBounded(t *testing.T) {
	pickle := "}Vend\n" + stateOf("w") + "sq\x01" + strings.Repeat("0}Va\nh\x01sVb\nh\x01sq\x01", 60)
	c, err := checkpointOf(t, pickle)
	require.NoError(t, err)
	assert.Equal(t, []string{"w"}, c.Names())
	assert.Empty(t, c.Others)

	var many strings.Builder
	for i := range 2 * maxStates {
		fmt.Fprintf(&many, "Vs%d\n%ss", i, stateOf("w"))
	}
	c, err = checkpointOf(t, "}"+many.String())
	require.NoError(t, err)
	assert.Len(t, c.Others, maxStates-1)

	far := strings.Repeat("Vlonger_than_any_key\n}", 20) + "Vend\n" + stateOf("w") + "s" + strings.Repeat("s", 20)
	_, err = checkpointOf(t, "}"+far)
	assert.ErrorContains(t, err, "no state dict")
}

// What people have in the place of a checkpoint is called by its name.
func TestMistaken(t *testing.T) {
	for content, says := range map[string]string{
		"version https://git-lfs.github.com/spec/v1\noid sha256:0d71028bf8b6acc\nsize 315453\n": "found a Git LFS pointer, which stands for the file: git lfs pull fetches the file itself",
		"\n<!DOCTYPE html>\n<html>":    "found a web page: the download failed",
		"\xef\xbb\xbf<html lang=en>":   "found a web page",
		"<?xml version='1.0'?><Error>": "found a web page",
		"\x1f\x8b\x08\x00":             "found a gzip file: unpack it",
		"\x80\x04\x95\x10\x00\x00":     "found a bare pickle",
		"Entry not found":              `found one that begins with "Entry not found"`,
		"\x89HDF\r\n\x1a\n":            "found an HDF5 file",
	} {
		path := filepath.Join(t.TempDir(), "m.pt")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := Open(path)
		assert.ErrorContains(t, err, "m.pt: expected a file of torch.save, torch.jit.save, safetensors or ONNX, "+says)
	}
	_, err := readBytes(zipOf(t, item{"a/notes.txt", "<html>", zip.Store}))
	assert.ErrorContains(t, err, "this is no PyTorch checkpoint")
}
