package md

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	const blocks = 10
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

// observe runs 4 n³ atoms in reduced units, of which some steps are not looked at.
func observe(t *testing.T, ensemble Ensemble, n int, temperature, density, cutoff float64, before, steps int) averages {
	t.Helper()
	p := argonFluid(cutoff, false)
	kelvin := temperature * p.epsilon / units.Boltzmann
	s := fcc(n, p.sigma*p.sigma*p.sigma/density)
	settings := Settings{Ensemble: ensemble, Temperature: Constant(kelvin), Seed: 53}
	unit := p.sigma * math.Sqrt(39.948*units.MassVelocity2/p.epsilon) // of time, fs
	settings.TimeStep, settings.ThermostatTime = 0.004*unit, 0.5*unit
	d := simulation(t, p, 2*kelvin, settings, s) // a lattice gives half of it to the potential energy
	advance(t, d, before)
	atoms := float64(len(s.Numbers))
	volume, _ := d.System.Volume(0)
	var energy, pressure, found []float64
	for range steps {
		advance(t, d, 1)
		w := &d.System.Result.Virial[0]
		energy = append(energy, d.System.Result.Energy[0]/p.epsilon/atoms)
		// the temperature is known: its fluctuations are left out of the pressure
		pressure = append(pressure, density*temperature+(w[0][0]+w[1][1]+w[2][2])/(3*volume)/p.epsilon*p.sigma*p.sigma*p.sigma)
		found = append(found, d.Temperature(0)/kelvin*temperature)
	}
	a := averages{blocked(energy), blocked(pressure), blocked(found)}
	c := math.Pow(cutoff, -3)
	a.energy.mean += 8 * math.Pi / 3 * density * (c*c*c/3 - c)
	a.pressure.mean += 16 * math.Pi / 3 * density * density * (2*c*c*c/3 - c)
	return a
}

// holds compares with values that are good to some digits themselves.
func (a averages) holds(t *testing.T, what string, energy, energyDeviation, pressure, pressureDeviation, temperature float64) {
	t.Helper()
	t.Logf("%s: u = %v, theirs %.4f; p = %v, theirs %.4f; T = %v", what, a.energy, energy, a.pressure, pressure, a.temperature)
	within := func(what string, e estimate, want, deviation float64) {
		assert.Less(t, math.Abs(e.mean-want), 4*math.Hypot(e.deviation, deviation), what)
	}
	within(what+" energy", a.energy, energy, energyDeviation)
	within(what+" pressure", a.pressure, pressure, pressureDeviation)
	within(what+" temperature", a.temperature, temperature, 1e-4)
}

// Liquids have NIST's energies and pressures. A deviation of ours in either is at
// most a few thousandths: what the time step and the forces' step at the cutoff do.
func TestLiquid(t *testing.T) {
	points, before, steps := liquids[:1], 300, 700
	if long() {
		points, before, steps = liquids, 5000, 60_000
	}
	for _, ensemble := range []Ensemble{CSVR, Langevin} {
		for _, l := range points {
			name := fmt.Sprintf("%v at T* %v and ρ* %v", ensemble, l.temperature, l.density)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := observe(t, ensemble, 5, l.temperature, l.density, 3, before, steps)
				a.holds(t, name, l.energy, 0.001, l.pressure, 0.005, l.temperature)
				if long() {
					require.Less(t, a.energy.deviation, 0.002)
					require.Less(t, a.pressure.deviation, 0.015)
				}
			})
		}
	}
}

// solid is van der Hoef's free energy of the crystal of Lennard-Jones, βA/N, at β* = ε/kT and
// ρ*, without what does not depend on the density or goes with the momenta (J.
// Chem. Phys. 113, 8142 (2000), doi:10.1063/1.1314342, equation 21).
func solid(beta, density float64) (free float64) {
	a := [3][4]float64{ // of ρ*ⁿ β*^−(m−1)/(m−1), m from 2
		{-8.2151768, 12.070686, -6.6594615, 1.3211582},
		{13.404069, -20.632066, 11.564825, -2.3064801},
		{-5.5481261, 8.8465978, -5.0258631, 1.0070066},
	}
	b := [4]float64{69.833875, -132.86963, 97.438593, -25.848057} // of ρ*ⁿ⁺¹/(n+1)
	const c2, c4 = -14.45392093, 6.065940096                      // of the lattice
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

// Crystals have the energy and pressure of van der Hoef's equation. The corrections
// for what lies beyond the cutoff are those of a liquid: at 4σ the lattice is near one.
func TestCrystal(t *testing.T) {
	before, steps, size := 200, 400, 4
	if long() {
		before, steps, size = 5000, 60_000, 5
	}
	const temperature, density = 0.5, 1.0
	const h = 1e-4
	energy := (solid(1/temperature+h, density) - solid(1/temperature-h, density)) / (2 * h)
	pressure := temperature * density * density * (solid(1/temperature, density+h) - solid(1/temperature, density-h)) / (2 * h)
	for _, ensemble := range []Ensemble{CSVR, Langevin} {
		t.Run(ensemble.String(), func(t *testing.T) {
			t.Parallel()
			a := observe(t, ensemble, size, temperature, density, 4, before, steps)
			a.holds(t, ensemble.String(), energy, 0.003, pressure, 0.02, temperature)
		})
	}
}
