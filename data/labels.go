package data

import (
	"errors"
	"fmt"
	"math"

	"painless/atoms"
)

// Calculated is the names of fields and columns that say what a calculation
// found: what a new calculation replaces.
var Calculated = []string{"energy", "free_energy", "forces", "stress", "virial", "energies", "stresses"}

// Labels is what a frame says of a calculation: nil where it says nothing.
type Labels struct {
	Energy *float64     // eV
	Forces [][3]float64 // eV/Å, [N]
	Stress *[6]float64  // eV/Å³: xx, yy, zz, yz, xz, xy; tension is positive
}

// LabelKeys is where a frame has its labels. An empty one is not looked at.
type LabelKeys struct {
	Energy string // a field
	Forces string // a column of three reals
}

// Names of the labels where nothing else is said.
const (
	EnergyKey = "energy"
	ForcesKey = "forces"
	StressKey = "stress"
)

// Labels returns what the frame says at keys and, as its stress, and an error
// for each label that is missing, that is not what it should be or that is not
// finite. A frame without stress lacks nothing.
func (f *Frame) Labels(keys LabelKeys) (l Labels, lacks []error) {
	lack := func(err error) bool {
		if err != nil {
			lacks = append(lacks, err)
		}
		return err != nil
	}
	if keys.Energy != "" {
		energy, err := f.Floats(keys.Energy, 1)
		if err == nil {
			err = finite(keys.Energy, energy)
		}
		if !lack(err) {
			l.Energy = &energy[0]
		}
	}
	if keys.Forces != "" {
		forces, err := f.Vectors(keys.Forces)
		for i := 0; i < len(forces) && err == nil; i++ {
			err = finite(fmt.Sprintf("%s of atom %d", keys.Forces, i), forces[i][:])
		}
		if !lack(err) {
			l.Forces = forces
		}
	}
	if _, ok := f.Get(StressKey); ok {
		stress, err := f.Stress()
		if err == nil {
			err = finite(StressKey, stress[:])
		}
		if _, ok := atoms.NewBatch(f.Structure).Volume(0); !ok && err == nil {
			err = errors.New("stress: expected a periodic cell with a volume, found none")
		}
		if !lack(err) {
			l.Stress = &stress
		}
	}
	return l, lacks
}

func finite(what string, numbers []float64) error {
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%s: expected finite numbers, found %v", what, x)
		}
	}
	return nil
}
