package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rawZip is an archive whose local headers have all that the directory has.
func rawZip(t *testing.T, extra string, items ...item) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, i := range items {
		f, err := w.CreateRaw(&zip.FileHeader{Name: i.name, Extra: []byte(extra), CRC32: crc32.ChecksumIEEE([]byte(i.content)),
			CompressedSize64: uint64(len(i.content)), UncompressedSize64: uint64(len(i.content))})
		require.NoError(t, err)
		_, err = f.Write([]byte(i.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return file.Bytes()
}

// An archive has one meaning, whoever reads it: what the directory says of an entry
// and what its local header says are the same, and each is of one entry.
func TestDirectoryRefused(t *testing.T) {
	items := []item{{"a/data.pkl", stateOf("w") + ".", 0}, {"a/data/0", floats(binary.LittleEndian), 0}}
	whole := rawZip(t, "", items...)
	_, err := readBytes(whole)
	require.NoError(t, err)
	local, central := bytes.Index(whole, []byte("a/data/0"))-localHeader, bytes.LastIndex(whole, []byte("a/data/0"))-directoryHeader
	end := len(whole) - directoryEnd
	const contradiction = "entry a/data/0: expected its local header to say what the directory says, found a contradiction"
	type change struct {
		at int
		to string
	}
	for name, c := range map[string]struct {
		says    string
		changes []change
	}{
		"local signature":             {contradiction, []change{{local, "PK\x03\x05"}}},
		"local name":                  {contradiction, []change{{local + localHeader, "b"}}},
		"local name of another case":  {contradiction, []change{{local + localHeader, "A"}}},
		"local length of the name":    {contradiction, []change{{local + 26, "\x07"}}},
		"local flags":                 {contradiction, []change{{local + 6, "\x01"}}},
		"local method":                {contradiction, []change{{local + 8, "\x08"}}},
		"local checksum":              {contradiction, []change{{local + 14, "\x00"}}},
		"local size":                  {contradiction, []change{{local + 18, "\x0f"}}},
		"local size before deflating": {contradiction, []change{{local + 22, "\x0f"}}},
		"local sizes of 0":            {contradiction, []change{{local + 18, "\x00\x00\x00\x00\x00\x00\x00\x00"}}},
		"encrypted":                   {"a/data/0: expected a plain entry, found an encrypted one", []change{{central + 8, "\x01"}, {local + 6, "\x01"}}},
		"strongly encrypted":          {"a/data/0: expected a plain entry, found an encrypted one", []change{{central + 8, "\x41"}}},
		"masked":                      {"a/data/0: expected a plain entry, found an encrypted one", []change{{central + 9, "\x20"}}},
		"patched":                     {"expected a stored or deflated entry, found method 0 with flags 0x20, on disk 0", []change{{central + 8, "\x20"}}},
		"bzip2":                       {"expected a stored or deflated entry, found method 12", []change{{central + 10, "\x0c"}, {local + 8, "\x0c"}}},
		"AES":                         {"expected a stored or deflated entry, found method 99", []change{{central + 10, "\x63"}, {local + 8, "\x63"}}},
		"another disk":                {"on disk 1", []change{{central + 34, "\x01"}}},
		"a stored entry that shrank":  {"a/data/0: expected 17 bytes as they are, found 16", []change{{central + 24, "\x11"}}},
		"beyond the directory":        {"a/data/0: expected 60000 bytes before the directory, found fewer", []change{{central + 20, le(60000, 4) + le(60000, 4)}}},
		"the other's header":          {`over the same bytes`, []change{{central + 42, le(0, 4)}}},
		"no header":                   {contradiction, []change{{central + 42, le(uint64(local+1), 4)}}},
		"name not in UTF-8":           {`expected a name in UTF-8, found "\xff/data/0"`, []change{{central + directoryHeader, "\xff"}, {local + localHeader, "\xff"}}},
		"name with a zero":            {`expected names of entries within the archive, found "a\x00data/0"`, []change{{central + directoryHeader, "a\x00"}, {local + localHeader, "a\x00"}}},
		"name with a backslash":       {`expected names of entries within the archive, found "a\\data/0"`, []change{{central + directoryHeader, "a\\"}, {local + localHeader, "a\\"}}},
		"no entry":                    {"directory, entry 1: expected its header", []change{{central, "PK\x01\x03"}}},
		"more entries than there are": {"expected a directory of one file", []change{{end + 8, "\x03\x00\x03"}}},
		"fewer entries":               {"directory: expected 1 entries, found 54 more bytes", []change{{end + 8, "\x01\x00\x01"}}},
		"entries on other disks":      {"expected a directory of one file", []change{{end + 10, "\x03"}}},
		"a directory elsewhere":       {"expected a directory of one file", []change{{end + 16, "\x01"}}},
		"a comment that is not there": {"the file is cut short", []change{{end + 20, "\xff"}}},
	} {
		file := bytes.Clone(whole)
		for _, change := range c.changes {
			copy(file[change.at:], change.to)
		}
		_, err := readBytes(file)
		assert.ErrorContains(t, err, "zip archive: ", name)
		assert.ErrorContains(t, err, c.says, name)
	}
	for says, file := range map[string][]byte{
		`expected one entry "a/data.pkl", found "a/Data.pkl" too`:      rawZip(t, "", append(items, item{name: "a/Data.pkl"})...),
		`expected one entry "a/data/0", found two`:                     rawZip(t, "", append(items, items[1])...),
		"expected numbers of 64 bits once, and no other name, found":   rawZip(t, le(0x7075, 2)+le(8, 2)+"\x01\x00\x00\x00\x00evl", items...),
		"expected an entry data.pkl, found none among 1, such as":      rawZip(t, "", item{name: "a.txt"}),
		"expected an entry data.pkl, found arrays of NumPy":            rawZip(t, "", item{name: "a.npy"}),
		"expected checksum and sizes after its bytes to be the direct": changed(zipOf(t, items...), "PK\x07\x08", 4),
	} {
		_, err := readBytes(file)
		assert.ErrorContains(t, err, says)
	}
	_, err = readBytes(rawZip(t, le(0x4246, 2)+le(4, 2)+"ZZZZ", items...))
	assert.NoError(t, err, "the padding that PyTorch writes")
	comment := append(bytes.Clone(whole), "note"...)
	comment[end+20] = 4
	_, err = readBytes(comment)
	assert.NoError(t, err, "a comment")
}

// changed changes a byte behind the first part of a file that is so.
func changed(file []byte, part string, behind int) []byte {
	file[bytes.Index(file, []byte(part))+behind] ^= 1
	return file
}

// A download or a save that did not end is said to be one, whatever the container, with the bytes that are there.
func TestCutShort(t *testing.T) {
	four := floats(binary.LittleEndian)
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		return b
	}
	const cut = "the file is cut short, as by a download or a save that did not end"
	for name, c := range map[string]struct {
		file []byte
		at   []int // bytes that are left
		says string
	}{
		"zip":         {read("views.pt"), []int{100, 700, -30, -22, -3}, "zip archive: expected its directory at the end of the file's "},
		"TorchScript": {read("torchscript.pt"), []int{300, -1}, "zip archive: expected its directory at the end of the file's "},
		"legacy":      {read("legacy.pt"), []int{40, 200, -300, -1}, "expected "},
		"tar":         {read("tar.pt"), []int{600, 1200, -9000, -1}, "tar archive: "},
		"safetensors": {[]byte(safetensorsFile(`{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, four)), []int{30, -16, -1}, "safetensors: expected "},
		"ONNX":        {[]byte(onnxFile(small(1, 4) + small(2, 1) + field(8, "w") + field(9, four))), []int{30, 50}, "ONNX: expected "},
	} {
		_, err := readBytes(c.file)
		require.NoError(t, err, name)
		for _, n := range c.at {
			if n < 0 {
				n += len(c.file)
			}
			_, err := readBytes(c.file[:n])
			assert.ErrorContains(t, err, cut, "%s, %d of %d bytes", name, n, len(c.file))
			assert.ErrorContains(t, err, c.says, "%s, %d of %d bytes", name, n, len(c.file))
		}
	}
	zeros := read("views.pt")
	clear(zeros[len(zeros)/2:])
	_, err := readBytes(zeros)
	assert.ErrorContains(t, err, "found zeros: a download, or what wrote it, did not end")
	_, err = readBytes(make([]byte, 1000))
	assert.ErrorContains(t, err, "found nothing but zeros: a download, or what wrote it, did not end")
}

// What training leaves in folders, and structures, are called by their names.
func TestFoldersAndStructures(t *testing.T) {
	for file, says := range map[string]string{
		"zero_to_fp32.py":       "expected a file, found a folder of DeepSpeed: python zero_to_fp32.py . OUT.pt",
		".metadata":             "expected a file, found a folder of torch.distributed.checkpoint: ",
		"pytorch_model.bin":     "expected a file, found a folder, in which is ",
		"model.safetensors":     "model.safetensors",
		"nothing that is known": "expected a file, found a folder",
	} {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), nil, 0o600))
		_, err := Open(folder)
		assert.ErrorContains(t, err, says)
	}
	for content, says := range map[string]string{
		"3\nwater\nO 0 0 0\n":                        "found an XYZ file: structures, which are inputs, and no weights",
		"1\n\n8 -1.0 0 0\n":                          "found an XYZ file",
		"data_x\n_cell_length_a 5\n":                 "found a CIF file: structures, and no weights",
		"GGUF\x03\x00":                               "found a GGUF file",
		`{"metadata": {}, "weight_map": {"w": "a"}}`: "found the index of a checkpoint in parts: load it in Python",
	} {
		_, err := readBytes([]byte(content))
		assert.ErrorContains(t, err, says)
	}
}
