package md

import (
	"context"
	"fmt"

	"painless/atoms"
	"painless/internal/buffer"
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
// elements. An element without a mass is a *StructureError.
func NewSystem(structures ...atoms.Structure) (*System, error) {
	s := &System{Batch: *atoms.NewBatch(structures...)}
	s.Velocities = make([][3]float64, s.NumAtoms())
	s.Masses = make([]float64, s.NumAtoms())
	for i, z := range s.Numbers {
		if s.Masses[i] = atoms.Mass(z); s.Masses[i] == 0 {
			k := s.StructureOf(i)
			return nil, &atoms.StructureError{Index: k, Err: fmt.Errorf("atom %d has atomic number %d: expected an element with a mass", i-s.Start[k], z)}
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

// remove takes out the structures that are gone, and all that was computed of them.
func (s *System) remove(gone []bool) {
	s.Velocities, s.Masses = buffer.WithoutSpans(s.Velocities, s.Start, gone), buffer.WithoutSpans(s.Masses, s.Start, gone)
	if s.Fixed != nil {
		s.Fixed = buffer.WithoutSpans(s.Fixed, s.Start, gone)
	}
	s.Replicas = buffer.Without(s.Replicas, gone)
	s.Result.Remove(&s.Batch, gone)
	s.Batch.Remove(gone)
}
