//go:build !hdf5 || !cgo

package dataset

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A binary without libhdf5 says how to get one with it.
func TestHDF5WithoutTheTag(t *testing.T) {
	stdout, _, err := execute(t, "", "-o", filepath.Join(t.TempDir(), "out.h5"), golden)
	assert.ErrorContains(t, err, ".h5: this binary was built without libhdf5")
	assert.ErrorContains(t, err, "go build -tags hdf5 ./tools/painless")
	assert.Empty(t, stdout)
}
