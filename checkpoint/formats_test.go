package checkpoint

import (
	"archive/zip"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The stream before PyTorch 1.6 holds what today's archive does.
func TestLegacy(t *testing.T) {
	legacy, err := Open("testdata/legacy.pt")
	require.NoError(t, err)
	zipped, err := Open("testdata/views.pt")
	require.NoError(t, err)
	assert.Equal(t, "PyTorch legacy stream", legacy.Format)
	assert.Equal(t, "PyTorch zip archive", zipped.Format)
	assert.Equal(t, "state_dict", legacy.Key)
	assert.Equal(t, map[string]any{"epoch": int64(4)}, legacy.Metadata)
	assert.Equal(t, zipped.Names(), legacy.Names())
	for _, name := range zipped.Names() {
		want, _ := zipped.Tensor(name)
		got, _ := legacy.Tensor(name)
		assert.Equal(t, want.Shape, got.Shape, name)
		assert.Equal(t, values(t, zipped, name), values(t, legacy, name), name)
	}
}

// legacyBytes is a stream of a value's pickle, of the keys' and of storages.
func legacyBytes(value, keys, storages string) string {
	return "\x80\x02" + legacyMagic + "\x80\x02M\xe9\x03." + "}." + value + "." + keys + "." + storages
}

// viewed is a state dict with one tensor of 2 elements of storage 0, which has
// 4, or of the view of it.
func viewed(view string) string {
	return "}Vw\nctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\x04" + view + "tQK\x00(K\x02t(K\x01tI00\n}tRs"
}

func TestLegacyStorages(t *testing.T) {
	four := le(4, 8) + floats(binary.LittleEndian)
	for view, want := range map[string][]float64{"": {1, 2}, "N": {1, 2}, "(Vpart\nK\x01K\x03t": {2, 3}} {
		c, err := readBytes([]byte(legacyBytes(viewed(view), "(lV0\na", four)))
		require.NoError(t, err)
		assert.Equal(t, want, values(t, c, "w"))
	}
	for says, file := range map[string]string{
		"protocol: expected 1001, found 1000":                           strings.Replace(legacyBytes(viewed(""), "(lV0\na", four), "M\xe9\x03", "M\xe8\x03", 1),
		"storage 0: expected 4 elements, found 5":                       legacyBytes(viewed(""), "(lV0\na", le(5, 8)+floats(binary.LittleEndian)+"more"),
		"storage 0: expected 16 bytes, found 15: the file is cut short": legacyBytes(viewed(""), "(lV0\na", four[:23]),
		"storage 0: expected its elements, found none":                  legacyBytes(viewed(""), "(l", ""),
		"expected each storage of the value once, found the text \"1\"": legacyBytes(viewed(""), "(lV0\naV1\na", four+four),
		"expected each storage of the value once, found the text \"0\"": legacyBytes(viewed(""), "(lV0\naV0\na", four+four),
		"keys of storages: expected a list, found None":                 legacyBytes(viewed(""), "N", four),
		"found 3 more bytes": legacyBytes(viewed(""), "(lV0\na", four+"abc"),
		"expected a view within its 4 elements, found the text \"p\", 2 and 3": legacyBytes(viewed("(Vp\nK\x02K\x03t"), "(lV0\na", four),
		"expected a view (key, offset, elements), found 7":                     legacyBytes(viewed("K\x07"), "(lV0\na", four),
		"expected to lie within its storage of 1 elements":                     legacyBytes(viewed("(Vp\nK\x01K\x01t"), "(lV0\na", four),
		"expected at most the 156 bytes of the file, found 1073741824":         strings.Replace(legacyBytes(viewed(""), "(lV0\na", four), "K\x04", "J\x00\x00\x00\x40", 1),
		"value, byte ": legacyBytes("cos\nsystem", "", ""),
	} {
		_, err := readBytes([]byte(file))
		assert.ErrorContains(t, err, says)
	}
}

// A TorchScript archive's tensors have their attributes' names; its code is not looked at.
func TestTorchScript(t *testing.T) {
	c, err := Open("testdata/torchscript.pt")
	require.NoError(t, err)
	assert.Equal(t, "TorchScript archive", c.Format)
	assert.ElementsMatch(t, []string{"centers", "inner.0.weight", "inner.0.bias", "inner.2.weight"}, c.Names())
	assert.Equal(t, []float64{0.5, 1.5}, values(t, c, "centers"))
	assert.Equal(t, []float64{1, 2}, values(t, c, "inner.0.weight"))
	assert.Equal(t, []float64{4}, values(t, c, "inner.2.weight"))
	assert.Equal(t, map[string]float64{"cutoff": 5}, c.Numbers)
	assert.Empty(t, c.Metadata)
}

// Modules that share modules, level upon level, would have more names than the
// file has bytes; modules that hold themselves, no end.
func TestTorchScriptBombs(t *testing.T) {
	for name, pickle := range map[string]string{
		"shared": "c__torch__\nM\n)R}Vt\nNsb" + strings.Repeat("q\x01c__torch__\nM\n)R}Va\nh\x01sVb\nh\x01sb", 40),
		"loop":   "c__torch__\nM\n)Rq\x01}Vself\nh\x01sb",
		"none":   "c__torch__\nM\n)R}Vx\nK\x01sb",
	} {
		_, err := readBytes(zipOf(t, item{"a/data.pkl", pickle + ".", zip.Store}, item{"a/constants.pkl", ").", zip.Store}))
		assert.ErrorContains(t, err, "TorchScript", name)
	}
}

func safetensorsFile(header, data string) string { return le(uint64(len(header)), 8) + header + data }

func TestSafetensors(t *testing.T) {
	file := []byte(safetensorsFile(`{"model.b":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},"__metadata__":{"format":"pt"},
		"model.a":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"model.none":{"dtype":"F16","shape":[0,3],"data_offsets":[16,16]}}   `,
		le(7, 8)+floats(binary.LittleEndian)[:8]))
	c, err := readBytes(file)
	require.NoError(t, err)
	for n := range file {
		_, err := readBytes(file[:n])
		require.Error(t, err, "the first %d of %d bytes", n, len(file))
	}
	assert.Equal(t, "safetensors", c.Format)
	assert.Equal(t, []string{"model.b", "model.a", "model.none"}, c.Names())
	assert.Equal(t, map[string]any{"format": "pt"}, c.Metadata)
	assert.Equal(t, []float64{1, 2}, values(t, c, "model.b"))
	assert.Equal(t, []float64{7}, values(t, c, "model.a"))
	assert.Empty(t, values(t, c, "model.none"))
	b, _ := c.Tensor("model.b")
	assert.Equal(t, []int{2, 1}, b.Shape)
}

func TestSafetensorsRefused(t *testing.T) {
	one := func(fields string) string { return `{"w":{` + fields + `}}` }
	for says, header := range map[string]string{
		`byte 1: expected a text in quotes, found "xxxxxxxxxx"`:                             "{" + strings.Repeat("x", 10),
		`tensor "w": type "Q4" is none that can be read`:                                    one(`"dtype":"Q4","shape":[1],"data_offsets":[0,8]`),
		`tensor "w": expected 4 bytes for shape [1] of float32, found 8`:                    one(`"dtype":"F32","shape":[1],"data_offsets":[0,8]`),
		"expected tensors of 9 bytes, found 8: the file is cut short":                       one(`"dtype":"U8","shape":[9],"data_offsets":[0,9]`),
		`tensor "w": expected data_offsets of a tensor, found [5 3]`:                        one(`"dtype":"U8","shape":[9],"data_offsets":[5,3]`),
		"expected no negative numbers, and fewer than 2³¹ elements":                         one(`"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,8]`),
		"shape [-1]: expected no negative numbers":                                          one(`"dtype":"U8","shape":[-1],"data_offsets":[0,8]`),
		`tensor "w": expected it to begin at byte 0`:                                        one(`"dtype":"U8","shape":[7],"data_offsets":[1,8]`),
		"expected the end of the file after tensors of 7 bytes, found 1 more":               one(`"dtype":"U8","shape":[7],"data_offsets":[0,7]`),
		`tensor "v": expected it to begin at byte 4, where the one before it ends, found 3`: `{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"v":{"dtype":"U8","shape":[5],"data_offsets":[3,8]}}`,
		`expected "w" once, found it twice`:                                                 `{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}`,
		`__metadata__: "a": byte 21: expected a text in quotes, found "1}}"`:                `{"__metadata__":{"a":1}}`,
		"expected a shape and two data_offsets, found [] and [0 8]":                         one(`"dtype":"F32","data_offsets":[0,8]`),
		"expected a shape and two data_offsets, found [2] and []":                           one(`"dtype":"F32","shape":[2]`),
		"expected a shape and two data_offsets, found [2] and [0 8 9]":                      one(`"dtype":"F32","shape":[2],"data_offsets":[0,8,9]`),
		`tensor "w": byte 5: expected an object, found "7}"`:                                `{"w":7}`,
		"expected the end of the header":                                                    one(`"dtype":"U8","shape":[8],"data_offsets":[0,8]`) + "x",
		`expected the fields dtype, shape and data_offsets, found "DTYPE"`:                  one(`"DTYPE":"U8","shape":[8],"data_offsets":[0,8]`),
		`expected the fields dtype, shape and data_offsets, found "device"`:                 one(`"dtype":"U8","shape":[8],"data_offsets":[0,8],"device":"cpu"`),
		"expected the field dtype once":                                                     one(`"dtype":"","dtype":"U8","shape":[8],"data_offsets":[0,8]`),
		"expected the field shape once":                                                     one(`"dtype":"U8","shape":[],"shape":[8],"data_offsets":[0,8]`),
		"expected the field data_offsets once":                                              one(`"dtype":"U8","shape":[8],"data_offsets":[0,8],"d\u0061ta_offsets":[0,8]`),
		`expected "__metadata__" once`:                                                      `{"__metadata__":{},"__metadata__":{}}`,
		`__metadata__: expected "a" once`:                                                   `{"__metadata__":{"a":"1","\u0061":"2"}}`,
		`expected "\\" once`:                                                                `{"\\":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\u005c":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}`,
		`byte 2: expected text in UTF-8, found "w\xff"`:                                     "{\"w\xff\":{}}",
		`byte 2: expected text in UTF-8, found "\n\xff"`:                                    "{\"\\n\xff\":{}}",
		`expected a character, found "\\ud800\":{}}"`:                                       `{"\ud800":{}}`,
		`expected a whole number, found "08]`:                                               one(`"dtype":"U8","shape":[08],"data_offsets":[0,8]`),
		`expected a whole number, found "8.0]`:                                              one(`"dtype":"U8","shape":[8.0],"data_offsets":[0,8]`),
		`expected a whole number, found "8e0]`:                                              one(`"dtype":"U8","shape":[8e0],"data_offsets":[0,8]`),
		`expected a whole number, found "-0]`:                                               one(`"dtype":"U8","shape":[-0],"data_offsets":[0,8]`),
		`expected a whole number, found "],`:                                                one(`"dtype":"U8","shape":[8,],"data_offsets":[0,8]`),
		"expected data_offsets of a tensor, found [0 9223372036854775807]":                  one(`"dtype":"U8","shape":[8],"data_offsets":[0,9223372036854775807]`),
		`expected a text in quotes, found "}}"`:                                             one(`"dtype":"U8","shape":[8],"data_offsets":[0,8]`)[:51] + ",}}",
		"expected at most 64 dimensions":                                                    one(`"dtype":"U8","shape":[` + strings.Repeat("1,", 64) + `8],"data_offsets":[0,8]`),
	} {
		_, err := readBytes([]byte(safetensorsFile(header, "12345678")))
		assert.ErrorContains(t, err, says)
	}
}

// The flavours of the trained students hold the same tensors, bit for bit.
func TestFlavours(t *testing.T) {
	const models = "../../shared/models/"
	if _, err := os.Stat(models); os.IsNotExist(err) {
		t.Skip("no development data beside the project; its own testdata is tested")
	}
	for flavour, plain := range map[string]string{
		"ultra_tiny_legacy": "ultra_tiny", "ultra_tiny_traced": "ultra_tiny", "tiny_traced": "tiny", "original_traced": "original", "original_training": "original",
	} {
		got, err := Open(models + flavour + ".pt")
		require.NoError(t, err)
		want, err := Open(models + plain + ".pt")
		require.NoError(t, err)
		wraps := strings.NewReplacer("module.", "", "model.", "")
		tensors := map[string]string{}
		for _, name := range got.Names() {
			tensors[wraps.Replace(name)] = name
		}
		for _, name := range want.Names() {
			name, plain := tensors[wraps.Replace(name)], name
			if name == "" && strings.HasSuffix(flavour, "_traced") && strings.HasSuffix(plain, "mixing_matrix") {
				continue // a trace drops the last one, which is not used
			}
			assert.Equal(t, values(t, want, plain), values(t, got, name), "%s: %s", flavour, plain)
		}
	}
}
