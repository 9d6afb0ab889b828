package md

import (
	"context"
	"fmt"
	"slices"

	"painless/atoms"
	"painless/internal/units"
)

// Potential gives energies, forces and virials of a batch.
type Potential interface {
	Compute(ctx context.Context, b *atoms.Batch, r *atoms.Result) error
}

// System is replicas and how they move.
type System struct {
	atoms.Batch
	Velocities [][3]float64 // Å/fs, [N]
	Masses     []float64    // u, [N]
	Fixed      [][3]bool    // components that do not move, [N]; nil where all do
	Result     atoms.Result // of the positions, once they were computed

	// Replicas is the number that each structure has had from the start: a
	// replica that fails leaves, and the others keep theirs; [S].
	Replicas []int
}

// NewSystem makes replicas of structures at rest, with the masses of the
// elements. An element without a mass is an error.
func NewSystem(structures ...atoms.Structure) (*System, error) {
	s := &System{Batch: *atoms.NewBatch(structures...)}
	s.Velocities = make([][3]float64, s.NumAtoms())
	s.Masses = make([]float64, s.NumAtoms())
	for i, z := range s.Numbers {
		if s.Masses[i] = atoms.Mass(z); s.Masses[i] == 0 {
			return nil, fmt.Errorf("atom %d has atomic number %d: expected an element with a mass", i, z)
		}
	}
	for k := range s.Len() {
		s.Replicas = append(s.Replicas, k)
	}
	return s, nil
}

// KineticEnergy returns that of structure k, eV.
func (s *System) KineticEnergy(k int) float64 {
	return s.kineticEnergy(s.Start[k], s.Start[k+1])
}

// kineticEnergy is that of the atoms lo up to hi, eV.
func (s *System) kineticEnergy(lo, hi int) float64 {
	velocities, masses := s.Velocities[lo:hi], s.Masses[lo:hi]
	sum := 0.0
	for i := range velocities {
		v := &velocities[i]
		sum += masses[i] * (v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	}
	return units.MassVelocity2 / 2 * sum
}

// Momentum returns the total momentum of structure k, u·Å/fs.
func (s *System) Momentum(k int) (p [3]float64) {
	for i := s.Start[k]; i < s.Start[k+1]; i++ {
		for c, v := range s.Velocities[i] {
			p[c] += s.Masses[i] * v
		}
	}
	return p
}

// Pressure returns that of structure k, bar, of the motion and of the virial:
// a third of the trace over the volume; 0 where there is no volume.
func (s *System) Pressure(k int) float64 {
	volume, ok := s.Volume(k)
	if !ok {
		return 0
	}
	w := &s.Result.Virial[k]
	return (2*s.KineticEnergy(k) + w[0][0] + w[1][1] + w[2][2]) / (3 * volume) / units.Bar
}

// drop removes structure k.
func (s *System) drop(k int) {
	lo, hi, last := s.Start[k], s.Start[k+1], s.NumAtoms()
	s.Numbers = slices.Delete(s.Numbers, lo, hi)
	s.Positions = slices.Delete(s.Positions, lo, hi)
	s.Velocities = slices.Delete(s.Velocities, lo, hi)
	s.Masses = slices.Delete(s.Masses, lo, hi)
	if s.Fixed != nil {
		s.Fixed = slices.Delete(s.Fixed, lo, hi)
	}
	if len(s.Result.Forces) == last {
		s.Result.Forces = slices.Delete(s.Result.Forces, lo, hi)
	}
	for i := k + 1; i+1 < len(s.Start); i++ {
		s.Start[i] = s.Start[i+1] - (hi - lo)
	}
	s.Start = s.Start[:len(s.Start)-1]
	s.Cells = slices.Delete(s.Cells, k, k+1)
	s.PBC = slices.Delete(s.PBC, k, k+1)
	s.Replicas = slices.Delete(s.Replicas, k, k+1)
}
