package data

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func gzipped(t testing.TB, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func zstandard(t testing.TB, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	require.NoError(t, err)
	_, err = w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func fileBytes(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

const goldenPath = "../testdata/ultra_tiny.extxyz"

// compressed is the golden file by each of the methods.
func compressed(t testing.TB) map[string][]byte {
	t.Helper()
	text := fileBytes(t, goldenPath)
	skip := []byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4}
	return map[string][]byte{
		"gzip":  gzipped(t, text),
		"zstd":  zstandard(t, text),
		"pzstd": append(skip, zstandard(t, text)...),
		"xz":    fileBytes(t, "testdata/golden.xz"), // make.py is to be run where the golden file changes
		"bzip2": fileBytes(t, "testdata/golden.bz2"),
	}
}

func TestCompressed(t *testing.T) {
	want := readFile(t, goldenPath)
	for name, content := range compressed(t) {
		assert.Equal(t, want, readAll(t, bytes.NewReader(content)), name)
		twice := readAll(t, bytes.NewReader(append(bytes.Clone(content), content...)))
		assert.Equal(t, append(want, want...), twice, "%s: files that were joined", name)

		in := NewReader(bytes.NewReader(content[:len(content)/2]), "half")
		var err error
		for err == nil {
			_, err = in.Read()
		}
		assert.ErrorContains(t, err, "half:", name)
		assert.ErrorContains(t, err, ": "+strings.TrimPrefix(name, "p")+": ", name)
		assert.NotErrorAs(t, err, new(*FrameError), name)
	}
}

func TestFirstBytes(t *testing.T) {
	const atom = "1\n\nH 1 2 3\n"
	bom := string(byteOrderMark)
	frames := readAll(t, strings.NewReader(bom+atom+bom+atom))
	assert.Len(t, frames, 2)
	utf16 := func(text string, low, high int) string {
		b := make([]byte, 2*len(text))
		for i := range text {
			b[2*i+low] = text[i]
			b[2*i+high] = 0
		}
		return string(b)
	}
	for content, says := range map[string]string{
		"\xff\xfe" + utf16(atom, 0, 1): "f: expected XYZ, as text or compressed by gzip, xz, zstd or bzip2, found text in UTF-16, which PowerShell's > writes: save it as UTF-8",
		"\xfe\xff" + utf16(atom, 1, 0): "found text in UTF-16: save it as UTF-8",
		utf16(atom, 0, 1):              `found no text, or text in UTF-16, which begins with "1\x00\n`,
		utf16(atom, 1, 0):              `found no text, or text in UTF-16, which begins with "\x001\x00`,
		"PK\x03\x04rest":               "found a zip archive",
		"\x89HDF\r\n\x1a\n":            "found an HDF5 file",
		"\x1f\x8b\x08":                 "f: gzip: unexpected EOF",
		"\x1f\x8bno gzip at all":       "f: gzip: gzip: invalid header",
		"\xfd7zXZ\x00no xz at all":     "f: xz: ",
		"\x28\xb5\x2f\xfd":             "f:1: zstd: unexpected EOF",
		"BZh9no bzip2":                 "f:1: bzip2: ",
		"\x1f1\n":                      "f:1: expected the number of atoms",
		"\x28":                         "f:1: expected the number of atoms",
	} {
		in := NewReader(strings.NewReader(content), "f")
		for range 2 {
			_, err := in.Read()
			assert.ErrorContains(t, err, says, "%q", content)
		}
	}
	_, err := NewReader(strings.NewReader("2"), "f").Read()
	assert.ErrorContains(t, err, "expected a comment line")
}

// repeated is frames again and again.
type repeated struct {
	text string
	left int64
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	for n < len(p) {
		k := copy(p[n:], r.text[r.at:])
		r.at = (r.at + k) % len(r.text)
		n += k
	}
	r.left -= int64(n)
	return n, nil
}

// What a small file grows to is streamed, and what refers far back is refused.
func TestDecompressionBombs(t *testing.T) {
	const size = 64 << 20
	frame := "1\n" + strings.Repeat("x", 1<<16) + "\nH 1 2 3\n"
	var packed bytes.Buffer
	w, err := zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedFastest))
	require.NoError(t, err)
	_, err = io.Copy(w, &repeated{text: frame, left: size})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	assert.Less(t, packed.Len(), size/1000)

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in, n := NewReader(&packed, "bomb"), 0
	for {
		f, err := in.Read()
		if err != nil {
			assert.ErrorContains(t, err, "expected", "the last frame is cut")
			break
		}
		n += len(f.Numbers)
	}
	runtime.ReadMemStats(&after)
	assert.Equal(t, size/len(frame), n)
	assert.Less(t, int64(after.HeapSys)-int64(before.HeapSys), int64(size/2))

	for name, content := range map[string][]byte{
		"xz":   fileBytes(t, "testdata/dictionary.xz"),         // 1 GiB
		"zstd": []byte("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00"), // 128 MiB, and an empty block
	} {
		runtime.ReadMemStats(&before)
		_, err := NewReader(bytes.NewReader(content), name).Read()
		runtime.ReadMemStats(&after)
		assert.ErrorContains(t, err, name+": ")
		assert.Regexp(t, "size exceed", fmt.Sprint(err))
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), name)
	}
}

// A file of another format is called by its name, with what makes XYZ of it: as it
// is and compressed, and also where its first line is a number.
func TestOtherFormats(t *testing.T) {
	const poscar = "1.0\n3.8 0 0\n1.9 3.3 0\n1.9 1.1 3.1\nSi\n2\nDirect\n0 0 0\n0.25 0.25 0.25\n"
	cif := "data_si\n_cell_length_a 3.8\n" + strings.Repeat("_symmetry x\n", 1000)
	for content, says := range map[string]string{
		cif:                               "found a CIF file: ase convert -i cif IN OUT.extxyz makes extended XYZ of it",
		string(gzipped(t, []byte(cif))):   "found a CIF file: ase convert -i cif",
		"Si2\n" + poscar:                  "found a POSCAR, CONTCAR or CHGCAR of VASP: ase convert -i vasp IN OUT.extxyz",
		"2\n" + poscar:                    "found a POSCAR",
		"3 water\n 1 O 0.0 0.0 0.1 1 2\n": "found an XYZ file of Tinker: obabel -itxyz IN -oxyz -O OUT.xyz",
		"PK\x03\x04" + strings.Repeat("\x00", 22) + "\x10\x00\x00\x00archive/data.pkl": "found a PyTorch checkpoint: it belongs to -model",
		"\x80\x04\x95\x10":  "found a bare pickle",
		"T\x00\x00\x00CORD": "found a DCD trajectory",
		"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n": "found a Git LFS pointer, which stands for the file: git lfs pull",
	} {
		in := NewReader(strings.NewReader(content), "f")
		for range 2 {
			_, err := in.Read()
			assert.ErrorContains(t, err, "expected XYZ, as text or compressed by gzip, xz, zstd or bzip2, "+says, "%.40q", content)
		}
	}
}
