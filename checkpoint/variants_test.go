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

// Whatever the protocol of its pickles, a file holds the same.
func TestProtocols(t *testing.T) {
	want := open(t, "testdata/views.pt")
	for _, name := range []string{"protocol4", "legacy", "legacy_protocol1", "legacy_protocol4"} {
		c := open(t, "testdata/"+name+".pt")
		assert.Equal(t, "state_dict", c.Key, name)
		assert.Equal(t, map[string]any{"epoch": int64(4)}, c.Metadata, name)
		require.Equal(t, want.Names(), c.Names(), name)
		for _, n := range want.Names() {
			assert.Equal(t, values(t, want, n), values(t, c, n), "%s: %s", name, n)
		}
	}
}

func TestTar(t *testing.T) {
	c := open(t, "testdata/tar.pt")
	assert.Equal(t, "PyTorch tar archive", c.Format)
	assert.Equal(t, "state_dict", c.Key)
	assert.Equal(t, map[string]any{"epoch": int64(4)}, c.Metadata)
	for name, want := range map[string][]float64{"plain": {0, 0.25, 0.5, 0.75, 1, 1.25}, "transposed": {0, 0.75, 0.25, 1, 0.5, 1.25},
		"whole_numbers": {7, 8}, "part": {0.75, 1.25}, "scalar": {1.25}} {
		assert.Equal(t, want, values(t, c, name), name)
	}
	plain, _ := c.Tensor("plain")
	transposed, _ := c.Tensor("transposed")
	assert.Same(t, plain.Storage, transposed.Storage)
}

func TestTarRefused(t *testing.T) {
	whole, err := os.ReadFile("testdata/tar.pt")
	require.NoError(t, err)
	for says, change := range map[string][2]string{
		"expected zeros after the last file":           {strings.Repeat("\x00", 2000), strings.Repeat("\x00", 1999) + "x"},
		"expected a persistent id of a tensor":         {"X\x02\x00\x00\x0010", "X\x02\x00\x00\x0099"},
		"expected a class such as torch.FloatStorage":  {"torch\nFloatStorage", "torch\nEvilsStorage"},
		"view: expected a part of a storage":           {"(K\x03K\x01K\x02K\x04t", "(K\x03K\x01K\x02K\x05t"},
		"expected a number that was not there before":  {"(K\x03K\x01K\x02K\x04t", "(K\x02K\x01K\x02K\x04t"},
		"storage 1: expected at most the 159 bytes":    {le(6, 8) + "\x00\x00\x00\x00\x00\x00\x80\x3e", le(1<<60, 8) + "\x00\x00\x00\x00\x00\x00\x80\x3e"},
		"tensor 10: expected at most 64 dimensions":    {"\x02\x00\x00\x00\x00\x00\x00\x00\x02\x00", "\xff\xff\xff\xff\x00\x00\x00\x00\x02\x00"},
		"lie within its storage of 6 elements":         {le(2, 8) + le(3, 8) + le(3, 8), le(2, 8) + le(4, 8) + le(3, 8)},
		"expected a file pickle, found [\"nickle\"":    {"pickle\x00", "nickle\x00"},
		"expected regular files, each once and within": {"sys_info", "../s_inf"},
		`within the folder, found "pickle"`:            {"sys_info\x00\x00", "pickle\x00\x00\x00\x00"},
		`within the folder, found "s\xff"`:             {"sys_info", "s\xff\x00\x00\x00\x00\x00\x00"},
	} {
		file := []byte(strings.Replace(string(whole), change[0], change[1], 1))
		require.NotEqual(t, whole, file, says)
		fixTarChecksums(file)
		_, err := readBytes(file)
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, "tar archive")
	}
}

// fixTarChecksums makes the headers' sums right again.
func fixTarChecksums(file []byte) {
	for at := 0; at+512 <= len(file); at += 512 {
		if h := file[at : at+512]; isTar(string(h)) {
			copy(h[148:156], "        ")
			sum := 0
			for _, b := range h {
				sum += int(b)
			}
			copy(h[148:156], []byte{byte('0' + sum>>15&7), byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
		}
	}
}

// A Lightning checkpoint: prefixes, parameters with attributes, an average
// beside the weights, and dicts in dicts that can be asked for.
func TestLightning(t *testing.T) {
	c := open(t, "testdata/lightning.pt")
	assert.Equal(t, "state_dict", c.Key)
	assert.Equal(t, []string{"ema", "callbacks.EMA.average"}, keys(c.Others))
	assert.Equal(t, []float64{1, 2}, values(t, c, "model.w"))
	assert.Equal(t, []float64{3}, values(t, c, "model.b"))
	assert.Equal(t, "2.0.0", c.Metadata["pytorch-lightning_version"])
	assert.Equal(t, "unknown.AttributeDict", c.Metadata["hyper_parameters"].(*Object).Class)

	average, err := OpenWith("testdata/lightning.pt", Options{Key: "ema"})
	require.NoError(t, err)
	assert.Equal(t, []string{"n_averaged", "module.weight", "module.bias"}, average.Names())
	assert.Equal(t, []string{"state_dict", "callbacks.EMA.average"}, keys(average.Others))
	assert.Equal(t, []float64{4}, values(t, average, "module.weight"))

	nested, err := OpenWith("testdata/lightning.pt", Options{Key: "callbacks.EMA.average"})
	require.NoError(t, err)
	assert.Equal(t, []float64{5}, values(t, nested, "w"))
	_, err = OpenWith("testdata/lightning.pt", Options{Key: "callbacks.EMA.none"})
	assert.ErrorContains(t, err, `key "callbacks.EMA.none": expected tensors under it`)
}

func TestTraced(t *testing.T) {
	c := open(t, "testdata/traced.pt")
	assert.Equal(t, "TorchScript archive", c.Format)
	assert.Equal(t, []float64{0.5, 1.5}, values(t, c, "centers"))
	assert.Equal(t, []float64{1, 2}, values(t, c, "inner.0.weight"))
}

// typed is what PyTorch has written since 2.3 for the types of no storage class.
func typed(dtype string, bytes, elements int) string {
	return "ctorch._utils\n_rebuild_tensor_v3\n((Vstorage\nctorch.storage\nUntypedStorage\nV0\nVcpu\nI" + le10(bytes) + "tQI0\n(I" + le10(elements) + "t(I1\ntI00\nccollections\nOrderedDict\n)Rctorch\n" + dtype + "\ntR"
}

func le10(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) + "\n" }

func TestTypedTensors(t *testing.T) {
	data := string([]byte{1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255})
	for dtype, want := range map[string][]float64{"uint16": {1, 0, 0, 0, 65535, 65535, 65535, 65535}, "uint32": {1, 0, 1<<32 - 1, 1<<32 - 1}, "uint64": {1, 1 << 64}} {
		pickle := "}Vw\n" + typed(dtype, 16, len(want)) + "sVagain\n" + typed(dtype, 16, len(want)) + "s."
		for name, file := range map[string][]byte{
			"zip":    zipOf(t, item{"a/data.pkl", pickle, zip.Store}, item{"a/data/0", data, zip.Store}),
			"legacy": []byte(legacyBytes(strings.TrimSuffix(pickle, "."), "(lV0\na", le(16, 8)+data)),
		} {
			c, err := readBytes(file)
			require.NoError(t, err, name)
			assert.Equal(t, want, values(t, c, "w"), "%s %s", name, dtype)
			w, _ := c.Tensor("w")
			again, _ := c.Tensor("again")
			assert.Equal(t, dtype, w.DType().String())
			assert.Same(t, w.Storage, again.Storage)
		}
	}
	for says, code := range map[string]string{
		"expected a storage and a dtype such as torch.uint16, found a storage and the name torch.float4": typed("float4", 16, 1),
		"expected a multiple of 8 bytes for uint64, found 15":                                            typed("uint64", 15, 1),
		"expected to lie within its storage of 2 elements":                                               typed("uint64", 16, 3),
	} {
		size := 16
		if strings.Contains(code, "15") {
			size = 15
		}
		_, err := readBytes(zipOf(t, item{"a/data.pkl", "}Vw\n" + code + "s.", zip.Store}, item{"a/data/0", data[:size], zip.Store}))
		assert.ErrorContains(t, err, says)
	}
}

// NumPy 2 and Python 3.13 have other names for what they pickled before.
func TestNewNames(t *testing.T) {
	pickle := stateOf("w") + "Vnumber\ncnumpy._core.multiarray\nscalar\n(cnumpy\ndtype\n(Vi2\nI00\nI01\ntR(K\x03V>\ntbC\x02\xff\xfetRs" +
		"Varray\ncnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR(K\x01(K\x02tcnumpy\ndtype\n(Vu1\nI00\nI01\ntR\x89C\x02\x07\x08tbs" +
		"Vpath\ncpathlib._local\nPosixPath\n(V/\nVdata\ntRs"
	c, err := checkpointOf(t, pickle)
	require.NoError(t, err)
	assert.Equal(t, int64(-2), c.Metadata["number"])
	assert.Equal(t, "/data", c.Metadata["path"])
	assert.Equal(t, []float64{7, 8}, values(t, c, "array"))
}

// Many views of one storage would make much of a small file.
func TestViewsStayBounded(t *testing.T) {
	large := FromFloat64s([]int{1 << 15}, make([]float64, 1<<15))
	var views []Named
	for i := range 5 {
		views = append(views, Named{strings.Repeat("v", i+1), large})
	}
	assert.ErrorContains(t, New(nil, views...).take(""), "tensor \"vvvvv\": expected tensors of at most 4 times the elements of their storages in all")
	assert.NoError(t, New(nil, views[:4]...).take(""))
	c := New(nil, views[:4]...)
	c.Others = []*State{New(nil, views...).State, New(nil, views[0]).State}
	require.NoError(t, c.take(""))
	assert.Len(t, c.Others, 1)
}

// Big-endian or not, complex numbers' halves are in order.
func TestBigEndianBytes(t *testing.T) {
	for dtype, want := range map[DType]string{Complex64: "\x04\x03\x02\x01\x08\x07\x06\x05", Float32: "\x04\x03\x02\x01\x08\x07\x06\x05", Int64: "\x08\x07\x06\x05\x04\x03\x02\x01"} {
		s := &Storage{DType: dtype, BigEndian: true, Data: binary.BigEndian.AppendUint64(nil, 0x0102030405060708)}
		got, err := contiguous([]int{s.Len()}, s).Bytes()
		require.NoError(t, err)
		assert.Equal(t, want, string(got), dtype)
	}
}
