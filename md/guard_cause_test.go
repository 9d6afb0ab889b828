package md

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// What is known of the potential between two elements names the cause, or clears it.
func TestGuardCause(t *testing.T) {
	for _, test := range []struct {
		jump, wall, change float64
		move               float64 // Å, of an atom
		want               string
	}{
		{0.3, 1, 2, 2, "; likely cause: the energy jumps 0.3 eV (Ar–Ar) when a pair crosses the cutoff of 5 Å; between the steps 0 and 0 the pairs 0–1 (Ar–Ar) did, and the conserved energy changed by 2 eV"},
		{1e-6, 1, 2, 2, "; is the time step of 1 fs too long, or has the structure come apart?"},
		{0.3, -1, 0, -3.7, "atoms 0 (Ar) and 1 (Ar) are 0.30 Å apart: nothing in the potential keeps Ar and Ar apart"},
		{0.3, 1.25, 0, -3.7, "atoms 0 (Ar) and 1 (Ar) are 0.30 Å apart: beyond the potential's wall of 1.2 eV between Ar and Ar"},
	} {
		two := atoms.Structure{Numbers: []int{18, 18}, Positions: [][3]float64{{0, 0, 0}, {4, 0, 0}}}
		d := simulation(t, argon(5.6), 60, Settings{TimeStep: 1}, two)
		require.NoError(t, d.Compute(t.Context()))
		g, err := NewGuard(d, Limits{Cutoff: 5, Pair: func(a, b int) (PairFaults, bool) {
			return PairFaults{Jump: test.jump, Wall: test.wall}, a == 18 && b == 18
		}})
		require.NoError(t, err)
		d.System.Result.Energy[0] += test.change
		d.System.Positions[1][0] += test.move
		alarms := g.Check(d)
		require.Len(t, alarms, 1)
		assert.ErrorContains(t, alarms[0].Err, test.want)
	}
}
