package md

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/units"
	"painless/internal/vec"
)

// What users of other programs reported, each with the right value.

// fold puts positions into an orthorhombic cell.
func fold(s *System) (folded int) {
	for i := range s.Positions {
		for c := range 3 {
			shift := math.Floor(s.Positions[i][c] / s.Cells[0][c][c])
			if shift != 0 {
				s.Positions[i][c] -= shift * s.Cells[0][c][c]
				folded++
			}
		}
	}
	return folded
}

// Positions that are folded into the cell as they move were out of the
// neighbour list's sight, and the energy drifted (nvalchemi-toolkit 151). A hot
// liquid that is folded before every step has the path of one that is not.
func TestFoldedPositions(t *testing.T) {
	run := func(folds bool) (d *Dynamics, drift float64) {
		d = simulation(t, argonFluid(2, true), 400, Settings{TimeStep: 2, Seed: 29}, fcc(math.Cbrt(4*48), 3))
		require.NoError(t, d.Compute(context.Background()))
		start, folded := d.Conserved(0), 0
		for range 600 {
			if folds {
				folded += fold(d.System)
			}
			advance(t, d, 1)
			drift = max(drift, math.Abs(d.Conserved(0)-start))
		}
		if folds {
			assert.Greater(t, folded, 50)
			assert.Greater(t, len(d.potential.(*fluid).list.D), 1000)
		}
		return d, drift
	}
	whole, drift := run(false)
	folded, driftOfFolded := run(true)
	t.Logf("drift %.2g eV, folded %.2g eV", drift, driftOfFolded)
	assert.InDelta(t, drift, driftOfFolded, 1e-5)
	assert.Less(t, driftOfFolded, 0.01) // eV, of 108 atoms
	assert.InDelta(t, whole.System.Result.Energy[0], folded.System.Result.Energy[0], 1e-5)
}

// At constant pressure the density ran away in every coupling (nvalchemi-toolkit
// 89, schnetpack 783). A crystal at the pressure that it has at a volume has that volume.
func TestDensityStays(t *testing.T) {
	const kelvin, volume, copiesOf = 40.0, 38.5, 8 // Å³ an atom
	crystal := fcc(math.Cbrt(4*volume), 2)
	mean := func(settings Settings, of func(d *Dynamics, k int) float64) (sum float64) {
		settings.TimeStep, settings.Seed, settings.ThermostatTime, settings.Temperature = 5, 31, 100, Constant(kelvin)
		d := simulation(t, argonFluid(2.2, true), 2*kelvin, settings, copies(crystal, copiesOf)...)
		const before, many = 120, 360
		advance(t, d, before)
		for range many {
			advance(t, d, 1)
			for k := range copiesOf {
				sum += of(d, k) / (many * copiesOf)
			}
		}
		return sum
	}
	pressure := mean(Settings{Ensemble: CSVR}, func(d *Dynamics, k int) float64 { return d.System.Pressure(k) })
	// The degrees of freedom of the drift that was taken away have their share of the pressure too.
	pressure += units.Boltzmann * kelvin / (volume * float64(len(crystal.Numbers))) / units.Bar
	for _, settings := range barostats() {
		settings.Pressure, settings.BarostatTime, settings.Compressibility = Constant(pressure), 150, 5e-5
		found := mean(settings, func(d *Dynamics, k int) float64 {
			v, _ := d.System.Volume(k)
			return v / float64(len(crystal.Numbers))
		})
		t.Logf("%v %v: %.3f Å³ an atom at %.0f bar", settings.Ensemble, settings.Coupling, found, pressure)
		assert.InEpsilon(t, volume, found, 0.015, "%v %v", settings.Ensemble, settings.Coupling)
	}
}

// A restart at constant pressure forgot the cell (mlip-arena 93): here of any
// shape, and with a neighbour list that has to be found again.
func TestRestartKeepsTheCell(t *testing.T) {
	for _, settings := range barostats() {
		settings.TimeStep, settings.Seed, settings.Temperature = 5, 37, Constant(60)
		settings.BarostatTime, settings.Compressibility = 200, 2e-4
		start := func() *Dynamics {
			return simulation(t, argonFluid(2.2, true), 60, settings, rhombohedral(3, 42), rhombohedral(2, 38))
		}
		whole := start()
		first := whole.System.Cells[0]
		advance(t, whole, 80)
		d := start()
		advance(t, d, 41)
		var file bytes.Buffer
		require.NoError(t, d.Save(&file, Identity{Hash: "argon"}))
		at41 := d.System.Cells
		d, err := Restore(&file, argonFluid(2.2, true), Identity{Hash: "argon"})
		require.NoError(t, err)
		assert.Equal(t, at41, d.System.Cells)
		advance(t, d, 39)
		assert.Equal(t, whole.System.Cells, d.System.Cells, "%v %v", settings.Ensemble, settings.Coupling)
		assert.Equal(t, whole.System.Positions, d.System.Positions)
		assert.Equal(t, whole.System.Velocities, d.System.Velocities)
		assert.NotEqual(t, first, d.System.Cells[0])
	}
}

// Cells that are not triangular were turned without their atoms (atomate2 1254),
// or transposed (PySAGES 306): a crystal in the primitive cell moves as the
// same one does in a cell that was turned to be triangular.
func TestTurnedCells(t *testing.T) {
	original := rhombohedral(3, 40)
	original.Positions[0][0] += 0.3
	turn := triangular(&original.Cell)
	turned := original
	turned.Positions = nil
	for _, r := range original.Positions {
		turned.Positions = append(turned.Positions, vec.RowTimes(r, &turn))
	}
	for v, vector := range original.Cell {
		turned.Cell[v] = vec.RowTimes(vector, &turn)
	}
	require.Zero(t, math.Round(1e9*turned.Cell[0][1]))
	require.NotZero(t, math.Round(turned.Cell[2][0]))
	at, press := Constant(60), Constant(100)
	for _, settings := range []Settings{{}, {Ensemble: CSVR, Temperature: at}, {Ensemble: NHC, Temperature: at},
		{Ensemble: NPTSCR, Temperature: at, Pressure: press}, {Ensemble: NPTMTK, Temperature: at, Pressure: press}} {
		settings.TimeStep, settings.Seed = 5, 41
		run := func(s atoms.Structure, turn vec.Matrix) *Dynamics {
			d := simulation(t, argonFluid(2.2, true), 60, settings, s)
			for i, v := range simulation(t, argonFluid(2.2, true), 60, settings, original).System.Velocities {
				d.System.Velocities[i] = vec.RowTimes(v, &turn)
			}
			advance(t, d, 200)
			return d
		}
		a, b := run(original, vec.Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}), run(turned, turn)
		for i, r := range a.System.Positions {
			assert.InDelta(t, 0, vec.Distance(vec.RowTimes(r, &turn), b.System.Positions[i]), 1e-9, "%v", settings.Ensemble)
		}
		for v, vector := range a.System.Cells[0] {
			assert.InDelta(t, 0, vec.Distance(vec.RowTimes(vector, &turn), b.System.Cells[0][v]), 1e-9, "%v", settings.Ensemble)
		}
		assert.InDelta(t, a.System.Pressure(0), b.System.Pressure(0), 1e-5)
	}
}

// triangular is the rotation, of row vectors, after which the first lattice vector
// is along x and the second in the plane of x and y.
func triangular(cell *vec.Matrix) (turn vec.Matrix) {
	x := vec.Scale(cell[0], 1/vec.Norm(cell[0]))
	z := vec.Cross(cell[0], cell[1])
	z = vec.Scale(z, 1/vec.Norm(z))
	y := vec.Cross(z, x)
	for c := range 3 {
		turn[c] = [3]float64{x[c], y[c], z[c]}
	}
	return turn
}

// In a cell that is no triangle and no symmetric matrix, a strain by any component
// costs what the virial says: none is 0, and none is in another's place
// (torchani 644, apax 152).
func TestVirialInAnyCell(t *testing.T) {
	s := rhombohedral(2, 40)
	s.Cell[1][0] += 1.5
	s.Positions[3] = [3]float64{4.1, 2.9, 5.2}
	s.Positions[5][2] -= 0.4
	p := argonFluid(2.2, true)
	energy := func(a, b int, size float64) float64 {
		strained := atoms.NewBatch(s)
		strain := vec.Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
		strain[a][b] += size // r_a += ε_ab r_b
		for i, r := range strained.Positions {
			strained.Positions[i] = vec.Times(&strain, r)
		}
		for v, r := range strained.Cells[0] {
			strained.Cells[0][v] = vec.Times(&strain, r)
		}
		var r atoms.Result
		require.NoError(t, p.Compute(context.Background(), strained, &r))
		return r.Energy[0]
	}
	var r atoms.Result
	require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(s), &r))
	for a := range 3 {
		for b := range 3 {
			want := -(energy(a, b, 1e-5) - energy(a, b, -1e-5)) / 2e-5
			assert.InDelta(t, want, r.Virial[0][a][b], 1e-6, "%d %d", a, b)
			assert.Greater(t, math.Abs(want), 1e-3, "%d %d", a, b)
		}
	}
}

// A Nosé–Hoover chain overflowed after 100 000 steps (SevenNet 244).
func TestChainsLast(t *testing.T) {
	for _, settings := range []Settings{{Ensemble: NHC}, {Ensemble: NPTMTK, Pressure: Constant(1000)}} {
		settings.TimeStep, settings.Temperature, settings.ThermostatTime, settings.BarostatTime = 4, Constant(temperature), 50, 200
		d := simulation(t, scaledSprings(20, 0.2, false), temperature, settings, argons(3, 2.5, true))
		advance(t, d, 2000) // from a lattice far too hot
		start, kinetic := d.Conserved(0), 0.0
		const steps = 120_000
		for range steps {
			advance(t, d, 1)
			kinetic += d.Temperature(0) / steps
		}
		r := d.replicas[0]
		t.Logf("%v: %.1f K, the conserved energy changed by %.2g eV", settings.Ensemble, kinetic, d.Conserved(0)-start)
		assert.InEpsilon(t, temperature, kinetic, 0.03, "%v", settings.Ensemble)
		assert.InDelta(t, start, d.Conserved(0), 0.01, "%v", settings.Ensemble)
		for j := range chainLength {
			assert.Less(t, math.Abs(r.Chain.Rates[j]), 1.0, "1/fs")
			assert.Less(t, math.Abs(r.Cell.Rates[j]), 1.0, "1/fs")
		}
	}
}

// What changes between two steps, elements, cell and boundaries, is seen by the
// next: old results stayed (apax 37).
func TestChangesAreSeen(t *testing.T) {
	for name, change := range map[string]func(s *System){
		"cell":      func(s *System) { s.Cells[0][1][1] *= 1.03 },
		"skew":      func(s *System) { s.Cells[0][2][0] += 0.7 },
		"pbc":       func(s *System) { s.PBC[0][2] = false },
		"positions": func(s *System) { s.Positions[7][0] += 0.05 },
		"jump": func(s *System) {
			s.Positions[7], s.Positions[9] = s.Positions[9], s.Positions[7]
			s.Positions[7][1] += 0.2
		},
	} {
		d := simulation(t, argonFluid(2.2, true), 40, Settings{TimeStep: 5, Seed: 43}, fcc(math.Cbrt(4*38), 2))
		advance(t, d, 20)
		before := d.System.Result.Energy[0]
		change(d.System)
		require.NoError(t, d.Compute(context.Background()))
		var want atoms.Result
		require.NoError(t, argonFluid(2.2, true).Compute(context.Background(), &d.System.Batch, &want))
		assert.Equal(t, want.Energy, d.System.Result.Energy, name)
		assert.Equal(t, want.Forces, d.System.Result.Forces, name)
		assert.Equal(t, want.Virial, d.System.Result.Virial, name)
		assert.NotEqual(t, before, want.Energy[0], name)
	}
}

// Degrees of freedom that bonds, fixed atoms, drift and rotation take were counted
// wrongly (TorchSim 521): the kinetic energy has the χ² of those that are left.
func TestKineticEnergyOfConstraints(t *testing.T) {
	const each = 4
	constrained := map[string]struct {
		settings Settings
		bonds    bool
		fixed    [3]bool // components of the first atom
		want     float64
	}{
		"bonds, langevin":           {Settings{Ensemble: Langevin}, true, [3]bool{}, 3*each - 2},
		"bonds, csvr":               {Settings{Ensemble: CSVR}, true, [3]bool{}, 3*each - 2 - 3},
		"fixed atom, langevin":      {Settings{Ensemble: Langevin}, false, [3]bool{true, true, true}, 3*each - 3},
		"fixed atom, csvr":          {Settings{Ensemble: CSVR}, false, [3]bool{true, true, true}, 3*each - 3},
		"fixed component, csvr":     {Settings{Ensemble: CSVR}, false, [3]bool{false, true, false}, 3*each - 1 - 2},
		"no rotation, langevin":     {Settings{Ensemble: Langevin, NoRotation: true}, false, [3]bool{}, 3*each - 3},
		"no rotation, csvr":         {Settings{Ensemble: CSVR, NoRotation: true}, false, [3]bool{}, 3*each - 6},
		"bonds, no rotation, csvr":  {Settings{Ensemble: CSVR, NoRotation: true}, true, [3]bool{}, 3*each - 8},
		"bonds and drift kept, nhc": {Settings{Ensemble: NHC, KeepDrift: true}, true, [3]bool{}, 3*each - 2},
	}
	for name, test := range constrained {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := test.settings
			settings.TimeStep, settings.Seed, settings.ThermostatTime, settings.Temperature = 4, 47, 30, Constant(temperature)
			s, err := NewSystem(copies(argons(each, 0.3, false), replicas)...)
			require.NoError(t, err)
			for k := range replicas {
				if test.bonds { // 0–1 and 2–3
					for _, i := range []int{s.Start[k], s.Start[k] + 2} {
						settings.Bonds = append(settings.Bonds, Bond{I: i, J: i + 1, Length: 0.3})
					}
				}
				if test.fixed != [3]bool{} {
					s.Fixed = append(append(s.Fixed, test.fixed), make([][3]bool, each-1)...)
				}
			}
			d, err := New(springs(3, settings.KeepDrift), s, settings)
			require.NoError(t, err)
			d.Thermalize(temperature)
			advance(t, d, 300)
			assert.Equal(t, test.want, d.DOF(0))
			assert.Less(t, kolmogorovSmirnov(kinetics(d), chiSquared(test.want)), significant, fmt.Sprintf("%v of %v", mean(kinetics(d)), test.want))
		})
	}
}
