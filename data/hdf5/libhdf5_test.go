//go:build hdf5 && cgo

package hdf5

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/hdf5"

	"painless/data/hdf5/h5"
)

// openH5 opens a file for package h5.
func openH5(t testing.TB, path string) *h5.File {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := h5.Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err, path)
	return f
}

// datasets calls do with the datasets of numbers of a file that package h5 reads.
func datasets(t testing.TB, f *h5.File, do func(path string, d *h5.Dataset)) {
	t.Helper()
	var visit func(path string, o *h5.Object)
	visit = func(path string, o *h5.Object) {
		switch o.Kind() {
		case h5.Group:
			links, err := o.Links()
			require.NoError(t, err)
			for _, l := range links {
				if child, err := f.Open(l); err == nil {
					visit(path+"/"+l.Name, child)
				}
			}
		case h5.Array:
			if d, err := o.Dataset(); err == nil && d.Type.Kind <= h5.Bool {
				do(path, d)
			}
		}
	}
	root, err := f.Root()
	require.NoError(t, err)
	visit("", root)
}

// assertSame checks that libhdf5 reads the numbers of a file as package h5 does.
// It returns how many datasets both read.
func assertSame(t testing.TB, path string) (n int) {
	t.Helper()
	defer enter()()
	f := openH5(t, path)
	file, err := hdf5.OpenFile(path, hdf5.F_ACC_RDONLY)
	require.NoError(t, err, path)
	defer file.Close()
	datasets(t, f, func(name string, d *h5.Dataset) {
		if d.Len() > 1<<18 {
			return // libhdf5 takes seconds for so many chunks
		}
		ours := make([]byte, int64(d.Len())*d.RowBytes())
		_, err := d.Read(ours, 0, d.Len())
		require.NoError(t, err, name)
		theirs := bytes.Repeat([]byte{0x55}, len(ours)+1)
		opened, err := file.OpenDataset(name)
		require.NoError(t, err, name)
		defer opened.Close()
		if opened.Read(&theirs) != nil {
			return // a filter that it has not: lzf
		}
		assert.True(t, bytes.Equal(append(ours, 0x55), theirs), "%s%s: %x\n%x", path, name, ours, theirs)
		n++
	})
	return n
}

// TestLibhdf5ReadsTheSame has libhdf5 read all test data.
func TestLibhdf5ReadsTheSame(t *testing.T) {
	n := 0
	for _, pattern := range []string{"testdata/*.h5", "testdata/broken/*.h5", "testdata/projects/*.h5", "h5/testdata/*.h5"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, path := range paths {
			if filepath.Base(path) != "not.h5" {
				n += assertSame(t, path)
			}
		}
	}
	assert.Greater(t, n, 500)
	t.Logf("%d datasets", n)
}
