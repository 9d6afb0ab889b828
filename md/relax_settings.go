package md

import (
	"cmp"
	"fmt"
	"math"
)

// Optimizer is how a relaxation chooses its steps.
type Optimizer int

// The optimizers. Each has its equations and source where it is written.
const (
	LBFGS Optimizer = iota // limited-memory BFGS: few steps
	FIRE                   // fast inertial relaxation engine: closer to the path downhill
)

var optimizerNames = []string{"lbfgs", "fire"}

// ParseOptimizer returns the optimizer of a name: lbfgs or fire.
func ParseOptimizer(name string) (Optimizer, error) {
	return named[Optimizer]("optimizer", optimizerNames, name)
}

// CellRelaxation is what of the cell relaxes with the atoms.
type CellRelaxation int

// FixedCell holds the cell; IsotropicCell keeps its shape; FullCell lets it take
// any. In no case does it turn.
const (
	FixedCell CellRelaxation = iota
	IsotropicCell
	FullCell
)

var cellNames = []string{"none", "iso", "full"}

// ParseCellRelaxation returns what a name means: none, iso or full.
func ParseCellRelaxation(name string) (CellRelaxation, error) {
	return named[CellRelaxation]("cell", cellNames, name)
}

// RelaxSettings is those of a relaxation. The zero value relaxes atoms with L-BFGS.
type RelaxSettings struct {
	Optimizer Optimizer
	Cell      CellRelaxation
	Pressure  float64 // bar, that a cell relaxes to; positive for compression

	Force   float64 // eV/Å: converged where no atom has a larger one; 0 is 0.01
	Stress  float64 // bar: and no component of the stress is farther from the pressure; 0 is 100
	Steps   int64   // after which a structure is given up; 0 is 1000
	MaxStep float64 // Å: no atom moves farther in a step; 0 is 0.2

	// Distance, Å, is that of the closest pair that is let be, at most LargestDistance; 0 is 0.4.
	Distance float64
}

// withDefaults returns the settings with usable values in place of zeros.
func (s RelaxSettings) withDefaults() RelaxSettings {
	s.Force, s.Stress, s.Steps = cmp.Or(s.Force, 0.01), cmp.Or(s.Stress, 100), cmp.Or(s.Steps, 1000)
	s.MaxStep, s.Distance = cmp.Or(s.MaxStep, 0.2), cmp.Or(s.Distance, usualDistance)
	return s
}

// Check says what no relaxation can have. New ones are checked by NewRelaxation.
func (s RelaxSettings) Check() error {
	s = s.withDefaults()
	for _, x := range []struct {
		what  string
		value float64
		unit  string
	}{{"largest force", s.Force, "eV/Å"}, {"largest deviation of the stress", s.Stress, "bar"}, {"largest step", s.MaxStep, "Å"}, {"least distance", s.Distance, "Å"}} {
		if !positive(x.value) {
			return fmt.Errorf("%s %v %s: expected more than 0", x.what, x.value, x.unit)
		}
	}
	switch {
	case s.Optimizer < 0 || int(s.Optimizer) >= len(optimizerNames):
		return fmt.Errorf("optimizer %d: expected LBFGS or FIRE", s.Optimizer)
	case s.Cell < 0 || int(s.Cell) >= len(cellNames):
		return fmt.Errorf("cell %d: expected FixedCell, IsotropicCell or FullCell", s.Cell)
	case math.IsNaN(s.Pressure) || math.IsInf(s.Pressure, 0):
		return fmt.Errorf("pressure %v bar: expected a number", s.Pressure)
	case s.Pressure != 0 && s.Cell == FixedCell:
		return fmt.Errorf("pressure %v bar: expected a cell that relaxes", s.Pressure)
	case s.Distance > LargestDistance:
		return fmt.Errorf("least distance %v Å: expected at most %v", s.Distance, LargestDistance)
	case s.Steps < 1:
		return fmt.Errorf("%d steps: expected 1 or more", s.Steps)
	}
	return nil
}
