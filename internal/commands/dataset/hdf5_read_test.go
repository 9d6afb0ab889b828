package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files is the HDF5 files of the reader's tests.
const files = "../../../data/hdf5/testdata/"

// HDF5 is read in every build, whatever it is called.
func TestFromHDF5(t *testing.T) {
	b, err := os.ReadFile(files + "gzip.h5")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "set")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	for _, in := range []string{files + "gzip.h5", path} {
		stdout, stderr, err := execute(t, "", in)
		require.NoError(t, err)
		assert.Equal(t, frames(t, readFile(t, files+"set.extxyz")), frames(t, stdout))
		assert.Equal(t, "painless: left out the metadata of "+in+": cells, count, cutoff, elements, fixed, numbers, periodic, teacher\npainless: wrote 6 structures\n", stderr)
	}
}

// What was taken for labels of another project's layout is said.
func TestFromOtherLayouts(t *testing.T) {
	in := files + "projects/spice.h5"
	stdout, stderr, err := execute(t, "", in)
	require.NoError(t, err)
	assert.Len(t, frames(t, stdout), 4)
	assert.Equal(t, "painless: "+in+": frame 0: the file has the layout of SPICE (docs/datasets.md): dft_total_energy and dft_total_gradient, from Hartree and Bohr\n"+
		"painless: left out what else is in "+in+": /hydrogen_chloride_2/smiles, /hydrogen_chloride_2/subset\npainless: wrote 4 structures\n", stderr)
}
