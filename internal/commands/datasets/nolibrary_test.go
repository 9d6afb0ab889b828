//go:build !hdf5 || !cgo

package datasets

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A binary without HDF5 says how to get one with it.
func TestHDF5WithoutTheTag(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.h5")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := read(path, "")
	assert.ErrorContains(t, err, "set.h5: this binary was built without HDF5")
	assert.ErrorContains(t, err, "go build -tags hdf5 ./tools/painless")
}
