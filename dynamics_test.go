package painless_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/units"
	"painless/md"
)

// student is a potential of random weights, in the yardstick's arithmetic.
func student(t *testing.T) *painless.Model {
	m, err := painless.Open("testdata/ultra_tiny.pt", painless.Options{Precision: painless.Float64, Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, m.Close()) })
	return m
}

// skewed is water in a cell that is neither triangular nor symmetric.
func skewed() atoms.Structure {
	s := systems.WaterBox(1, 1, 2)
	shear := [3][3]float64{{1, 0.15, 0.05}, {-0.1, 1, 0.2}, {0.08, -0.12, 1}}
	for i, r := range s.Positions {
		s.Positions[i] = apply(&shear, r)
	}
	for v, r := range s.Cell {
		s.Cell[v] = apply(&shear, r)
	}
	return s
}

func apply(m *[3][3]float64, r [3]float64) (x [3]float64) {
	for a := range x {
		x[a] = m[a][0]*r[0] + m[a][1]*r[1] + m[a][2]*r[2]
	}
	return x
}

// simulate is a student's motion at constant energy.
func simulate(t *testing.T, p md.Potential, s atoms.Structure, temperature float64) *md.Dynamics {
	system, err := md.NewSystem(s)
	require.NoError(t, err)
	d, err := md.New(p, system, md.Settings{TimeStep: 0.25, Seed: 3})
	require.NoError(t, err)
	d.Thermalize(temperature)
	return d
}

// Folding positions into the cell at every step changes a student's path by
// nothing but rounding (nvalchemi-toolkit 151: an old list of neighbours stayed).
func TestFoldedPositions(t *testing.T) {
	s := systems.WaterBox(1, 1, 2)
	corner := s.Positions[0] // where it is, atoms come and go
	for i := range s.Positions {
		for c := range 3 {
			s.Positions[i][c] -= corner[c]
		}
	}
	whole, folded := simulate(t, student(t), s, 3000), simulate(t, student(t), s, 3000)
	folds := 0
	for range 80 {
		for i, r := range folded.System.Positions {
			for c, x := range r {
				length := folded.System.Cells[0][c][c]
				if shift := math.Floor(x / length); shift != 0 {
					folded.System.Positions[i][c] -= shift * length
					folds++
				}
			}
		}
		require.NoError(t, whole.Advance(context.Background()))
		require.NoError(t, folded.Advance(context.Background()))
	}
	assert.Greater(t, folds, 3)
	assert.InDelta(t, whole.System.Result.Energy[0], folded.System.Result.Energy[0], 1e-9)
	for i, v := range whole.System.Velocities {
		assert.InDeltaSlice(t, v[:], folded.System.Velocities[i][:], 1e-10)
	}
}

// What changes between two steps is seen by the next, as if the student had never
// seen anything else: results, elements and all, stayed (apax 37).
func TestChangesAreSeen(t *testing.T) {
	for name, change := range map[string]func(s *md.System){
		"numbers": func(s *md.System) { s.Numbers[0] = 6 },
		"cell":    func(s *md.System) { s.Cells[0][1][2] += 0.3 },
		"pbc":     func(s *md.System) { s.PBC[0][2] = false },
		"swap":    func(s *md.System) { s.Positions[0], s.Positions[4] = s.Positions[4], s.Positions[0] },
	} {
		d := simulate(t, student(t), skewed(), 300)
		for range 5 {
			require.NoError(t, d.Advance(context.Background()))
		}
		before := d.System.Result.Energy[0]
		change(d.System)
		require.NoError(t, d.Compute(context.Background()))
		var fresh atoms.Result
		require.NoError(t, student(t).Compute(context.Background(), &d.System.Batch, &fresh))
		assert.Equal(t, fresh, d.System.Result, name)
		assert.NotEqual(t, before, fresh.Energy[0], name)
	}
}

// The pressure of a student's atoms at rest is −dE/dV, and its stress in a skewed
// cell has all components where ASE has them (torchani 644: none; apax 152: transposed).
func TestPressureAndStress(t *testing.T) {
	p := student(t)
	energy := func(a, b int, size float64) float64 {
		s := skewed()
		strain := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
		strain[a][b] += size / 2
		strain[b][a] += size / 2
		for i, r := range s.Positions {
			s.Positions[i] = apply(&strain, r)
		}
		for v, r := range s.Cell {
			s.Cell[v] = apply(&strain, r)
		}
		var r atoms.Result
		require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(s), &r))
		return r.Energy[0]
	}
	system, err := md.NewSystem(skewed())
	require.NoError(t, err)
	require.NoError(t, p.Compute(context.Background(), &system.Batch, &system.Result))
	volume, ok := system.Volume(0)
	require.True(t, ok)
	trace := 0.0
	const h = 1e-4
	for v, ab := range [6][2]int{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}} {
		want := (energy(ab[0], ab[1], h) - energy(ab[0], ab[1], -h)) / (2 * h * volume)
		assert.InDelta(t, want, system.Result.Stress[0][v], 1e-6*math.Abs(want)+1e-9, "%d", v)
		assert.Greater(t, math.Abs(want), 1e-5, "%d, eV/Å³", v)
		if v < 3 {
			trace += want
		}
	}
	assert.InEpsilon(t, -trace/3/units.Bar, system.Pressure(0), 1e-6)
}
