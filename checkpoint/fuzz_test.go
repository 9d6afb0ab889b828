package checkpoint

import (
	"archive/zip"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each parser is fuzzed from files of every variant; run one with
// -fuzzminimizetime 1x, or minimising inputs of kilobytes takes all the time.

// readAll reads a file and all its tensors, and those of its metadata's top level.
func readAll(t *testing.T, file []byte) {
	c, err := readBytes(file)
	if err == nil {
		readTensors(t, c)
	}
}

func readTensors(t *testing.T, c *Checkpoint) {
	for _, name := range c.Names() {
		tensor, ok := c.Tensor(name)
		require.True(t, ok)
		if v, err := tensor.Float64s(); err == nil {
			require.Len(t, v, tensor.Len())
		}
		if b, err := tensor.Bytes(); err == nil {
			require.Len(t, b, tensor.Len()*tensor.DType().Size())
		}
	}
	for _, s := range c.Others {
		_ = s.Names()
	}
	for _, v := range c.Metadata {
		if tensor, ok := v.(*Tensor); ok {
			_, _ = tensor.Bytes()
		}
	}
}

func fuzzFiles(f *testing.F, names ...string) {
	for _, name := range names {
		file, err := os.ReadFile("testdata/" + name + ".pt")
		require.NoError(f, err)
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) { readAll(t, file) })
}

func FuzzPickle(f *testing.F) {
	for _, name := range []string{"views", "types", "metadata", "training", "lightning", "protocol4", "no_state", "whole_modules", "numpy", "numpy_protocol5"} {
		file, err := os.ReadFile("testdata/" + name + ".pt")
		require.NoError(f, err)
		a, err := openArchive(inMemory(string(file)))
		require.NoError(f, err)
		pickle, err := a.read("data.pkl")
		require.NoError(f, err)
		f.Add([]byte(pickle))
	}
	for _, code := range []string{
		tensorOf("I0\n", "(I2\nI2\nt", "(I2\nI1\nt"),
		stateOf("module.w", "b") + "Vepoch\nK\x01s",
		"}Vmodel\n" + stateOf("w") + "s",
		"}(Va\nK\x01Vb\n](K\x01K\x02eu",
		"]" + bomb(3),
		"\x80\x04\x95" + le(9, 8) + "\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R",
		"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(Vf8\nI00\nI01\ntR(K\x03V<\ntbC\x08\x00\x00\x00\x00\x00\x00\xf8\x3ftR",
		"}Vw\n" + typed("uint16", 16, 8) + "s",
	} {
		f.Add([]byte(code + "."))
	}
	find := func(key string, dtype DType, elements int64, _ any) (*Storage, error) { // of 16 bytes, and any size that is said
		return &Storage{Key: key, DType: dtype, Data: make([]byte, 16)}, nil
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		allow := newAllowance(int64(len(code)))
		v, err := newMachine(string(code), storageIDs(find), allow).run()
		if err != nil {
			return
		}
		if c, err := fromPickle("", v, allow); err == nil {
			readTensors(t, c)
		}
		plain := newConverter(allow)
		_, _ = plain.convert(v, 0)
	})
}

// FuzzZip changes whole archives; its changes seldom pass the checksums of
// pickles, which FuzzPickle is for.
func FuzzZip(f *testing.F) {
	items := []item{{"a/data.pkl", stateOf("w") + ".", zip.Deflate}, {"a/data/0", floats(binary.BigEndian), zip.Deflate}, {"a/byteorder", "big", zip.Store}}
	f.Add(zipOf(f, items...))
	f.Add(zip64Of(items[:2]...))
	fuzzFiles(f, "views", "types", "metadata", "training", "lightning", "protocol4", "no_state")
}

func FuzzLegacy(f *testing.F) {
	f.Add([]byte(legacyBytes(viewed("(Vpart\nK\x01K\x03t"), "(lV0\na", le(4, 8)+floats(binary.LittleEndian))))
	f.Add([]byte(legacyBytes("}Vw\n"+typed("uint16", 16, 8)+"s", "(lV0\na", le(16, 8)+strings.Repeat("x", 16))))
	f.Add([]byte(legacyBytes(legacyModule, "(lV0\na", le(4, 8)+floats(binary.LittleEndian))))
	fuzzFiles(f, "legacy", "legacy_protocol1", "legacy_protocol4")
}

// FuzzTar changes the three files of an archive, whose headers' sums would
// hide them, and whole archives.
func FuzzTar(f *testing.F) {
	file, err := os.ReadFile("testdata/tar.pt")
	require.NoError(f, err)
	members, err := tarMembers(nil, string(file))
	require.NoError(f, err)
	f.Add([]byte(members["storages"].text), []byte(members["tensors"].text), []byte(members["pickle"].text), file)
	f.Fuzz(func(t *testing.T, storages, tensors, pickle, file []byte) {
		fixTarChecksums(file)
		readAll(t, file)
		src := inMemory(string(storages) + string(tensors) + string(pickle))
		tar := &tarFile{src: src, objects: map[int64]any{}, members: map[string]member{"storages": {0, string(storages)},
			"tensors": {int64(len(storages)), string(tensors)}, "pickle": {int64(len(storages) + len(tensors)), string(pickle)}}}
		if c, err := tar.checkpoint(); err == nil {
			readTensors(t, c)
		}
	})
}

// FuzzTorchScript changes the pickle of an archive of code.
func FuzzTorchScript(f *testing.F) {
	for _, name := range []string{"torchscript", "traced", "extra"} {
		file, err := os.ReadFile("testdata/" + name + ".pt")
		require.NoError(f, err)
		a, err := openArchive(inMemory(string(file)))
		require.NoError(f, err)
		pickle, err := a.read("data.pkl")
		require.NoError(f, err)
		f.Add([]byte(pickle))
	}
	f.Add([]byte("c__torch__\nM\n)R}Vt\nNsb" + strings.Repeat("q\x01c__torch__\nM\n)R}Va\nh\x01sVb\nh\x01sb", 4) + "."))
	f.Fuzz(func(t *testing.T, pickle []byte) {
		readAll(t, zipOf(t, item{"a/data.pkl", string(pickle), zip.Store}, item{"a/data/0", floats(binary.LittleEndian), zip.Store}, item{"a/constants.pkl", ").", zip.Store}))
	})
}

func FuzzSafetensors(f *testing.F) {
	for _, header := range []string{
		`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"a":"b"}}`,
		`{"model.b":{"dtype":"F16","shape":[2,1],"data_offsets":[4,8]},"a":{"dtype":"I32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"U16","shape":[0,3],"data_offsets":[8,8]}}   `,
	} {
		f.Add([]byte(header), []byte("12345678"))
	}
	f.Fuzz(func(t *testing.T, header, data []byte) {
		readAll(t, []byte(safetensorsFile(string(header), string(data))))
	})
}

func FuzzONNX(f *testing.F) {
	four := floats(binary.LittleEndian)
	f.Add([]byte(onnxFile(small(1, 2) + small(2, 1) + field(8, "w") + field(9, four[:8]))))
	f.Add([]byte(onnxFile(field(1, "\x04")+small(2, 1)+field(8, "module.packed")+field(4, four), small(2, 7)+field(8, "scalar")+field(9, le(9, 8)))))
	f.Add([]byte(onnxFile(small(1, 2)+small(2, 7)+field(8, "i")+field(7, "\x01\x02"), small(1, 1)+small(2, 11)+field(8, "d")+field(10, le(9, 8)))))
	f.Fuzz(func(t *testing.T, file []byte) { readAll(t, file) })
}
