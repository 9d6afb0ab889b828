package checkpoint

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

// written is a checkpoint's bytes in both formats; the same bytes every time.
func written(t *testing.T, c *Checkpoint) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, write := range map[string]func(io.Writer) error{
		"pt":          c.WritePyTorch,
		"safetensors": func(w io.Writer) error { return c.WriteSafetensors(w, map[string]string{"format": "pt"}) },
	} {
		var first, second bytes.Buffer
		require.NoError(t, write(&first))
		require.NoError(t, write(&second))
		assert.Equal(t, first.Bytes(), second.Bytes(), name)
		files[name] = first.Bytes()
	}
	return files
}

// Views, transposed and repeated ones too, and every type come back as they were.
func TestWriteAndRead(t *testing.T) {
	for _, name := range []string{"views", "types", "legacy", "torchscript"} {
		c, err := Open("testdata/" + name + ".pt")
		require.NoError(t, err)
		if name == "types" { // safetensors has no complex numbers
			var some []Named
			for _, n := range c.Names() {
				if x, _ := c.Tensor(n); x.DType() != Complex64 && x.DType() != Complex128 {
					some = append(some, Named{n, x})
				}
			}
			assert.ErrorContains(t, c.WriteSafetensors(io.Discard, nil), "safetensors has no type complex")
			c = New(nil, some...)
		}
		for format, file := range written(t, c) {
			back, err := readBytes(file)
			require.NoError(t, err, format)
			assert.ElementsMatch(t, c.Names(), back.Names())
			for _, n := range c.Names() {
				want, _ := c.Tensor(n)
				got, _ := back.Tensor(n)
				assert.Equal(t, want.Shape, got.Shape, n)
				assert.Equal(t, want.DType(), got.DType(), n)
				wantBytes, err := want.Bytes()
				require.NoError(t, err)
				gotBytes, err := got.Bytes()
				require.NoError(t, err)
				assert.Equal(t, wantBytes, gotBytes, "%s: %s", format, n)
			}
		}
	}
}

func TestWriteMetadata(t *testing.T) {
	metadata := map[string]any{"config": map[string]any{"hidden_dim": int64(32), "cutoff": 5.5, "name": "Å", "deep": map[string]any{"a": nil}},
		"epochs": []any{int64(1) << 40, int64(-3), true, false}}
	c := New(metadata, Named{"w", FromFloat64s([]int{2}, []float64{1, 2})})
	back, err := readBytes(written(t, c)["pt"])
	require.NoError(t, err)
	config := back.Metadata["config"].(map[string]any)
	cutoff, err := config["cutoff"].(*Tensor).Float64s()
	require.NoError(t, err)
	assert.Equal(t, []float64{5.5}, cutoff)
	config["cutoff"] = 5.5
	assert.Equal(t, metadata, back.Metadata)
	assert.Equal(t, "model_state_dict", back.Key)
	c.Metadata["what"] = struct{}{}
	assert.EqualError(t, c.WritePyTorch(io.Discard), "metadata what: expected a plain value to write, found struct {}")
}

// Contents are stored as they are, at multiples of 64 bytes, so that they can be mapped.
func TestWriteAligns(t *testing.T) {
	c, err := Open("testdata/views.pt")
	require.NoError(t, err)
	file := written(t, c)["pt"]
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	for _, f := range z.File {
		offset, err := f.DataOffset()
		require.NoError(t, err)
		assert.Zero(t, offset%alignment, f.Name)
		assert.Equal(t, zip.Store, f.Method)
	}
}

func TestConvert(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for to, cases := range map[DType][][2]float64{
		Float16:  {{1, 1}, {1 + 0x1p-11, 1}, {1 + 3*0x1p-11, 1 + 0x1p-9}, {65504, 65504}, {65519, 65504}, {0x1p-24, 0x1p-24}, {0x1p-25, 0}, {3 * 0x1p-25, 0x1p-23}, {-0.1, -0.0999755859375}, {inf, inf}, {nan, nan}},
		BFloat16: {{1, 1}, {1 + 0x1p-8, 1}, {1 + 3*0x1p-8, 1 + 0x1p-6}, {-3e38, -0x1.c4p127}, {0x1p-133, 0x1p-133}, {-inf, -inf}, {nan, nan}},
		Float32:  {{0.1, float64(float32(0.1))}, {1 + 0x1p-24, 1}, {0x1p-149, 0x1p-149}, {-inf, -inf}},
		Float64:  {{0.1, 0.1}, {5e-324, 5e-324}, {math.MaxFloat64, math.MaxFloat64}},
	} {
		for _, c := range cases {
			converted, err := FromFloat64s([]int{1}, c[:1]).Convert(to)
			require.NoError(t, err)
			assert.Equal(t, to, converted.DType())
			got, err := converted.Float64s()
			require.NoError(t, err)
			if math.IsNaN(c[1]) {
				assert.True(t, math.IsNaN(got[0]), "%s %v", to, c[0])
				continue
			}
			assert.Equal(t, c[1], got[0], "%s %v", to, c[0])
		}
	}
	_, err := FromFloat64s([]int{2}, []float64{1, 65520}).Convert(Float16)
	assert.EqualError(t, err, "element 1 is 65520: float16 goes up to 65504")
	_, err = FromFloat64s([]int{1}, []float64{1}).Convert(Int8)
	assert.EqualError(t, err, "int8: expected a floating-point type to convert to")
}

// Any float64 that float32 holds goes through every half and back.
func TestConvertAllHalves(t *testing.T) {
	for bits := range 1 << 16 {
		x := halfToFloat(uint16(bits))
		if math.IsNaN(x) {
			continue
		}
		assert.Equal(t, uint16(bits), floatToHalf(x))
		assert.Equal(t, x, formats[Float16].round(x))
	}
}

func TestKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ema.pt")
	pickle := "}Vmodel\n" + stateOf("w") + "sVema\n" + stateOf("v") + "s."
	require.NoError(t, os.WriteFile(file, zipOf(t, item{"a/data.pkl", pickle, zip.Store}, item{"a/data/0", string(le(0, 16)), zip.Store}), 0o600))
	c, err := OpenWith(file, Options{Key: "ema"})
	require.NoError(t, err)
	assert.Equal(t, "ema", c.Key)
	assert.Equal(t, []string{"v"}, c.Names())
	c, err = Open(file)
	require.NoError(t, err)
	assert.Equal(t, "model", c.Key)
	assert.Equal(t, []string{"ema"}, keys(c.Others))
	_, err = OpenWith(file, Options{Key: "none"})
	assert.ErrorContains(t, err, `key "none": expected tensors under it, or names of them that begin with it, found "model" ("w"), "ema" ("v")`)
	_, err = OpenWith("testdata/torchscript.pt", Options{Key: "ema"})
	assert.ErrorContains(t, err, `key "ema": expected tensors under it, or names of them that begin with it, found "centers", "inner.0.weight", "inner.0.bias", "inner.2.weight"`)
}

// PyTorch opens what is written, and finds in it what it wrote itself.
func TestTorchReads(t *testing.T) {
	const script = `
import sys, torch
ours, theirs = torch.load(sys.argv[1], weights_only=True), torch.load(sys.argv[2])
state = ours["model_state_dict"]
assert ours["config"] == {"cutoff": 5.0, "hidden_dim": 32, "width": 0.25}, ours["config"]
assert list(state) == list(theirs), (list(state), list(theirs))
for name, t in theirs.items():
    assert state[name].is_contiguous() and state[name].dtype == t.dtype and torch.equal(state[name], t), name
print(len(state))
`
	c, err := Open("testdata/views.pt")
	require.NoError(t, err)
	c.Metadata = map[string]any{"config": map[string]any{"hidden_dim": int64(32), "cutoff": 5.0, "width": 0.25}}
	file := filepath.Join(t.TempDir(), "ours.pt")
	require.NoError(t, os.WriteFile(file, written(t, c)["pt"], 0o600))
	output, err := peertest.Torch(t, "-c", script, file, "testdata/views.pt").CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Equal(t, "8\n", string(output))
}
