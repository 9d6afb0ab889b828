package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// item is an entry of a hand-built archive.
type item struct {
	name, content string
	method        uint16
}

func zipOf(t testing.TB, items ...item) []byte {
	t.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for _, i := range items {
		f, err := w.CreateHeader(&zip.FileHeader{Name: i.name, Method: i.method})
		require.NoError(t, err)
		_, err = f.Write([]byte(i.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return file.Bytes()
}

func readBytes(file []byte) (*Checkpoint, error) {
	return Read(bytes.NewReader(file), int64(len(file)), "built")
}

// stateOf is a pickled dict whose entries are the tensors of storage 0 under those names.
func stateOf(names ...string) string {
	code := "}"
	for _, name := range names {
		code += "V" + name + "\n" + tensorOf("I0\n", "(I4\nt", "(I1\nt") + "s"
	}
	return code
}

// floats is four float32 numbers: 1, 2, 3, 4.
func floats(order binary.AppendByteOrder) string {
	var b []byte
	for x := range 4 {
		b = order.AppendUint32(b, math.Float32bits(float32(x+1)))
	}
	return string(b)
}

func TestArchives(t *testing.T) {
	pickle, little := stateOf("w")+".", floats(binary.LittleEndian)
	for name, items := range map[string][]item{
		"stored":        {{"any/data.pkl", pickle, zip.Store}, {"any/data/0", little, zip.Store}},
		"deflated":      {{"any/data.pkl", pickle, zip.Deflate}, {"any/data/0", little, zip.Deflate}},
		"no folder":     {{"data.pkl", pickle, zip.Store}, {"data/0", little, zip.Store}},
		"deep folder":   {{"a/b/data.pkl", pickle, zip.Store}, {"a/b/data/0", little, zip.Store}},
		"little endian": {{"a/byteorder", "little", zip.Store}, {"a/data.pkl", pickle, zip.Store}, {"a/data/0", little, zip.Store}},
		"big endian":    {{"a/data/0", floats(binary.BigEndian), zip.Store}, {"a/data.pkl", pickle, zip.Store}, {"a/byteorder", "big", zip.Store}},
	} {
		c, err := readBytes(zipOf(t, items...))
		require.NoError(t, err, name)
		assert.Equal(t, []float64{1, 2, 3, 4}, values(t, c, "w"), name)
	}
}

func TestArchivesRefused(t *testing.T) {
	pickle, storage := item{"a/data.pkl", stateOf("w") + ".", zip.Store}, item{"a/data/0", floats(binary.LittleEndian), zip.Store}
	for says, items := range map[string][]item{
		"expected an entry data.pkl, found none":                                        {storage},
		"data.pkl, byte 80: zip archive: expected an entry a/data/0, found none":        {pickle},
		`expected one entry "a/data/0", found two`:                                      {pickle, storage, storage},
		"storage 0: expected 4 elements of float32, found 12 bytes":                     {pickle, {"a/data/0", storage.content[:12], zip.Store}},
		"storage 0: expected 4 elements of float32, found 17 bytes":                     {pickle, {"a/data/0", storage.content + "x", zip.Store}},
		`byteorder: expected little or big, found "middle"`:                             {pickle, storage, {"a/byteorder", "middle", zip.Store}},
		"TorchScript: expected a module, found a dict":                                  {pickle, storage, {"a/code/__torch__.py", "", zip.Store}},
		"zip entry a/data/0: expected entries of at most 64 times the size of the file": {pickle, {"a/data/0", strings.Repeat("\x00", 1<<20), zip.Deflate}},
	} {
		_, err := readBytes(zipOf(t, items...))
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, "built: ")
	}
}

// A flipped bit of an entry is an error, stored or deflated.
func TestWrongChecksum(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		for _, name := range []string{"a/data.pkl", "a/data/0"} {
			file := zipOf(t, item{"a/data.pkl", stateOf("w") + ".", method}, item{"a/data/0", floats(binary.LittleEndian), method})
			// The data stand after the local header's 30 bytes and the name.
			file[bytes.Index(file, []byte(name))+len(name)+4] ^= 0x40
			c, err := readBytes(file)
			if method == zip.Store && name == "a/data/0" { // looked at when it is read
				require.NoError(t, err)
				w, _ := c.Tensor("w")
				_, err = w.Float64s()
				_, again := w.Bytes()
				assert.Equal(t, err, again)
			}
			assert.ErrorContains(t, err, "zip entry "+name, "method %d", method)
		}
	}
}

// Entries that all stand over the same bytes are not read as often as a
// directory of them asks: that would take quadratic time.
func TestOverlappingEntries(t *testing.T) {
	const entries, size = 500, 20_000
	body := make([]byte, size)
	var file, pickle bytes.Buffer
	w := zip.NewWriter(&file)
	for i := range entries {
		f, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint("data/", i), CRC32: crc32.ChecksumIEEE(body), CompressedSize64: size, UncompressedSize64: size})
		require.NoError(t, err)
		if i == 0 {
			_, err = f.Write(body)
			require.NoError(t, err)
		}
		fmt.Fprintf(&pickle, "(Vstorage\nctorch\nByteStorage\nV%d\nVcpu\nI%d\ntQ", i, size)
	}
	f, err := w.CreateHeader(&zip.FileHeader{Name: "data.pkl"})
	require.NoError(t, err)
	_, err = f.Write(append(pickle.Bytes(), '.'))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	const header, offset = "PK\x01\x02", 42 // a directory's entry, and where in it the data's place stands
	for at := bytes.Index(file.Bytes(), []byte(header)); ; {
		entry := file.Bytes()[at:]
		if !bytes.HasPrefix(entry[46:], []byte("data.pkl")) {
			binary.LittleEndian.PutUint32(entry[offset:], 0)
		}
		next := bytes.Index(entry[4:], []byte(header))
		if next < 0 {
			break
		}
		at += 4 + next
	}
	_, err = readBytes(file.Bytes())
	assert.ErrorContains(t, err, "expected entries of at most 64 times the size of the file in all")
}

func TestForeignFiles(t *testing.T) {
	_, err := readBytes([]byte("\x89HDF\r\n\x1a\n"))
	assert.ErrorContains(t, err, "not a valid zip file")
}

// Reading a device or a pipe could go on for ever.
func TestOpenRefusesDevices(t *testing.T) {
	_, err := Open(os.DevNull)
	assert.ErrorContains(t, err, os.DevNull+": expected a regular file, found ")
}
