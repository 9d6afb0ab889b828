package md

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/units"
	"painless/internal/vec"
)

// crystal is argon near its melting point, periodic.
func crystal(n int) atoms.Structure { return argons(n, 3.8, true) }

// The error of the conserved energy, over the run and over replicas whose noise
// differs, falls at least with the square of the time step, in every ensemble.
// The potential has no cutoff, whose jumps are of no order.
func TestConservedEnergyIsOfSecondOrder(t *testing.T) {
	for _, settings := range append(append(thermostats(), barostats()...), Settings{}) {
		settings.Temperature = Constant(60)
		settings.Pressure = Constant(1)
		settings.ThermostatTime, settings.BarostatTime = 500, 5000
		p := lennardJones(120*units.Boltzmann, 3.4, 100, false)
		run := func(dt float64) (e float64) {
			settings.TimeStep = dt
			s := argons(27, 3.8, true)
			for c := range 3 {
				s.Cell[c][c] = 1000 // nearest images alone are a smooth potential here
			}
			replicas := 1
			if settings.Ensemble == Langevin {
				replicas = 16
			}
			d := simulation(t, p, 60, settings, copies(s, replicas)...)
			require.NoError(t, d.Compute(context.Background()))
			var start []float64
			for k := range replicas {
				start = append(start, d.Conserved(k))
			}
			for range int(800 / dt) {
				advance(t, d, 1)
				for k := range replicas {
					e += dt * math.Pow(d.Conserved(k)-start[k], 2)
				}
			}
			return math.Sqrt(e)
		}
		coarse, fine := run(8), run(4)
		assert.Greater(t, math.Log2(coarse/fine), 1.8, "%v %v: %v, %v", settings.Ensemble, settings.Coupling, coarse, fine)
	}
}

// Back in time along the same path.
func TestReversible(t *testing.T) {
	for _, settings := range []Settings{{Ensemble: NVE}, {Ensemble: NHC, Temperature: Constant(60)}, {Ensemble: NPTMTK, Temperature: Constant(60)}} {
		settings.TimeStep = 5
		d := simulation(t, argon(5.6), 60, settings, crystal(27))
		start := append([][3]float64{}, d.System.Positions...)
		advance(t, d, 200)
		for i, v := range d.System.Velocities {
			d.System.Velocities[i] = vec.Scale(v, -1)
		}
		r := &d.replicas[0]
		r.Rate = -r.Rate
		for j := range chainLength {
			r.Chain.Rates[j], r.Cell.Rates[j] = -r.Chain.Rates[j], -r.Cell.Rates[j]
		}
		moved := vec.Distance(start[13], d.System.Positions[13])
		advance(t, d, 200)
		for i := range start {
			assert.InDelta(t, 0, vec.Distance(start[i], d.System.Positions[i]), 1e-7, "%v", settings.Ensemble)
		}
		assert.Greater(t, moved, 0.05)
	}
}

// The configurations of a harmonic oscillator are exact with any time step that
// is stable (Leimkuhler and Matthews): here ω Δt is 1.
func TestLangevinIsExactForHarmonicForces(t *testing.T) {
	const kappa = 1.0
	dt := math.Sqrt(atoms.Mass(18) * units.MassVelocity2 / kappa)
	settings := Settings{Ensemble: Langevin, TimeStep: dt, Temperature: Constant(temperature), ThermostatTime: 2 * dt}
	d := simulation(t, wells(kappa), temperature, settings, copies(argons(1, 1, false), 5000)...)
	advance(t, d, 50)
	var x []float64
	width := math.Sqrt(units.Boltzmann * temperature / kappa)
	for _, r := range d.System.Positions {
		x = append(x, r[0], r[1], r[2])
	}
	normal := func(x float64) float64 { return 0.5 * math.Erfc(-x/(width*math.Sqrt2)) }
	assert.Less(t, kolmogorovSmirnov(x, normal), significant)
}

// Momentum, and without a cell angular momentum, stay what they are.
func TestMomenta(t *testing.T) {
	for _, e := range []Ensemble{NVE, CSVR, NHC} {
		d := simulation(t, argon(100), 60, Settings{Ensemble: e, TimeStep: 5, Temperature: Constant(60), NoRotation: true}, argons(13, 3.9, false))
		advance(t, d, 500)
		for c := range 3 {
			assert.InDelta(t, 0, d.System.Momentum(0)[c], 1e-12)
			assert.InDelta(t, 0, d.System.AngularMomentum(0)[c], 1e-10)
		}
		assert.Equal(t, 3*13-6.0, d.DOF(0))
	}
	d := simulation(t, argon(100), 60, Settings{Ensemble: NVE, TimeStep: 5, KeepDrift: true}, argons(13, 3.9, false))
	p, l := d.System.Momentum(0), d.System.AngularMomentum(0)
	advance(t, d, 500)
	for c := range 3 {
		assert.InDelta(t, p[c], d.System.Momentum(0)[c], 1e-12)
		assert.InDelta(t, l[c], d.System.AngularMomentum(0)[c], 1e-10)
	}
	assert.Greater(t, vec.Norm(p), 1e-3)
}

// What does not move, and what is counted.
func TestDegreesOfFreedom(t *testing.T) {
	molecule := argons(5, 3.8, false)
	for name, test := range map[string]struct {
		settings Settings
		fixed    [][3]bool
		s        atoms.Structure
		want     float64
	}{
		"nve":                     {Settings{}, nil, molecule, 12},
		"nve, drift kept":         {Settings{KeepDrift: true}, nil, molecule, 15},
		"langevin":                {Settings{Ensemble: Langevin}, nil, molecule, 15},
		"without rotation":        {Settings{NoRotation: true}, nil, molecule, 9},
		"two, without rotation":   {Settings{NoRotation: true}, nil, argons(2, 3.8, false), 1},
		"one":                     {Settings{NoRotation: true}, nil, argons(1, 3.8, false), 0},
		"none":                    {Settings{}, nil, atoms.Structure{}, 0},
		"two fixed":               {Settings{}, [][3]bool{{true, true, true}, {true, true, true}, {}, {}, {}}, molecule, 9},
		"z of one fixed":          {Settings{}, [][3]bool{{false, false, true}, {}, {}, {}, {}}, molecule, 12},
		"periodic":                {Settings{}, nil, crystal(5), 12},
		"a bond of constant size": {Settings{Bonds: []Bond{{I: 0, J: 1, Length: 3.8}}}, nil, molecule, 11},
	} {
		test.settings.TimeStep, test.settings.Temperature = 1, Constant(100)
		s, err := NewSystem(test.s)
		require.NoError(t, err)
		s.Fixed = test.fixed
		d, err := New(argon(5), s, test.settings)
		require.NoError(t, err, name)
		d.Thermalize(100)
		assert.Equal(t, test.want, d.DOF(0), name)
		if test.want > 0 {
			assert.InDelta(t, 100, d.Temperature(0), 1e-9, name)
		}
		advance(t, d, 3)
		for i, f := range test.fixed {
			for c := range 3 {
				if f[c] {
					assert.Equal(t, molecule.Positions[i][c], d.System.Positions[i][c], name)
				}
			}
		}
	}
}

// Bonds keep their length to rounding, velocities along them stay none, and the
// energy is conserved.
func TestBonds(t *testing.T) {
	molecule := argons(8, 3.8, false)
	bonds := []Bond{{I: 0, J: 1, Length: 3.8}, {I: 1, J: 3, Length: 3.8}, {I: 4, J: 5, Length: 3.8}}
	for _, e := range []Ensemble{NVE, Langevin, CSVR, NHC} {
		d := simulation(t, argon(100), 40, Settings{Ensemble: e, TimeStep: 5, Temperature: Constant(40), Bonds: bonds}, molecule)
		require.NoError(t, d.Compute(context.Background()))
		start := d.Conserved(0)
		for range 200 {
			advance(t, d, 1)
			for n := range d.bonds.list {
				b := &d.bonds.list[n]
				x := b.vector(d.System)
				v := [3]float64{}
				for c := range v {
					v[c] = d.System.Velocities[b.J][c] - d.System.Velocities[b.I][c]
				}
				assert.InDelta(t, 3.8, vec.Norm(x), 1e-9)
				assert.InDelta(t, 0, vec.Dot(x, v), 1e-11)
			}
		}
		assert.InDelta(t, start, d.Conserved(0), 2e-4, "%v", e)
	}
}

// Friction takes no energy that bonds of constant length have taken before it: a
// fast rotor's conserved energy stays, while its bath gives and takes.
func TestBondsUnderFriction(t *testing.T) {
	var nothing potential = func(*atoms.Batch, int, [][3]float64) (energy float64, virial [3][3]float64) { return 0, virial }
	settings := Settings{Ensemble: Langevin, TimeStep: 20, Temperature: Constant(600), Bonds: []Bond{{I: 0, J: 1, Length: 1}}}
	d := simulation(t, nothing, 600, settings, argons(2, 1, false))
	require.NoError(t, d.Compute(context.Background()))
	start := d.Conserved(0)
	advance(t, d, 5000)
	assert.InDelta(t, start, d.Conserved(0), 1e-8)
}

// Replicas that cannot be computed leave, and the others go on as if alone.
func TestFailingReplica(t *testing.T) {
	p := argon(100)
	var broken potential = func(b *atoms.Batch, k int, forces [][3]float64) (float64, [3][3]float64) {
		energy, virial := p(b, k, forces)
		if len(forces) == 3 && b.Positions[b.Start[k]][0] != 0 { // after the first drift
			energy = math.NaN()
		}
		return energy, virial
	}
	settings := Settings{Ensemble: Langevin, TimeStep: 5, Temperature: Constant(60), Seed: 3, Bonds: []Bond{{I: 8, J: 9, Length: 3.8}}}
	d := simulation(t, broken, 60, settings, argons(5, 3.8, false), argons(3, 3.8, false), argons(4, 3.8, false))
	advance(t, d, 20)
	require.Len(t, d.Failed, 1)
	assert.Equal(t, 1, d.Failed[0].Replica)
	assert.ErrorContains(t, d.Failed[0].Err, "energy is NaN")
	assert.Equal(t, []int{0, 2}, d.System.Replicas)

	settings.Bonds = []Bond{{I: 5, J: 6, Length: 3.8}}
	alone := simulation(t, p, 60, settings, argons(5, 3.8, false), argons(4, 3.8, false))
	alone.System.Replicas = []int{0, 2}
	alone.Thermalize(60)
	advance(t, alone, 20)
	assert.Equal(t, alone.System.Positions, d.System.Positions)
	assert.Equal(t, alone.System.Velocities, d.System.Velocities)

	last := simulation(t, broken, 60, Settings{TimeStep: 5}, argons(3, 3.8, false))
	assert.ErrorContains(t, last.Advance(context.Background()), "replica 0: the energy is NaN")
}

// Temperature and pressure go from one value to the other over the run.
func TestRamps(t *testing.T) {
	settings := Settings{Ensemble: CSVR, TimeStep: 2, Steps: 500, ThermostatTime: 5, Temperature: Ramp{100, 300}}
	d := simulation(t, springs(3, true), 100, settings, copies(argons(atomsEach, 0.3, false), 100)...)
	average := func() (sum float64) {
		for k := range d.System.Len() {
			sum += d.Temperature(k) / float64(d.System.Len())
		}
		return sum
	}
	advance(t, d, 250)
	assert.InDelta(t, 200, average(), 25)
	advance(t, d, 250)
	assert.InDelta(t, 300, average(), 30)
}

func TestSettingsErrors(t *testing.T) {
	good := Settings{Ensemble: CSVR, TimeStep: 1, Temperature: Constant(300), Pressure: Constant(1)}
	for want, change := range map[string]func(s *Settings, y *System){
		"ensemble 9: expected": func(s *Settings, _ *System) { s.Ensemble = 9 },
		"time step 0 fs":       func(s *Settings, _ *System) { s.TimeStep = 0 },
		"time step NaN fs":     func(s *Settings, _ *System) { s.TimeStep = math.NaN() },
		"-1 steps":             func(s *Settings, _ *System) { s.Steps = -1 },
		"temperature 300 to 600 K, pressure 1 to 1 bar, in 0 steps": func(s *Settings, _ *System) { s.Temperature.To = 600 },
		"pressure 1 to 2 bar, in 0 steps":                           func(s *Settings, _ *System) { s.Pressure.To = 2 },
		"structure 0: no rotation: expected no fixed atoms":         func(s *Settings, y *System) { s.NoRotation, y.Fixed = true, [][3]bool{2: {false, true}, 3: {}} },
		"no rotation: expected an isolated structure":               func(s *Settings, y *System) { s.NoRotation, y.PBC[0] = true, [3]bool{true, true} },
		"temperature 300 to 0 K":                                    func(s *Settings, _ *System) { s.Steps, s.Temperature.To = 1, 0 },
		"pressure NaN":                                              func(s *Settings, _ *System) { s.Ensemble, s.Pressure = NPTSCR, Constant(math.NaN()) },
		"barostat time -1":                                          func(s *Settings, _ *System) { s.BarostatTime = -1 },
		"expected the ensemble npt-scr":                             func(s *Settings, _ *System) { s.Ensemble, s.Coupling = NPTMTK, Triclinic },
		"expected a cell that is periodic":                          func(s *Settings, _ *System) { s.Ensemble = NPTSCR },
		"fixed atoms: expected":                                     func(s *Settings, y *System) { s.Ensemble, y.Fixed = NPTSCR, make([][3]bool, 4) },
		"bonds of constant length: expected":                        func(s *Settings, _ *System) { s.Ensemble, s.Bonds = NPTSCR, []Bond{{I: 0, J: 1, Length: 3.8}} },
		"bond of atoms 0 and 4: expected two":                       func(s *Settings, _ *System) { s.Bonds = []Bond{{I: 0, J: 4, Length: 3.8}} },
		"expected a length near 1.000 Å, found 3.":                  func(s *Settings, _ *System) { s.Bonds = []Bond{{I: 0, J: 1, Length: 1}} },
		"structure 0: atom 1 has mass 0":                            func(_ *Settings, y *System) { y.Masses[1] = 0 },
		"system of 4 atoms":                                         func(_ *Settings, y *System) { y.Velocities = nil },
	} {
		system, err := NewSystem(argons(4, 3.8, false))
		require.NoError(t, err)
		settings := good
		change(&settings, system)
		_, err = New(argon(5), system, settings)
		assert.ErrorContains(t, err, want)
	}
	_, err := NewSystem(atoms.Structure{Numbers: []int{200}, Positions: make([][3]float64, 1)})
	assert.ErrorContains(t, err, "atomic number 200")
	_, err = ParseEnsemble("berendsen")
	assert.ErrorContains(t, err, "expected one of nve, langevin, csvr, nhc, npt-scr, npt-mtk")
	e, err := ParseEnsemble("npt-mtk")
	assert.Equal(t, []any{NPTMTK, error(nil)}, []any{e, err})
}

// A ctx that is done keeps a step from beginning, and a step allocates nothing.
func TestAdvance(t *testing.T) {
	for _, settings := range append(thermostats(), barostats()...) {
		settings.TimeStep = 1
		d := simulation(t, scaledSprings(1, 1, true), 100, settings, copies(argons(4, 3.8, true), 3)...)
		advance(t, d, 2)
		ctx, cancel := context.WithCancel(context.Background())
		assert.Zero(t, testing.AllocsPerRun(20, func() { _ = d.Advance(ctx) }), "%v", settings.Ensemble)
		cancel()
		assert.True(t, errors.Is(d.Advance(ctx), context.Canceled))
	}
}
