//go:build !hdf5 || !cgo

package dataset

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A binary without HDF5 says how to get one with it.
func TestHDF5WithoutTheTag(t *testing.T) {
	for _, args := range [][]string{{"-o", filepath.Join(t.TempDir(), "out.h5"), golden}, {"in.h5"}} {
		stdout, _, err := execute(t, "", args...)
		assert.ErrorContains(t, err, ".h5: this binary was built without HDF5")
		assert.ErrorContains(t, err, "go build -tags hdf5 ./tools/painless")
		assert.Empty(t, stdout)
	}
}
