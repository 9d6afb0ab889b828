package datasets

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// A name that promises another format is refused, compressed or not; names without a
// format's ending are the user's own.
func TestCheckXYZ(t *testing.T) {
	for _, path := range []string{"-", "out", "out.xyz", "out.EXTXYZ", "out.xyz.gz", "out.zst", "results.v2", "/dev/null"} {
		assert.NoError(t, CheckXYZ(path), path)
	}
	for path, want := range map[string]string{
		"a/out.pdb":     "-o a/out.pdb: what is written is extended XYZ, which .pdb is not: expected a name such as a/out.xyz",
		"out.CIF.gz":    "which .cif is not: expected a name such as out.xyz",
		"out.h5":        "painless dataset makes HDF5 of it",
		"out.hdf5.zst":  "painless dataset makes HDF5 of it",
		"run.nc":        "which .nc is not",
		"structure.GRO": "which .gro is not",
	} {
		assert.ErrorContains(t, CheckXYZ(path), want, path)
	}
}
