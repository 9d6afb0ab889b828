package main

import (
	"errors"
	"fmt"
	"math"

	"painless/atoms"
	"painless/data"
)

// keys is where a frame has its labels; an empty one is not looked at.
type keys struct{ energy, forces string }

// labels is what a frame says of another calculation: nil where it says nothing.
type labels struct {
	energy *float64     // eV
	forces [][3]float64 // eV/Å, [N]
	stress *[6]float64  // eV/Å³: xx, yy, zz, yz, xz, xy
}

// of is the labels of a frame, and what it lacks: atoms, an energy, forces,
// numbers that are finite. A frame without stress lacks nothing.
func (k keys) of(f *data.Frame) (l labels, lacks []string) {
	if len(f.Numbers) == 0 {
		return l, []string{"no atoms"}
	}
	lack := func(err error) { lacks = append(lacks, err.Error()) }
	if k.energy != "" {
		energy, err := f.Floats(k.energy, 1)
		if err == nil {
			err = finite(k.energy, energy)
		}
		if err != nil {
			lack(err)
		} else {
			l.energy = &energy[0]
		}
	}
	if k.forces != "" {
		forces, err := f.Vectors(k.forces)
		for i := 0; i < len(forces) && err == nil; i++ {
			err = finite(fmt.Sprintf("%s of atom %d", k.forces, i), forces[i][:])
		}
		if err != nil {
			lack(err)
		} else {
			l.forces = forces
		}
	}
	if _, ok := f.Get("stress"); ok {
		stress, err := f.Stress()
		if err == nil {
			err = finite("stress", stress[:])
		}
		if _, ok := atoms.NewBatch(f.Structure).Volume(0); !ok && err == nil {
			err = errors.New("stress: expected a periodic cell with a volume, found none")
		}
		if err != nil {
			lack(err)
		} else {
			l.stress = &stress
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
