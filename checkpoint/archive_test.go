package checkpoint

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"slices"
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
		"newest": {{"a/data.pkl", pickle, zip.Store}, {"a/.format_version", "1", zip.Store}, {"a/.storage_alignment", "64", zip.Store}, {"a/byteorder", "little", zip.Store},
			{"a/data/0", little, zip.Store}, {"a/version", "3\n", zip.Store}, {"a/.data/serialization_id", "0123456789", zip.Store}},
		"big endian": {{"a/data/0", floats(binary.BigEndian), zip.Store}, {"a/data.pkl", pickle, zip.Store}, {"a/byteorder", "big", zip.Store}},
	} {
		c, err := readBytes(zipOf(t, items...))
		require.NoError(t, err, name)
		assert.Equal(t, []float64{1, 2, 3, 4}, values(t, c, "w"), name)
	}
}

func TestArchivesRefused(t *testing.T) {
	pickle, storage := item{"a/data.pkl", stateOf("w") + ".", zip.Store}, item{"a/data/0", floats(binary.LittleEndian), zip.Store}
	for says, items := range map[string][]item{
		"expected an entry data.pkl, found none":                                                        {storage},
		"data.pkl, byte 80: zip archive: expected an entry a/data/0, found none":                        {pickle},
		"expected the end after data.pkl, found 3 more bytes":                                           {{"a/data.pkl", pickle.content + "abc", zip.Store}, storage},
		`expected names of entries within the archive, found "../data.pkl"`:                             {{"../data.pkl", pickle.content, zip.Store}, storage},
		`expected names of entries within the archive, found "a/../../x"`:                               {pickle, storage, {"a/../../x", "", zip.Store}},
		`expected names of entries within the archive, found "/etc/x"`:                                  {pickle, storage, {"/etc/x", "", zip.Store}},
		`expected names of entries within the archive, found "a\\..\\x"`:                                {pickle, storage, {`a\..\x`, "", zip.Store}},
		`expected one entry "a/data/0", found two`:                                                      {pickle, storage, storage},
		"storage 0: expected 4 elements of float32, found 12 bytes":                                     {pickle, {"a/data/0", storage.content[:12], zip.Store}},
		"storage 0: expected 4 elements of float32, found 17 bytes":                                     {pickle, {"a/data/0", storage.content + "x", zip.Store}},
		`byteorder: expected little or big, found "middle"`:                                             {pickle, storage, {"a/byteorder", "middle", zip.Store}},
		"TorchScript: expected a module, found a dict":                                                  {pickle, storage, {"a/code/__torch__.py", "", zip.Store}},
		"zip entry a/data/0: expected entries of at most 4 times the size of the file and 32 MB in all": {pickle, {"a/data/0", strings.Repeat("\x00", 40<<20), zip.Deflate}},
	} {
		_, err := readBytes(zipOf(t, items...))
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, err, "built: ")
	}
}

// What follows the directory, or comes before the first entry, is no part of the archive.
func TestBytesAroundArchives(t *testing.T) {
	file := zipOf(t, item{"a/data.pkl", stateOf("w") + ".", zip.Store}, item{"a/data/0", floats(binary.LittleEndian), zip.Store})
	for says, bytes := range map[string][]byte{
		"expected its directory at the end of the file's 365 bytes, found more bytes after it":                  append(slices.Clip(file), "more"...),
		"expected a directory of one file, up to its end at byte 403, found 110 bytes of 2 entries at byte 229": append([]byte("PK\x03\x04"+strings.Repeat("\x00", 60)), file...),
		"found one that begins with \"evil PK\\x03\"":                                                           append([]byte("evil "), file...),
	} {
		_, err := readBytes(bytes)
		assert.ErrorContains(t, err, says)
	}
}

// zip64Of is an archive of stored entries whose sizes and places are in zip64's fields alone.
func zip64Of(items ...item) []byte {
	const unknown32, unknown16 = "\xff\xff\xff\xff", "\xff\xff"
	var file, directory string
	for _, i := range items {
		sizes := le(uint64(len(i.content)), 8) + le(uint64(len(i.content)), 8)
		// version, flags, method, time and date, checksum, sizes, length of the name
		fields := func(extra int) string {
			return le(45, 2) + le(0, 8) + le(uint64(crc32.ChecksumIEEE([]byte(i.content))), 4) + unknown32 + unknown32 + le(uint64(len(i.name)), 2) + le(uint64(extra), 2)
		}
		directory += "PK\x01\x02" + le(45, 2) + fields(28) + le(0, 6) + le(0, 4) + unknown32 + i.name + le(1, 2) + le(24, 2) + sizes + le(uint64(len(file)), 8)
		file += "PK\x03\x04" + fields(20) + i.name + le(1, 2) + le(16, 2) + sizes + i.content
	}
	count, start := le(uint64(len(items)), 8), len(file)
	file += directory
	end := le(uint64(len(file)), 8)
	file += "PK\x06\x06" + le(44, 8) + le(45, 2) + le(45, 2) + le(0, 8) + count + count + le(uint64(len(directory)), 8) + le(uint64(start), 8)
	file += "PK\x06\x07" + le(0, 4) + end + le(1, 4)
	return []byte(file + "PK\x05\x06" + le(0, 4) + unknown16 + unknown16 + unknown32 + unknown32 + le(0, 2))
}

func TestZip64(t *testing.T) {
	items := []item{{"a/data.pkl", stateOf("w") + ".", 0}, {"a/data/0", floats(binary.LittleEndian), 0}}
	file := zip64Of(items...)
	c, err := readBytes(file)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 2, 3, 4}, values(t, c, "w"))
	at := bytes.LastIndex(file, []byte(le(16, 8)+le(16, 8)))
	binary.LittleEndian.PutUint64(file[at+8:], 1<<62)
	_, err = readBytes(file)
	assert.ErrorContains(t, err, "a/data/0: expected 16 bytes as they are, found 4611686018427387904")
}

// A flipped bit of an entry is an error, stored or deflated.
func TestWrongChecksum(t *testing.T) {
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		for _, name := range []string{"a/data.pkl", "a/data/0"} {
			file := zipOf(t, item{"a/data.pkl", stateOf("w") + ".", method}, item{"a/data/0", floats(binary.LittleEndian), method})
			// The data stand after the local header's 30 bytes and the name.
			file[bytes.Index(file, []byte(name))+len(name)+4] ^= 0x40
			c, err := readBytes(file)
			if name == "a/data/0" { // looked at when it is read
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
	assert.ErrorContains(t, err, `expected entries beside one another, found "data/0" and "data/1" over the same bytes`)
}

func TestForeignFiles(t *testing.T) {
	_, err := readBytes([]byte("\x01\x7f\x02\x01\x01\x00\x00\x00\x00"))
	assert.ErrorContains(t, err, `found one that begins with "\x01\x7f\x02\x01\x01\x00\x00\x00"`)
}

// Reading a device or a pipe could go on for ever.
func TestOpenRefusesDevices(t *testing.T) {
	_, err := Open(os.DevNull)
	assert.ErrorContains(t, err, os.DevNull+": expected a regular file, found ")
}
