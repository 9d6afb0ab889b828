package md

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Ensemble is what is held constant, and how.
type Ensemble int

// The ensembles. Each operation of their steps has its equation and source.
const (
	NVE      Ensemble = iota // velocity Verlet
	Langevin                 // NVT: BAOAB
	CSVR                     // NVT: stochastic velocity rescaling
	NHC                      // NVT: Nosé–Hoover chains
	NPTSCR                   // NPT: stochastic cell rescaling, with CSVR
	NPTMTK                   // NPT: Martyna, Tobias and Klein, isotropic, with chains
)

// ensembleNames is in the order of the ensembles.
var ensembleNames = []string{"nve", "langevin", "csvr", "nhc", "npt-scr", "npt-mtk"}

func (e Ensemble) String() string {
	if e < 0 || int(e) >= len(ensembleNames) {
		return fmt.Sprintf("ensemble %d", int(e))
	}
	return ensembleNames[e]
}

// ParseEnsemble returns the ensemble of a name such as npt-scr.
func ParseEnsemble(name string) (Ensemble, error) {
	return named[Ensemble]("ensemble", ensembleNames, name)
}

// named is what a name means: its place among the names.
func named[T ~int](what string, names []string, name string) (T, error) {
	if i := slices.Index(names, name); i >= 0 {
		return T(i), nil
	}
	return 0, fmt.Errorf("%s %q: expected one of %s", what, name, strings.Join(names, ", "))
}

// Thermostatted says whether the ensemble has a temperature.
func (e Ensemble) Thermostatted() bool { return e != NVE }

// barostatted says whether it has a pressure.
func (e Ensemble) barostatted() bool { return e == NPTSCR || e == NPTMTK }

// Coupling is what of the cell follows the pressure.
type Coupling int

// Isotropic keeps the cell's shape; Anisotropic scales x, y and z each by
// itself; Triclinic lets the cell take any shape. The last two are NPTSCR's.
const (
	Isotropic Coupling = iota
	Anisotropic
	Triclinic
)

// ParseCoupling returns the coupling of a name: iso, aniso or tri.
func ParseCoupling(name string) (Coupling, error) {
	return named[Coupling]("coupling", []string{"iso", "aniso", "tri"}, name)
}

// Ramp is a value that goes from From to To, linearly over a run.
type Ramp struct{ From, To float64 }

// Constant is a ramp that stays.
func Constant(x float64) Ramp { return Ramp{x, x} }

func (r Ramp) at(fraction float64) float64 { return r.From + (r.To-r.From)*min(fraction, 1) }

// Settings of a simulation. The zero values of the times are usable ones.
type Settings struct {
	Ensemble    Ensemble
	TimeStep    float64 // fs
	Steps       int64   // of the whole run, which ramps go over; may be 0 where there are none
	Temperature Ramp    // K
	Pressure    Ramp    // bar
	Coupling    Coupling
	Seed        uint64

	ThermostatTime  float64 // fs: 1/friction, or the relaxation time; 0 is 100
	BarostatTime    float64 // fs: relaxation time; 0 is 1000
	Compressibility float64 // 1/bar, of NPTSCR; 0 is water's 4.5e-5

	// KeepDrift keeps the total momentum that the velocities have. Without it the
	// drift is taken away at the start, and where the ensemble conserves momentum
	// those degrees of freedom are no longer counted.
	KeepDrift bool
	// NoRotation takes the angular momentum of isolated structures away at every step.
	// There must be one at the start, and none of them may have fixed atoms.
	NoRotation bool
	// Bonds whose lengths are held (SHAKE and RATTLE).
	Bonds []Bond
}

// withDefaults returns the settings with usable values in place of zeros.
func (s Settings) withDefaults() Settings {
	s.ThermostatTime, s.BarostatTime, s.Compressibility = cmp.Or(s.ThermostatTime, 100), cmp.Or(s.BarostatTime, 1000), cmp.Or(s.Compressibility, 4.5e-5)
	return s
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }

// check says what no simulation can have.
func (s *Settings) check() error {
	finite := func(r Ramp) bool { return !math.IsNaN(r.From+r.To) && !math.IsInf(r.From, 0) && !math.IsInf(r.To, 0) }
	switch {
	case s.Ensemble < 0 || int(s.Ensemble) >= len(ensembleNames):
		return fmt.Errorf("%v: expected NVE to NPTMTK", s.Ensemble)
	case !positive(s.TimeStep):
		return fmt.Errorf("time step %v fs: expected more than 0", s.TimeStep)
	case s.Steps < 0:
		return fmt.Errorf("%d steps: expected 0 or more", s.Steps)
	case s.Steps == 0 && (s.Temperature.From != s.Temperature.To || s.Pressure.From != s.Pressure.To):
		return fmt.Errorf("temperature %v to %v K, pressure %v to %v bar, in 0 steps: expected the steps of the whole run, which they change over",
			s.Temperature.From, s.Temperature.To, s.Pressure.From, s.Pressure.To)
	case s.Ensemble.Thermostatted() && !(positive(s.Temperature.From) && positive(s.Temperature.To)):
		return fmt.Errorf("temperature %v to %v K: expected more than 0", s.Temperature.From, s.Temperature.To)
	case s.Ensemble.barostatted() && !finite(s.Pressure):
		return fmt.Errorf("pressure %v to %v bar: expected numbers", s.Pressure.From, s.Pressure.To)
	case !positive(s.ThermostatTime) || !positive(s.BarostatTime) || !positive(s.Compressibility):
		return fmt.Errorf("thermostat time %v fs, barostat time %v fs, compressibility %v/bar: expected more than 0", s.ThermostatTime, s.BarostatTime, s.Compressibility)
	case s.Coupling != Isotropic && s.Ensemble != NPTSCR:
		return errors.New("anisotropic and triclinic cells: expected the ensemble npt-scr")
	case s.Ensemble.barostatted() && len(s.Bonds) > 0:
		return errors.New("bonds of constant length: expected an ensemble of constant volume, as a change of the cell would stretch them")
	}
	return nil
}
