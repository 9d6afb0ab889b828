package md

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/units"
)

// The liquid of Lennard-Jones at T* = kT/ε and ρ* = ρσ³, with a cutoff of 3σ and
// corrections for what lies beyond: the potential energy and pressure of NIST's
// Monte Carlo of 500 atoms (Standard Reference Simulation Website, NIST Standard
// Reference Database 173, mmlapps.nist.gov/srs/LJ_PURE/mc.htm). NIST's energies
// are good to 4 in the last digit at the first point and 2.3 at the second.
var liquids = []struct{ temperature, density, energy, pressure float64 }{
	{0.85, 0.776, -5.5121, 0.0067714},
	{0.85, 0.860, -6.0305, 1.2660},
	{0.90, 0.820, -5.7456, 0.82386},
}

// averages is what a run found, in reduced units, and the standard errors.
type averages struct{ energy, pressure, temperature estimate }

// estimate is a mean and its standard error.
type estimate struct{ mean, deviation float64 }

// blocked is the mean of a series, and its standard error from the means of blocks.
func blocked(series []float64) (e estimate) {
	const blocks = 8
	var means []float64
	for size := len(series) / blocks; len(means) < blocks; series = series[size:] {
		means = append(means, mean(series[:size]))
	}
	e.mean = mean(means)
	for _, x := range means {
		e.deviation += (x - e.mean) * (x - e.mean)
	}
	e.deviation = math.Sqrt(e.deviation / (blocks - 1) / blocks)
	return e
}

func (e estimate) String() string { return fmt.Sprintf("%.4f ± %.4f", e.mean, e.deviation) }

// observe runs 4 n³ atoms from a lattice, and looks at them after some steps.
func observe(t *testing.T, ensemble Ensemble, n int, temperature, density, cutoff float64, before, steps int) averages {
	t.Helper()
	p := argonFluid(cutoff, false)
	kelvin := temperature * p.epsilon / units.Boltzmann
	s := fcc(p.sigma*math.Cbrt(4/density), n)
	settings := Settings{Ensemble: ensemble, Temperature: Constant(kelvin), Seed: 53}
	unit := p.sigma * math.Sqrt(39.948*units.MassVelocity2/p.epsilon) // of time, fs
	settings.TimeStep, settings.ThermostatTime = 0.005*unit, 0.2*unit
	d := simulation(t, p, 2*kelvin, settings, s) // a lattice gives half of it to the potential energy
	advance(t, d, before)
	number := float64(len(s.Numbers))
	volume, _ := d.System.Volume(0)
	var energy, pressure, found []float64
	for range steps {
		advance(t, d, 1)
		w := &d.System.Result.Virial[0]
		energy = append(energy, d.System.Result.Energy[0]/p.epsilon/number)
		// the temperature is known: its fluctuations are left out of the pressure
		pressure = append(pressure, density*temperature+(w[0][0]+w[1][1]+w[2][2])/(3*volume)/p.epsilon*p.sigma*p.sigma*p.sigma)
		found = append(found, d.Temperature(0)/kelvin*temperature)
	}
	return averages{blocked(energy), blocked(pressure), blocked(found)}
}

// holds compares with values that have standard errors themselves.
func (a averages) holds(t *testing.T, what string, energy, pressure, temperature estimate) {
	t.Helper()
	t.Logf("%s: u = %v, expected %v; p = %v, expected %v; T = %v", what, a.energy, energy, a.pressure, pressure, a.temperature)
	for quantity, pair := range map[string][2]estimate{"energy": {a.energy, energy}, "pressure": {a.pressure, pressure}, "temperature": {a.temperature, temperature}} {
		off := math.Abs(pair[0].mean - pair[1].mean)
		assert.Less(t, off, 4*math.Hypot(pair[0].deviation, pair[1].deviation), "%s %s", what, quantity)
	}
}

// Liquids have NIST's energies and pressures. The short version's blocks are hardly
// independent, and its atoms fewer: hence wide bars.
func TestLiquid(t *testing.T) {
	points, size, before, steps, wide := liquids[:1], 3, 400, 800, 10.0
	if long() {
		points, size, before, steps, wide = liquids, 5, 3000, 15_000, 1
	}
	for _, ensemble := range []Ensemble{CSVR, Langevin} {
		for _, l := range points {
			name := fmt.Sprintf("%v at T* %v and ρ* %v", ensemble, l.temperature, l.density)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := observe(t, ensemble, size, l.temperature, l.density, 3, before, steps)
				const c = 1.0 / 27 // σ³ over that of the cutoff
				a.energy.mean += 8 * math.Pi / 3 * l.density * (c*c*c/3 - c)
				a.pressure.mean += 16 * math.Pi / 3 * l.density * l.density * (2*c*c*c/3 - c)
				a.holds(t, name, estimate{l.energy, 0.001 * wide}, estimate{l.pressure, 0.005 * wide}, estimate{l.temperature, 0.001 * wide})
				if long() {
					require.Less(t, a.energy.deviation, 0.005)
					require.Less(t, a.pressure.deviation, 0.03)
				}
			})
		}
	}
}

// The lattice's energy is c₂ρ*² + c₄ρ*⁴.
const c2, c4 = -14.45392093, 6.065940096

// solid is van der Hoef's free energy of the crystal of Lennard-Jones, βA/N, at
// β* = ε/kT and ρ*, without a constant and the momenta (J. Chem. Phys. 113, 8142
// (2000), doi:10.1063/1.1314342, equation 21).
func solid(beta, density float64) (free float64) {
	a := [3][4]float64{ // of ρ*ⁿ β*^−(m−1)/(m−1), m from 2
		{-8.2151768, 12.070686, -6.6594615, 1.3211582},
		{13.404069, -20.632066, 11.564825, -2.3064801},
		{-5.5481261, 8.8465978, -5.0258631, 1.0070066},
	}
	b := [4]float64{69.833875, -132.86963, 97.438593, -25.848057} // of ρ*ⁿ⁺¹/(n+1)
	free = beta*density*density*(c2+c4*density*density) + 1.5*math.Log(beta)
	for n := range a {
		for m := range a[n] {
			free -= a[n][m] / float64(m+1) * math.Pow(density, float64(n)) * math.Pow(beta, -float64(m+1))
		}
	}
	for n := range b {
		free += b[n] / float64(n+1) * math.Pow(density, float64(n+1))
	}
	return free + math.Log(density)
}

// Crystals have the energy and pressure of van der Hoef's equation, less the
// vibrations that 3N − 3 of 3N are too few. What lies beyond the cutoff, between two
// shells of neighbours, is that of the lattice at rest.
func TestCrystal(t *testing.T) {
	size, before, steps, wide, shells := 3, 300, 700, 10.0, 5.5
	if long() {
		size, before, steps, wide, shells = 5, 2000, 6000, 1, 13.5
	}
	const temperature, density, h = 0.5, 1.0, 1e-4
	energy := (solid(1/temperature+h, density) - solid(1/temperature-h, density)) / (2 * h)
	pressure := temperature * density * density * (solid(1/temperature, density+h) - solid(1/temperature, density-h)) / (2 * h)
	lattice := [2]float64{density * density * (c2 + c4*density*density), density * density * density * (2*c2 + 4*c4*density*density)}
	number := float64(4 * size * size * size)
	few := [2]float64{(energy - lattice[0]) / number, (pressure - density*temperature - lattice[1]) / number}
	cutoff := math.Sqrt(shells) * math.Cbrt(4/density) / math.Sqrt2
	energyAtRest, pressureAtRest := atRest(t, size, density, cutoff)
	energy, pressure = energy-few[0]+energyAtRest-lattice[0], pressure-few[1]+pressureAtRest-lattice[1]
	ensembles := []Ensemble{CSVR}
	if long() {
		ensembles = append(ensembles, Langevin)
	}
	for _, ensemble := range ensembles {
		t.Run(ensemble.String(), func(t *testing.T) {
			t.Parallel()
			a := observe(t, ensemble, size, temperature, density, cutoff, before, steps)
			a.holds(t, ensemble.String(), estimate{energy, 0.001 * wide}, estimate{pressure, 0.005 * wide}, estimate{temperature, 0.001 * wide})
		})
	}
}

// atRest is the energy of an atom, and the pressure, of a lattice within a cutoff.
func atRest(t *testing.T, n int, density, cutoff float64) (energy, pressure float64) {
	t.Helper()
	p := argonFluid(cutoff, false)
	s := fcc(p.sigma*math.Cbrt(4/density), n)
	var r atoms.Result
	require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(s), &r))
	w, number := &r.Virial[0], float64(len(s.Numbers))
	return r.Energy[0] / p.epsilon / number, density * (w[0][0] + w[1][1] + w[2][2]) / p.epsilon / (3 * number)
}
