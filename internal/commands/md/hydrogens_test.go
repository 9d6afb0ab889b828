package md

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/md"
)

// A stretched bond of a large atom is one, and what parts molecules is none: it is
// said which hydrogens are free.
func TestReachOfHydrogenBonds(t *testing.T) {
	for _, test := range []struct {
		element  int
		distance float64 // Å
		bond     bool
	}{
		{16, 1.331, true}, {16, 1.6, true}, {16, 2.2, false}, {6, 1.09, true}, {6, 1.35, true}, {8, 1.3, true}, {8, 1.5, false},
		{14, 1.48, true}, {53, 1.61, true}, {53, 2.6, false}, {15, 1.42, true},
	} {
		// A hydrogen of the element, and an O–H at a distance.
		system, err := md.NewSystem(atoms.Structure{Numbers: []int{test.element, 1, 8, 1}, Positions: [][3]float64{{}, {0, 0, test.distance}, {9, 0, 0}, {9, 0, 0.97}}})
		require.NoError(t, err)
		bonds, without, err := hydrogenBonds(system)
		require.NoError(t, err)
		if test.bond {
			require.Len(t, bonds, 2, test)
			assert.Equal(t, []int{1, 0}, []int{bonds[0].I, bonds[0].J})
			assert.Empty(t, without)
		} else {
			require.Len(t, bonds, 1, test)
			assert.Equal(t, []int{1}, without)
		}
	}

	// Between two atoms a hydrogen belongs to the one whose radius it is within.
	system, err := md.NewSystem(atoms.Structure{Numbers: []int{8, 1, 16}, Positions: [][3]float64{{0, 0, -1.33}, {}, {0, 0, 1.34}}})
	require.NoError(t, err)
	bonds, _, err := hydrogenBonds(system)
	require.NoError(t, err)
	require.Len(t, bonds, 1)
	assert.Equal(t, 2, bonds[0].J)
}

// How many bonds are held is said, and which hydrogens are free.
func TestSayHydrogenBonds(t *testing.T) {
	one := "4\n\nS 0 0 0\nH 0 1.331 0\nH 1.331 0 0\nH 0 0 5\n"
	stderr, err := execute(t, "-any-element", "-temperature", "20", "-dt", "0.01", "-steps", "1", "-hbonds", write(t, "in.xyz", one+one))
	require.NoError(t, err)
	assert.Contains(t, stderr, "painless: md: -hbonds holds 4 bonds to hydrogen\n")
	assert.Contains(t, stderr, "hydrogen without a bond that is held, which a step of 2 fs may be too long for: atom 3 of replica 0, atom 3 of replica 1\n")
}
