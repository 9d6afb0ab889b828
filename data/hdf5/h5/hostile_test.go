package h5

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// visitor reads all of a file, up to a number of objects and of bytes, whatever is wrong.
type visitor struct {
	f              *File
	objects, bytes int
	err            error // the last
	datasets       int   // that were read
}

func (v *visitor) note(err error) bool {
	if err != nil {
		v.err = err
	}
	return err == nil
}

func (v *visitor) object(o *Object, depth int) {
	if v.objects--; v.objects < 0 {
		return
	}
	attributes, err := o.Attributes()
	v.note(err)
	for _, a := range attributes {
		_, err := a.Value()
		v.note(err)
	}
	switch o.Kind() {
	case Group:
		links, err := o.Links()
		if !v.note(err) || depth == 0 {
			return
		}
		for _, l := range links {
			if child, err := v.f.Open(l); v.note(err) {
				v.object(child, depth-1)
			}
		}
	case Array:
		d, err := o.Dataset()
		if !v.note(err) {
			return
		}
		n := d.Len()
		if row := int(d.RowBytes()); row > 0 {
			n = min(n, v.bytes/row)
			v.bytes -= n * row
		}
		first := 0
		if d.Chunk != nil && d.Len() > n {
			first = d.Len() - n // rather the last chunks than the first again
		}
		if n > 0 {
			_, err = d.Read(make([]byte, n*int(d.RowBytes())), first, first+n)
			if v.note(err) {
				v.datasets++
			}
		}
	}
}

// visit reads all of the bytes of a file.
func visit(b []byte, blind bool) (datasets int, err error) {
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return 0, err
	}
	f.blind = blind
	v := &visitor{f: f, objects: 500, bytes: 1 << 20}
	root, err := f.Root()
	if v.note(err) {
		v.object(root, 4)
	}
	return v.datasets, v.err
}

// mutants is how many damaged files are tried: PAINLESS_MUTANTS, where it is set.
func mutants(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("PAINLESS_MUTANTS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// testdata is the bytes of the files.
func testdata(t testing.TB) (files [][]byte) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.h5")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		files = append(files, b)
	}
	return files
}

// mutate changes some bytes: to any value, to a neighbour, to those of another
// place, or to what is often a limit; and cuts off the end of some files.
func mutate(random *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + random.IntN(8) {
		at := random.IntN(len(b))
		for try := 0; b[at] == 0 && try < 100; try++ {
			at = random.IntN(len(b))
		}
		switch random.IntN(6) {
		case 0:
			b[at]++
		case 1:
			b[at] ^= 1 << random.IntN(8)
		case 2:
			b[at] = []byte{0, 1, 0x7f, 0x80, 0xff}[random.IntN(5)]
		case 3:
			from := random.IntN(len(b))
			copy(b[at:], b[from:min(len(b), from+1<<random.IntN(4))])
		default:
			b[at] = byte(random.Uint32())
		}
	}
	if random.IntN(16) == 0 {
		b = b[:random.IntN(len(b))]
	}
	return b
}

// TestMutants damages files. Nothing may crash, hang or take much memory.
func TestMutants(t *testing.T) {
	const seconds = 5
	files := testdata(t)
	random := rand.New(rand.NewPCG(3, 4))
	fine, read := 0, 0
	longest, most := time.Duration(0), uint64(0)
	n := mutants(t, 3000)
	for i := range n {
		whole := files[i%len(files)]
		b := mutate(random, whole)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		datasets, err := visit(b, i%4 != 0)
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		if err == nil {
			fine++
		}
		read += datasets
		longest, most = max(longest, took), max(most, after.TotalAlloc-before.TotalAlloc)
		if took > seconds*time.Second || after.TotalAlloc-before.TotalAlloc > 256<<20+4*uint64(len(b)) {
			path := filepath.Join(os.TempDir(), "mutant.h5")
			require.NoError(t, os.WriteFile(path, b, 0o600))
			t.Fatalf("%s: %v and %d MB", path, took, (after.TotalAlloc-before.TotalAlloc)/1e6)
		}
	}
	t.Logf("%d mutants, %d without an error, %d datasets read; at most %v and %d MB", n, fine, read, longest, most/1e6)
	assert.Greater(t, fine, 0)
	assert.Less(t, fine, n)
	assert.Greater(t, read, n)
}

// FuzzOpen reads all of whatever is there.
func FuzzOpen(f *testing.F) {
	for _, b := range testdata(f) {
		if len(b) < 20_000 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		visit(b, true)
	})
}

// shrinking is a file that becomes shorter while it is read.
type shrinking struct {
	*bytes.Reader
	reads int
}

func (s *shrinking) ReadAt(b []byte, at int64) (int, error) {
	if s.reads--; s.reads < 0 {
		s.Reader = bytes.NewReader(nil)
	}
	return s.Reader.ReadAt(b, at)
}

func TestFileThatBecomesShorter(t *testing.T) {
	b, err := os.ReadFile("testdata/chunks_latest.h5")
	require.NoError(t, err)
	for reads := range 60 {
		in := &shrinking{bytes.NewReader(b), reads}
		f, err := Open(in, int64(len(b)))
		if err == nil {
			var o *Object
			if o, err = f.Lookup("gzip (7, 3) (2, 2) None"); err == nil {
				var d *Dataset
				if d, err = o.Dataset(); err == nil {
					_, err = d.Read(make([]byte, 7*3*8), 0, 7)
				}
			}
		}
		if err == nil {
			assert.Greater(t, reads, 10)
			return
		}
		if reads > 1 {
			require.ErrorContains(t, err, "the file became shorter while it was read")
		}
	}
	assert.Fail(t, "it is never read whole")
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

func TestReadError(t *testing.T) {
	b, err := os.ReadFile("testdata/superblock0.h5")
	require.NoError(t, err)
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	f.in = broken{}
	_, err = f.Root()
	assert.ErrorIs(t, err, errBroken)
}
