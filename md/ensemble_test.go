package md

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/units"
)

// What the statistics look at: enough replicas that a factor of (N−1)/N shows.
const (
	temperature = 250.0 // K
	replicas    = 400
	atomsEach   = 6
)

// significant is the Kolmogorov–Smirnov statistic that one in a thousand tests exceeds.
const significant = 1.95

func thermostats() []Settings {
	at := Constant(temperature)
	return []Settings{
		{Ensemble: Langevin, Temperature: at},
		{Ensemble: CSVR, Temperature: at},
		{Ensemble: NHC, Temperature: at},
	}
}

func barostats() []Settings {
	at, pressure := Constant(temperature), Constant(1000) // bar
	list := []Settings{}
	for _, coupling := range []Coupling{Isotropic, Anisotropic, Triclinic} {
		list = append(list, Settings{Ensemble: NPTSCR, Temperature: at, Pressure: pressure, Coupling: coupling})
	}
	return append(list, Settings{Ensemble: NPTMTK, Temperature: at, Pressure: pressure})
}

// kinetics is twice the kinetic energies over kT.
func kinetics(d *Dynamics) (values []float64) {
	for k := range d.System.Len() {
		values = append(values, 2*d.System.KineticEnergy(k)/(units.Boltzmann*temperature))
	}
	return values
}

// The kinetic energy is distributed as the χ² of the degrees of freedom, from
// replicas that start far from it.
func TestKineticEnergy(t *testing.T) {
	for _, settings := range thermostats() {
		for _, drift := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v drift=%v", settings.Ensemble, drift), func(t *testing.T) {
				t.Parallel()
				settings.TimeStep, settings.Seed, settings.ThermostatTime, settings.KeepDrift = 4, 5, 50, drift
				if settings.Ensemble == NHC {
					settings.ThermostatTime = 20 // or else all replicas swing together for long
				}
				d := simulation(t, springs(3, drift), 2*temperature, settings, copies(argons(atomsEach, 0.3, false), replicas)...)
				advance(t, d, 1000)
				assert.Less(t, kolmogorovSmirnov(kinetics(d), chiSquared(d.DOF(0))), significant)
			})
		}
	}
}

// At constant pressure the volume of atoms whose energy does not depend on it is
// an ideal gas's: ∝ V^N e^(−PV/kT), whether their drift was taken away or not.
func TestVolume(t *testing.T) {
	for _, settings := range barostats() {
		for _, drift := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v %v drift=%v", settings.Ensemble, settings.Coupling, drift), func(t *testing.T) {
				t.Parallel()
				settings.TimeStep, settings.Seed, settings.ThermostatTime, settings.KeepDrift = 8, 7, 50, drift
				settings.BarostatTime, settings.Compressibility = 400, 1e-3
				steps := 700
				if settings.Ensemble == NPTMTK { // without friction all replicas swing together for long
					settings.BarostatTime, steps = 60, 2000
				}
				p := settings.Pressure.From * units.Bar
				kT := units.Boltzmann * temperature
				d := simulation(t, scaledSprings(20, 0.2, drift), temperature, settings, copies(argons(atomsEach, 2.5, true), replicas)...)
				advance(t, d, steps)
				var volumes []float64
				for k := range d.System.Len() {
					v, _ := d.System.Volume(k)
					volumes = append(volumes, v)
				}
				assert.Less(t, kolmogorovSmirnov(volumes, gamma(atomsEach+1, kT/p)), significant, "mean %v", mean(volumes)*p/kT)
				assert.Less(t, kolmogorovSmirnov(kinetics(d), chiSquared(d.DOF(0))), significant)
				for k := range 3 {
					assert.False(t, math.IsNaN(d.Conserved(k)))
				}
			})
		}
	}
}

func mean(values []float64) (sum float64) {
	for _, x := range values {
		sum += x
	}
	return sum / float64(len(values))
}
