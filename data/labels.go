package data

import (
	"errors"
	"fmt"

	"painless/atoms"
	"painless/internal/vec"
)

// Calculated is the names of fields and columns that say what a calculation
// found: what a new calculation replaces.
var Calculated = []string{EnergyKey, "free_energy", ForcesKey, StressKey, "virial", "energies", "stresses"}

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
// finite. A frame without stress lacks nothing; a stress without a volume is
// none that could be compared.
func (f *Frame) Labels(keys LabelKeys) (l Labels, lacks []error) {
	if keys.Energy != "" {
		energy, err := f.energy(keys.Energy)
		l.Energy, lacks = energy, lacking(lacks, err)
	}
	if keys.Forces != "" {
		forces, err := f.forces(keys.Forces)
		l.Forces, lacks = forces, lacking(lacks, err)
	}
	stress, err := f.stress()
	if stress != nil {
		if _, ok := atoms.NewBatch(f.Structure).Volume(0); !ok {
			stress, err = nil, errors.New("stress: expected a periodic cell with a volume, found none")
		}
	}
	l.Stress, lacks = stress, lacking(lacks, err)
	return l, lacks
}

// OwnLabels returns the labels that the frame has by their own names, whatever
// its cell, as data sets store them: an error where one is not what it should be
// or not finite.
func (f *Frame) OwnLabels() (l Labels, err error) {
	var lacks []error
	if _, ok := f.Get(EnergyKey); ok {
		l.Energy, err = f.energy(EnergyKey)
		lacks = lacking(lacks, err)
	}
	if f.Column(ForcesKey) != nil {
		l.Forces, err = f.forces(ForcesKey)
		lacks = lacking(lacks, err)
	}
	l.Stress, err = f.stress()
	return l, errors.Join(lacking(lacks, err)...)
}

func lacking(lacks []error, err error) []error {
	if err != nil {
		return append(lacks, err)
	}
	return lacks
}

func (f *Frame) energy(key string) (*float64, error) {
	energy, err := f.Floats(key, 1)
	if err == nil {
		err = finite(key, energy)
	}
	if err != nil {
		return nil, err
	}
	return &energy[0], nil
}

func (f *Frame) forces(key string) ([][3]float64, error) {
	forces, err := f.Vectors(key)
	if err != nil {
		return nil, err
	}
	if len(forces) != len(f.Numbers) {
		return nil, fmt.Errorf("%s: expected those of %d atoms, found %d", key, len(f.Numbers), len(forces))
	}
	for i, f := range forces {
		if !vec.Finite(f[:]...) {
			return nil, finite(fmt.Sprintf("%s of atom %d", key, i), f[:])
		}
	}
	return forces, nil
}

// stress is nil where there is none.
func (f *Frame) stress() (*[6]float64, error) {
	if _, ok := f.Get(StressKey); !ok {
		return nil, nil
	}
	stress, err := f.Stress()
	if err == nil {
		err = finite(StressKey, stress[:])
	}
	if err != nil {
		return nil, err
	}
	return &stress, nil
}

func finite(what string, numbers []float64) error {
	for _, x := range numbers {
		if !vec.Finite(x) {
			return fmt.Errorf("%s: expected finite numbers, found %v", what, x)
		}
	}
	return nil
}
