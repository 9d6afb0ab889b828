package validate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/commands/cli"
)

// files is the HDF5 files of the reader's tests.
const files = "../../../data/hdf5/testdata/"

// A structure that HDF5 cannot give, and a label that is not finite, are listed;
// everything else is compared.
func TestHDF5Incomplete(t *testing.T) {
	for name, c := range map[string]struct {
		frame, computed, energies, atoms int
		reason                           string
	}{
		"nan_energy": {5, 6, 5, 22, "energy: expected finite numbers, found NaN"},
		"inf_force":  {2, 6, 6, 17, "forces of atom 1: expected finite numbers, found +Inf"},
		"nan_stress": {2, 6, 6, 22, "stress: expected finite numbers, found NaN"},
	} {
		path := files + name + ".h5"
		_, says, _ := execute("", "-model", ultraModel, path)
		r := runWith(t, "", t.TempDir(), says, "-model", ultraModel, path)
		assert.Equal(t, 2, cli.Code(r.err), name)
		require.NotEmpty(t, r.Unlabelled, name)
		found := false
		for _, l := range r.Unlabelled {
			found = found || l.Frame == c.frame && l.Reason == c.reason
		}
		assert.True(t, found, "%s: %v", name, r.Unlabelled)
		m := r.Models[0]
		assert.Equal(t, 6, r.Structures)
		assert.Equal(t, c.computed, m.Computed, name)
		assert.Equal(t, c.energies, m.Energy.N, name)
		assert.Equal(t, 3*c.atoms, m.Forces.N, name)
	}
	_, _, err := execute("", "-model", ultraModel, writeFile(t, "broken.h5", "no HDF5"))
	assert.ErrorContains(t, err, "broken.h5: expected an HDF5 file")
}
