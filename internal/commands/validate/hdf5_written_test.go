//go:build hdf5 && cgo

package validate

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/data/hdf5"
)

// goldenHDF5 is the golden file as HDF5.
func goldenHDF5(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "golden.h5")
	w, err := hdf5.Create(path, hdf5.Options{Compression: hdf5.Uncompressed})
	require.NoError(t, err)
	defer w.Abort()
	file, err := os.Open(golden)
	require.NoError(t, err)
	defer file.Close()
	for r := data.NewReader(file, golden); ; {
		f, err := r.Read()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Close())
	return path
}

// HDF5 says the same as extended XYZ.
func TestHDF5(t *testing.T) {
	path := goldenHDF5(t)
	for _, args := range [][]string{{}, {"-max", "9"}} {
		args = append(args, "-model", ultraModel)
		want, got := validated(t, append(args, golden)...), validated(t, append(args, path)...)
		require.NoError(t, got.err)
		assert.Equal(t, want.json, strings.ReplaceAll(got.json, path, golden))
	}
	r := validated(t, "-model", ultraModel, path, golden)
	assert.Equal(t, 90, r.Models[0].Computed)
}
