package md

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/units"
)

// argons is n atoms on a cubic lattice with a spacing, Å, periodic or not.
func argons(n int, spacing float64, periodic bool) atoms.Structure {
	side := int(math.Ceil(math.Cbrt(float64(n))))
	s := atoms.Structure{}
	for i := range n {
		s.Numbers = append(s.Numbers, 18)
		s.Positions = append(s.Positions, [3]float64{spacing * float64(i%side), spacing * float64(i/side%side), spacing * float64(i/side/side)})
	}
	if periodic {
		for c := range 3 {
			s.Cell[c][c], s.PBC[c] = spacing*float64(side), true
		}
	}
	return s
}

// copies is n times the same structure.
func copies(s atoms.Structure, n int) (list []atoms.Structure) {
	for range n {
		list = append(list, s)
	}
	return list
}

// simulation is a system with drawn velocities.
func simulation(t testing.TB, p Potential, temperature float64, settings Settings, structures ...atoms.Structure) *Dynamics {
	t.Helper()
	s, err := NewSystem(structures...)
	require.NoError(t, err)
	d, err := New(p, s, settings)
	require.NoError(t, err)
	d.Thermalize(temperature)
	return d
}

func advance(t testing.TB, d *Dynamics, steps int) {
	t.Helper()
	for range steps {
		require.NoError(t, d.Advance(context.Background()))
	}
}

// argon is Lennard-Jones's potential of argon, ε = 120 K k_B, σ = 3.4 Å.
func argon(cutoff float64) potential {
	return lennardJones(120*units.Boltzmann, 3.4, cutoff, true)
}

// long reports whether the heavy proofs are asked for.
func long() bool { return os.Getenv("PAINLESS_LONG") != "" }

// needLong skips a proof that is too heavy for every day.
func needLong(t *testing.T) {
	t.Helper()
	if !long() {
		t.Skip("set PAINLESS_LONG=1 to run it")
	}
}
