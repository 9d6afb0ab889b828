package train

import (
	"errors"
	"fmt"
	"math"

	"painless/internal/vec"
)

// errMemory begins what is said of a set that would be too large.
var errMemory = errors.New("more than the limit")

// ErrMemory reports whether a set has no room for a structure.
func ErrMemory(err error) bool { return errors.Is(err, errMemory) }

// CheckLabels says what keeps a structure of n atoms from being trained on: no label
// at all, labels of other than its atoms, and forces longer than largest, eV/Å.
func (l *Labels) CheckLabels(n int, largest float64) error {
	switch {
	case math.IsNaN(l.Energy) && l.Forces == nil && l.Stress == nil && l.AtomEnergies == nil && l.Curvature == nil:
		return errors.New("no label: neither energy nor forces")
	case l.Forces != nil && len(l.Forces) != n, l.AtomEnergies != nil && len(l.AtomEnergies) != n:
		return fmt.Errorf("labels of %d and %d atoms: expected those of %d", len(l.Forces), len(l.AtomEnergies), n)
	case math.IsInf(l.Energy, 0):
		return fmt.Errorf("the energy is %v: expected a finite number", l.Energy)
	}
	for i, f := range l.Forces {
		if !vec.Finite(f[:]...) {
			return fmt.Errorf("the force on atom %d is %v: expected finite numbers", i, f)
		}
	}
	for i, e := range l.AtomEnergies {
		if !vec.Finite(e) {
			return fmt.Errorf("the energy of atom %d is %v: expected a finite number", i, e)
		}
	}
	if l.Curvature != nil {
		if err := l.Curvature.Check(n); err != nil {
			return err
		}
	}
	if i, size := l.LargestForce(); size > largest {
		return &Outlier{i, size, largest}
	}
	return nil
}

// LargestForce is the atom with the longest force, and that, eV/Å: 0 without forces.
func (l *Labels) LargestForce() (atom int, size float64) {
	for i, f := range l.Forces {
		if n := vec.Norm(f); n > size {
			atom, size = i, n
		}
	}
	return atom, size
}

// Outlier is a force that is longer than it may be.
type Outlier struct {
	Atom    int
	Size    float64 // eV/Å
	Largest float64 // eV/Å, that it may be
}

func (o *Outlier) Error() string {
	return fmt.Sprintf("the force on atom %d is %.4g eV/Å: expected at most %g", o.Atom, o.Size, o.Largest)
}

// HydrogenHint says in which unit other than eV a fitted energy of hydrogen would
// be a usual one; "" where it may be one in eV.
func HydrogenHint(energy float64) string {
	switch size := -energy; {
	case size > 0.3 && size < 0.7:
		return "Hartree"
	case size > 200 && size < 450:
		return "kcal/mol"
	case size > 850 && size < 1900:
		return "kJ/mol"
	}
	return ""
}
