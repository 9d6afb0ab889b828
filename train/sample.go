package train

import (
	"errors"
	"fmt"
	"math"

	"painless/atoms"
	"painless/internal/vec"
)

// Labels is what a structure of N atoms is to be trained on: NaN or nil where
// there is no label.
type Labels struct {
	Energy       float64      // eV
	Forces       [][3]float64 // eV/Å, [N]
	Stress       *[6]float64  // eV/Å³: xx, yy, zz, yz, xz, xy; tension is positive
	AtomEnergies []float64    // eV, [N]
	Curvature    *Curvature
}

// Sample is a structure with its labels and its pairs, ready to be trained on. The
// energies of the elements are no part of its energies.
type Sample struct {
	atoms.Structure
	Labels

	pairs  atoms.NeighborList[float64] // x and d are rounded where they are used
	cutoff float64                     // of the pairs, Å
	volume float64                     // Å³, where there is a label of stress
	batch  atoms.Batch

	displaced []*Sample // forwards and backwards along the direction of the curvature, without labels
	displace  bool      // whether there is a curvature, and they count
}

// NewSample makes a sample of a structure, whose arrays and labels it shares: see Set.
func NewSample(s atoms.Structure, l Labels, cutoff float64) (*Sample, error) {
	x := &Sample{}
	if err := x.Set(s, l, cutoff); err != nil {
		return nil, err
	}
	return x, nil
}

// Set makes the sample another one in the memory that it has, with the pairs within
// cutoff, Å. Structures that cannot be computed, labels for other than the atoms,
// labels that are not finite, and stress without a volume are errors.
func (x *Sample) Set(s atoms.Structure, l Labels, cutoff float64) error {
	x.Structure, x.Labels, x.cutoff = s, l, cutoff
	if err := s.Check(); err != nil {
		return err
	}
	n := len(s.Numbers)
	switch {
	case n == 0:
		return errors.New("no atoms")
	case l.Forces != nil && len(l.Forces) != n:
		return fmt.Errorf("%d forces: expected those of %d atoms", len(l.Forces), n)
	case l.AtomEnergies != nil && len(l.AtomEnergies) != n:
		return fmt.Errorf("%d energies of atoms: expected those of %d", len(l.AtomEnergies), n)
	case math.IsInf(l.Energy, 0) || !vec.Finite(l.AtomEnergies...):
		return errors.New("energies that are not finite")
	}
	for i := range l.Forces {
		if !vec.Finite(l.Forces[i][:]...) {
			return fmt.Errorf("the force on atom %d is %v: expected finite numbers", i, l.Forces[i])
		}
	}
	x.batch.Reset()
	x.batch.Append(&s)
	if l.Stress != nil {
		var ok bool
		if x.volume, ok = x.batch.Volume(0); !ok {
			return errors.New("a stress, and no volume: expected a cell that is periodic in three directions")
		}
		if !vec.Finite(l.Stress[:]...) {
			return fmt.Errorf("stress %v: expected finite numbers", *l.Stress)
		}
	}
	if err := x.pairs.Build(&x.batch, cutoff); err != nil {
		return err
	}
	return x.setDisplaced()
}
