package validate

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The same stress in every shape, of an atom in a cell of 90 Å³.
const (
	head = `1
Lattice="4 0 0 0 4.5 0 0 0 5" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1 `
	atom      = "\nH 0 0 0 0 0 0\n"
	nine      = `stress="0.01 0.002 0.003 0.002 0.02 0.004 0.003 0.004 0.03"`
	six       = `stress="0.01 0.02 0.03 0.004 0.003 0.002"`
	virial    = `virial="-0.9 -0.18 -0.27 -0.18 -1.8 -0.36 -0.27 -0.36 -2.7"`
	refStress = `REF_stress="0.01 0.002 0.003 0.002 0.02 0.004 0.003 0.004 0.03"`
)

// A stress is compared in every shape, and what is left out is said.
func TestStressShapes(t *testing.T) {
	model := func(args ...string) (m modelReport, key, said string) {
		stdout, stderr, err := execute("", append([]string{"-model", ultraModel, "-json"}, args...)...)
		require.NoError(t, err)
		var r report
		require.NoError(t, json.Unmarshal([]byte(stdout), &r))
		return r.Models[0], r.StressKey, stderr
	}
	want, key, said := model(writeFile(t, "nine.xyz", head+nine+atom))
	assert.Equal(t, 6, want.Stress.N)
	assert.Equal(t, "stress", key)
	assert.Empty(t, said)
	for _, c := range []struct {
		text, key, says string
		none            bool
	}{
		{six, "stress", "the six numbers of stress are read as xx, yy, zz, yz, xz, xy", false},
		{virial, "stress", "stress is −virial/V", false},
		{virial, "virial", "stress is −virial/V", false},
		{refStress, "REF_stress", "", false},
		{refStress, "stress", "REF_stress may be a stress and is left out", true},
		{nine, "REF_stress", "stress may be a stress and is left out", true},
		{nine, "", "", true},
	} {
		path := writeFile(t, "in.xyz", head+c.text+atom+head+c.text+atom)
		got, key, said := model("-stress-key", c.key, path)
		assert.Equal(t, c.key, key)
		if c.says == "" {
			assert.Empty(t, said)
		} else {
			assert.Contains(t, said, "painless: "+path+": frame 0, line 1: "+c.says+"\n")
			assert.NotContains(t, said, "frame 1")
		}
		if c.none {
			assert.Nil(t, got.Stress)
			continue
		}
		assert.Equal(t, 12, got.Stress.N)
		assert.InDelta(t, want.Stress.RMSE, got.Stress.RMSE, 1e-15)
	}
}

// Stress alone can be compared; a molecule's zeros are no label and lack nothing.
func TestStressAlone(t *testing.T) {
	const zeros = `2
stress="0 0 0 0 0 0 0 0 0" pbc="F F F"
H 0 0 0
H 0.7 0 0
`
	path := writeFile(t, "in.xyz", head+nine+atom+zeros)
	stdout, stderr, err := execute("", "-model", ultraModel, "-energy-key", "", "-forces-key", "", path)
	require.NoError(t, err)
	assert.Contains(t, stdout, "stress MAE")
	assert.NotContains(t, stdout, "energy MAE")
	assert.Equal(t, "painless: "+path+": frame 1, line 4: stress of nothing but zeros is left out where the cell has no volume\n", stderr)
}

// A comment of nothing but key=value has labels, as ASE reads it.
func TestEnergyInPlainComment(t *testing.T) {
	const text = "2\nenergy=-14.2 charge=0\nH 0 0 0\nH 0.7 0 0\n"
	stdout, stderr, err := execute(text, "-model", ultraModel, "-forces-key", "", "-")
	require.NoError(t, err)
	assert.Contains(t, stdout, "energy MAE, meV")
	assert.Empty(t, stderr)
}
