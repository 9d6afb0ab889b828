package hdf5

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read is the first error of opening a file and reading it to the end.
func read(path string) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := r.Metadata(); err != nil {
		return err
	}
	if _, err := r.Others(); err != nil {
		return err
	}
	for {
		if _, err := r.Read(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestReadRefuses reads the files of testdata/broken, which h5py wrote.
func TestReadRefuses(t *testing.T) {
	says := map[string]string{
		"splits_back":       "/structures/atomic_numbers_splits[3]: expected 4 to 22, found 2",
		"splits_start":      "/structures/atomic_numbers_splits[0]: expected 0, found 1",
		"splits_short":      "/structures/atomic_numbers_splits[6]: expected 22, the number of rows, found 21",
		"splits_beyond":     "/structures/atomic_numbers_splits[6]: expected 15 to 22, found 9000000000000",
		"splits_real":       "/structures/atomic_numbers_splits: expected integers, found float64",
		"splits_missing":    "/structures/atomic_numbers_splits: expected a dataset, found none",
		"splits_unwritten":  "/structures/atomic_numbers_splits[0:8192]: expected values, found that none were ever written",
		"many_structures":   "/structures/atomic_numbers_splits: expected at most 524467 rows in a file of 5728 bytes, found 1000000000",
		"many_chunks":       "/structures/atomic_numbers_splits: expected at most 524467 rows in a file of 5728 bytes, found 1000000",
		"forces_splits":     "/labels/forces_splits[1]: expected forces of the 3 atoms of structure 0, or none, found 2",
		"forces_splits_len": "/labels/forces_splits: expected 7 rows, found 6",
		"few_forces":        "/labels/forces_splits[6]: expected 15 to 21, found 22",
		"few_energies":      "/labels/energy: expected 6 rows, one for each of the structures, found 5",
		"few_positions":     "/structures/positions: expected 22 rows, one for each of the atoms, found 21",
		"nan_position":      "structure 2: /structures/positions[5, 1]: expected a finite number, found NaN",
		"nan_cell":          "structure 3: /structures/cells[3, 2, 1]: expected a finite number, found NaN",
		"element":           "structure 1: /structures/atomic_numbers[3]: expected an atomic number, found 119",
		"pbc_of_7":          "structure 1: /structures/pbc[1, 2]: expected 0 or 1, found 7",
		"text_positions":    "/structures/positions: expected float16, float32 or float64, found text",
		"integer_positions": "/structures/positions: expected float16, float32 or float64, found int64",
		"compound":          "/labels/energy: expected float16, float32 or float64, found a compound",
		"rank":              "/structures/positions: expected shape [n 3], found [66]",
		"shape":             "/labels/stress: expected shape [n 6], found [6 9]",
		"scalar":            "/labels/energy: expected an array, found a single value or none",
		"null":              "/labels/energy: expected an array, found a single value or none",
		"group":             "/structures/positions: expected a dataset, found a group",
		"dataset":           "/structures/atomic_numbers_splits: expected a group at /structures, found a dataset",
		"soft_link":         `/labels/energy: expected an object of this file, found a soft link to "/labels/stress_mask"`,
		"external_link":     `/labels/energy: expected an object of this file, found an external link to "../contiguous.h5"`,
		"external_group":    `expected an object of this file, found an external link to "../contiguous.h5"`,
		"external_storage":  "/labels/energy: expected values in this file, found external storage",
		"virtual":           "/labels/energy: expected values in this file, found a virtual dataset",
		"huge_chunk":        "/structures/positions: expected chunks of at most 32 MiB in a file of these bytes, found [9000000 3]",
		"huge":              "/labels/energy: expected a smaller array",
		"unwritten":         "structure 0: /labels/energy[0:6]: expected values, found that none were ever written",
		"filter":            `/labels/energy: expected the filters gzip, lzf, shuffle and fletcher32, found filter 6 (scaleoffset); h5repack`,
		"attribute":         "/metadata: attribute array: expected one value or a list of values, found an array or nothing",
		"not":               "expected an HDF5 file",
	}
	paths, err := filepath.Glob("testdata/broken/*.h5")
	require.NoError(t, err)
	assert.Len(t, paths, len(says))
	for _, path := range paths {
		name := filepath.Base(path[:len(path)-len(".h5")])
		err := read(path)
		assert.ErrorContains(t, err, says[name], name)
		require.NotEmpty(t, says[name], name)
		assert.ErrorContains(t, err, path+": ", name)
		assert.Less(t, len(err.Error()), 300, name)
	}
}

// TestReadOutlivesLibhdf5 changes bytes that libhdf5 1.10 crashes on, or writes
// over another's memory: a chunk of size 0 or longer than it is, attributes and a
// chunk's address.
func TestReadOutlivesLibhdf5(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes map[int]byte
	}{
		{"chunked", map[int]byte{9448: 0, 23569: 4, 26698: 0, 26699: 0, 26700: 0}},
		{"gzip", map[int]byte{14015: 0xc3, 19092: 0, 19093: 0, 19094: 0, 19096: 0, 23626: 0x23, 39776: 0, 39875: 1}},
		{"unwritten", map[int]byte{26745: 0, 26746: 0, 26747: 0, 26748: 0, 26749: 0, 26750: 0, 26751: 0, 26752: 0}},
		{"chunked", longChunks(t)},
	} {
		b, err := os.ReadFile("testdata/" + c.name + ".h5")
		require.NoError(t, err)
		for at, value := range c.changes {
			b[at] = value
		}
		path := t.TempDir() + "/damaged.h5"
		require.NoError(t, os.WriteFile(path, b, 0o600))
		assert.ErrorContains(t, read(path), path+": ", c.name)
	}
}

// longChunks has every chunk of 24 bytes say that it has 11000.
func longChunks(t *testing.T) map[int]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/chunked.h5")
	require.NoError(t, err)
	changes := map[int]byte{}
	for at := range len(b) - 28 {
		if string(b[at:at+5]) == "TREE\x01" && b[at+24] == 24 {
			changes[at+24], changes[at+25] = 11000&255, 11000>>8
		}
	}
	require.NotEmpty(t, changes)
	return changes
}

// TestMutants changes bytes of every file, mostly of those that are not 0, and
// cuts some short. Nothing may crash, hang or allocate much. PAINLESS_MUTANTS is
// how many files are tried, where it is set.
func TestMutants(t *testing.T) {
	n := 2000
	if text := os.Getenv("PAINLESS_MUTANTS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	paths, err := filepath.Glob("testdata/*.h5")
	require.NoError(t, err)
	others, err := filepath.Glob("testdata/projects/*.h5")
	require.NoError(t, err)
	paths = append(paths, others...)
	var files [][]byte
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		files = append(files, b)
	}
	random := rand.New(rand.NewPCG(1, 2))
	damaged := t.TempDir() + "/damaged.h5"
	fine, longest, most := 0, time.Duration(0), uint64(0)
	for k := range n {
		b := bytes.Clone(files[k%len(files)])
		for range 1 + random.IntN(8) {
			at := random.IntN(len(b))
			for try := 0; b[at] == 0 && try < 100; try++ {
				at = random.IntN(len(b))
			}
			b[at] = byte(random.Uint32())
		}
		if random.IntN(8) == 0 {
			b = b[:random.IntN(len(b))]
		}
		require.NoError(t, os.WriteFile(damaged, b, 0o600))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		if read(damaged) == nil {
			fine++
		}
		longest = max(longest, time.Since(begin))
		runtime.ReadMemStats(&after)
		most = max(most, after.TotalAlloc-before.TotalAlloc)
	}
	t.Logf("%d mutants, %d without an error; at most %v and %d MB", n, fine, longest, most/1e6)
	assert.Less(t, longest, 5*time.Second)
	assert.Less(t, most, uint64(256<<20))
	assert.Greater(t, fine, 0)
	assert.Less(t, fine, n, "nothing was found to be damaged")
}

// FuzzOpen reads all of whatever is there.
func FuzzOpen(f *testing.F) {
	for _, pattern := range []string{"testdata/*.h5", "testdata/broken/*.h5", "testdata/projects/*.h5"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, path := range paths {
			b, err := os.ReadFile(path)
			require.NoError(f, err)
			if len(b) < 16_000 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := t.TempDir() + "/fuzz.h5"
		require.NoError(t, os.WriteFile(path, b, 0o600))
		if err := read(path); err != nil {
			assert.ErrorContains(t, err, path)
		}
	})
}

// Few bytes that mean many take no more than the numbers of what they mean.
func TestFloods(t *testing.T) {
	for _, name := range []string{"one", "many"} {
		path := "testdata/floods/" + name + ".h5"
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(200_000))
		debug.FreeOSMemory()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := Open(path)
		require.NoError(t, err)
		most := uint64(0)
		for k := range r.Len() {
			_, err := r.Read()
			require.NoError(t, err)
			if k%50_000 == 0 {
				runtime.ReadMemStats(&after)
				most = max(most, after.HeapInuse)
			}
		}
		_, err = r.Read()
		assert.Equal(t, io.EOF, err)
		require.NoError(t, r.Close())
		t.Logf("%s: at most %d MB", name, (most-before.HeapInuse)/1e6)
		assert.Less(t, most-before.HeapInuse, uint64(200<<20), name)
	}
}
