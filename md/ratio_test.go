package md

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
	"painless/internal/units"
	"painless/internal/vec"
)

// The ratio of a quantity's distributions in two ensembles that differ in one
// parameter does not depend on the potential: of energies at two temperatures
// ln p₂/p₁ = a + (β₁ − β₂) E, of enthalpies E + PV likewise, and of volumes at two
// pressures a + β (P₁ − P₂) V (Shirts, J. Chem. Theory Comput. 9, 909 (2013),
// doi:10.1021/ct300688p; Merz and Shirts, PLoS ONE 13, e0202764 (2018),
// doi:10.1371/journal.pone.0202764).

// samples is a quantity, [replica][time].
type samples [][]float64

// without is all values but those of the replicas of a group.
func (s samples) without(group, groups int) (values []float64) {
	for k, series := range s {
		if k%groups != group {
			values = append(values, series...)
		}
	}
	return values
}

// times is all values times a factor.
func (s samples) times(factor float64) samples {
	return s.plus(s, factor-1)
}

// plus is the sum with a factor times another quantity.
func (s samples) plus(other samples, factor float64) samples {
	sum := make(samples, len(s))
	for k := range s {
		for n, x := range s[k] {
			sum[k] = append(sum[k], x+factor*other[k][n])
		}
	}
	return sum
}

// likeliest is the b of ln p₂/p₁ = a + b x that values of both distributions make
// the likeliest: a logistic regression, by Newton's method.
func likeliest(first, second []float64) (b float64) {
	all := append(append([]float64{}, first...), second...)
	center := mean(all)
	width := 0.0
	for _, x := range all {
		width += (x - center) * (x - center)
	}
	width = math.Sqrt(width / float64(len(all)))
	a := 0.0
	for range 50 {
		var ga, gb, haa, hab, hbb float64
		for i, x := range all {
			x = (x - center) / width
			p := 1 / (1 + math.Exp(-a-b*x)) // that it is of the second
			off := -p
			if i >= len(first) {
				off = 1 - p
			}
			ga, gb = ga+off, gb+off*x
			haa, hab, hbb = haa+p*(1-p), hab+p*(1-p)*x, hbb+p*(1-p)*x*x
		}
		da, db := (hbb*ga-hab*gb)/(haa*hbb-hab*hab), (haa*gb-hab*ga)/(haa*hbb-hab*hab)
		a, b = a+da, b+db
		if math.Abs(da)+math.Abs(db) < 1e-7 {
			break
		}
	}
	return b / width
}

// slope is likeliest, and its standard error: a jackknife over groups of replicas,
// which are independent as values of one replica are not.
func slope(first, second samples) (b, deviation float64) {
	const groups = 24
	var parts []float64
	for g := range groups {
		parts = append(parts, likeliest(first.without(g, groups), second.without(g, groups)))
	}
	center := mean(parts)
	for _, x := range parts {
		deviation += (x - center) * (x - center)
	}
	return likeliest(first.without(-1, groups), second.without(-1, groups)), math.Sqrt(deviation * (groups - 1) / groups)
}

// ratio is a slope beside the one of theory, in its standard errors.
type ratio struct{ got, want, deviation float64 }

func ratioOf(first, second samples, want float64) ratio {
	b, deviation := slope(first, second)
	return ratio{b, want, deviation}
}

func (r ratio) off() float64 { return (r.got - r.want) / r.deviation }

func (r ratio) String() string {
	return fmt.Sprintf("slope %.4f ± %.4f of theory's (%+.1fσ)", r.got/r.want, math.Abs(r.deviation/r.want), r.off())
}

// ensembleOf is how an ensemble is sampled.
type ensembleOf struct {
	potential           Potential
	structure           atoms.Structure
	replicas            int
	before, every, many int     // steps before the first sample, steps between them, and how many
	colder, hotter      float64 // K
	resolution          float64 // standard error of a slope that there have to be samples for
}

// observed is what the ratios are of, eV and Å³.
type observed struct{ kinetic, potential, volume samples }

func (o *observed) energy() samples                   { return o.potential.plus(o.kinetic, 1) }
func (o *observed) enthalpy(pressure float64) samples { return o.energy().plus(o.volume, pressure) }

func (e ensembleOf) sample(t *testing.T, settings Settings) observed {
	t.Helper()
	d := simulation(t, e.potential, settings.Temperature.From, settings, copies(e.structure, e.replicas)...)
	advance(t, d, e.before)
	o := observed{make(samples, e.replicas), make(samples, e.replicas), make(samples, e.replicas)}
	for range e.many {
		advance(t, d, e.every)
		for k := range e.replicas {
			volume, _ := d.System.Volume(k)
			o.kinetic[k] = append(o.kinetic[k], d.System.KineticEnergy(k))
			o.potential[k] = append(o.potential[k], d.System.Result.Energy[k])
			o.volume[k] = append(o.volume[k], volume)
		}
	}
	return o
}

// ratioAtoms is few, so that N − 1 for N shows.
func ratioAtoms() int {
	if long() {
		return 12
	}
	return 4
}

func (r ratio) holds(t *testing.T, what string, resolution float64) {
	t.Helper()
	t.Logf("%s: %v", what, r)
	assert.Less(t, math.Abs(r.off()), 4.0, what)
	assert.Less(t, r.deviation, resolution*math.Abs(r.want), "%s: enough samples", what)
}

// isFound says that values with a fault, N − 1 for N, do not pass.
func (r ratio) isFound(t *testing.T, what string) {
	t.Helper()
	t.Logf("%s of a fault, N/(N−1): %v", what, r)
	assert.Greater(t, math.Abs(r.off()), 4.0, "%s: the fault is not found", what)
}

// beta is 1/kT, 1/eV.
func beta(temperature float64) float64 { return 1 / (units.Boltzmann * temperature) }

func under(settings Settings, temperature, pressure float64) Settings {
	settings.Temperature, settings.Pressure = Constant(temperature), Constant(pressure)
	settings.Seed += uint64(temperature) + 1000*uint64(pressure)
	return settings
}

// Kinetic, potential and total energies at two temperatures, of every thermostat.
func TestTemperatureRatio(t *testing.T) {
	for _, settings := range thermostats() {
		t.Run(settings.Ensemble.String(), func(t *testing.T) {
			t.Parallel()
			settings.TimeStep, settings.ThermostatTime, settings.Seed = 4, 50, 17
			before := 250
			if settings.Ensemble == NHC { // as in TestKineticEnergy
				settings.ThermostatTime, before = 20, 1500
			}
			e := ensembleOf{springs(3, false), argons(ratioAtoms(), 0.3, false), 200, before, 15, 20, 250, 400, 0.07}
			if long() {
				e.replicas, e.before, e.many, e.resolution = 600, 2000, 60, 0.025
			}
			compareTemperatures(t, settings, e)
		})
	}
}

func compareTemperatures(t *testing.T, settings Settings, e ensembleOf) {
	t.Helper()
	first, second := e.sample(t, under(settings, e.colder, 0)), e.sample(t, under(settings, e.hotter, 0))
	want := beta(e.colder) - beta(e.hotter)
	ratioOf(first.kinetic, second.kinetic, want).holds(t, "kinetic energy", e.resolution)
	ratioOf(first.potential, second.potential, want).holds(t, "potential energy", e.resolution)
	ratioOf(first.energy(), second.energy(), want).holds(t, "total energy", e.resolution)
	n := float64(len(e.structure.Numbers))
	ratioOf(first.kinetic.times(n/(n-1)), second.kinetic.times(n/(n-1)), want).isFound(t, "kinetic energy")
	if e.resolution < 0.03 {
		ratioOf(first.energy().plus(first.kinetic, 1/(n-1)), second.energy().plus(second.kinetic, 1/(n-1)), want).isFound(t, "total energy")
	}
}

// Volumes at two pressures and enthalpies at two temperatures, of every barostat
// and coupling, of atoms whose energy does not depend on the volume.
func TestPressureRatio(t *testing.T) {
	for _, settings := range barostats() {
		t.Run(fmt.Sprintf("%v %v", settings.Ensemble, settings.Coupling), func(t *testing.T) {
			t.Parallel()
			settings.TimeStep, settings.ThermostatTime, settings.Seed = 8, 50, 18
			settings.BarostatTime, settings.Compressibility = 400, 1e-3 // below 50 steps the volume's distribution is some percent off
			bunch := argons(ratioAtoms(), 2.5, true)
			for i, r := range bunch.Positions { // near one another, or else the springs would heat and swell them
				bunch.Positions[i] = vec.Scale(r, 0.2)
			}
			e := ensembleOf{scaledSprings(20, 0.2, false), bunch, 100, 500, 25, 16, 250, 400, 0.12}
			if long() {
				settings.BarostatTime = 800
				e.replicas, e.before, e.every, e.many, e.resolution = 400, 1500, 80, 40, 0.04
			}
			if settings.Ensemble == NPTMTK { // as in TestVolume
				settings.BarostatTime = 60
			}
			comparePressures(t, settings, e, 1000, 1500)
		})
	}
}

func comparePressures(t *testing.T, settings Settings, e ensembleOf, lower, higher float64) {
	t.Helper()
	base := e.sample(t, under(settings, e.colder, lower))
	pressed, heated := e.sample(t, under(settings, e.colder, higher)), e.sample(t, under(settings, e.hotter, lower))
	want := beta(e.colder) * units.Bar * (lower - higher)
	ratioOf(base.volume, pressed.volume, want).holds(t, "volume", e.resolution)
	n, p := float64(len(e.structure.Numbers)), lower*units.Bar
	want = beta(e.colder) - beta(e.hotter)
	ratioOf(base.enthalpy(p), heated.enthalpy(p), want).holds(t, "enthalpy", e.resolution)
	if long() {
		ratioOf(base.kinetic.times(n/(n-1)), heated.kinetic.times(n/(n-1)), want).isFound(t, "kinetic energy")
	}
}

// The same of a crystal of argon in its primitive cell, whose energy and virial
// depend on everything, with a neighbour list.
func TestRatiosOfArgon(t *testing.T) {
	needLong(t)
	const volume = 40 // Å³ an atom
	for _, settings := range append(thermostats(), barostats()...) {
		t.Run(fmt.Sprintf("%v %v", settings.Ensemble, settings.Coupling), func(t *testing.T) {
			t.Parallel()
			settings.TimeStep, settings.ThermostatTime, settings.Seed = 5, 100, 21
			settings.BarostatTime, settings.Compressibility = 500, 5e-5
			e := ensembleOf{argonFluid(2.2, true), rhombohedral(2, volume), 200, 2000, 40, 40, 50, 60, 0.06}
			if settings.Ensemble.barostatted() {
				comparePressures(t, settings, e, 500, 1500)
			} else {
				compareTemperatures(t, settings, e)
			}
		})
	}
}
