//go:build hdf5 && cgo

package predict

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data/hdf5"
)

// HDF5 is an input as XYZ is.
func TestHDF5(t *testing.T) {
	path := filepath.Join(t.TempDir(), "golden.h5")
	w, err := hdf5.Create(path, hdf5.Options{})
	require.NoError(t, err)
	defer w.Abort()
	for _, f := range frames(t, readFile(t, golden)) {
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Close())
	want := output(t, "", "-model", model, "-json", golden)
	assert.Equal(t, want, strings.ReplaceAll(output(t, "", "-model", model, "-json", path), path, golden))
}
