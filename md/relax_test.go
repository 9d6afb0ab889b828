package md

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/vec"
)

// result is a copy of a Relaxed.
type result struct {
	Relaxed
	forces [][3]float64
}

// relax relaxes structures, all at once, and returns what becomes of them, by id.
func relax(t testing.TB, p Potential, settings RelaxSettings, fixed [][3]bool, structures ...atoms.Structure) map[int]result {
	t.Helper()
	r, err := NewRelaxation(p, settings)
	require.NoError(t, err)
	for k := range structures {
		require.NoError(t, r.Add(k, &structures[k], fixed))
	}
	found := map[int]result{}
	for r.Len() > 0 {
		require.NoError(t, r.Advance(context.Background(), func(done *Relaxed) {
			one := *done
			one.Structure = atoms.NewBatch(done.Structure).Structure(0)
			found[done.ID] = result{one, append([][3]float64{}, done.Forces...)}
		}))
	}
	require.Len(t, found, len(structures))
	return found
}

// shaken moves every atom by up to a length along each axis.
func shaken(s atoms.Structure, by float64, seed int) atoms.Structure {
	s.Positions = append([][3]float64{}, s.Positions...)
	draw := rand.New(rand.NewPCG(uint64(seed), 1))
	for i := range s.Positions {
		for c := range 3 {
			s.Positions[i][c] += by * (2*draw.Float64() - 1)
		}
	}
	return s
}

var optimizers = []Optimizer{FIRE, LBFGS}

// icosahedron is the minimum of thirteen atoms of Lennard-Jones with ε = 1 eV and σ = 1 Å, nearly.
func icosahedron() atoms.Structure {
	phi, s := (1+math.Sqrt(5))/2, atoms.Structure{Numbers: []int{18}, Positions: [][3]float64{{}}}
	for _, a := range []float64{-1, 1} {
		for _, b := range []float64{-phi, phi} {
			for _, r := range [][3]float64{{0, a, b}, {a, b, 0}, {b, 0, a}} {
				s.Numbers, s.Positions = append(s.Numbers, 18), append(s.Positions, vec.Scale(r, 1.08/math.Hypot(1, phi)))
			}
		}
	}
	return s
}

// Thirteen atoms of Lennard-Jones find the energy of Wales's and Doye's table
// (J. Phys. Chem. A 101, 5111 (1997)), −44.326801 ε.
func TestRelaxCluster(t *testing.T) {
	for _, o := range optimizers {
		for seed := range 5 {
			done := relax(t, lennardJones(1, 1, 1e3, false), RelaxSettings{Optimizer: o, Force: 1e-5}, nil, shaken(icosahedron(), 0.1, seed))[0]
			require.True(t, done.Converged)
			assert.InDelta(t, -44.326801, done.Energy, 1e-6)
			assert.Less(t, done.MaxForce, 1e-5)
			assert.Greater(t, done.First, done.Energy)
			t.Logf("%s: %d steps", optimizerNames[o], done.Steps)
		}
	}
}
