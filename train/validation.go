package train

import (
	"context"
	"errors"
	"math"

	"painless/atoms"
	"painless/internal/scores"
	"painless/nn"
)

// Validation is how a network fares on a set; the figures are those that painless
// validate gives, and 0 where there are no labels.
type Validation struct {
	Energies   int     `json:"energies"`    // structures with a label
	EnergyMAE  float64 `json:"energy_mae"`  // eV per atom
	EnergyRMSE float64 `json:"energy_rmse"` // eV per atom
	Components int     `json:"components"`  // of forces with a label
	ForceMAE   float64 `json:"force_mae"`   // eV/Å
	ForceRMSE  float64 `json:"force_rmse"`  // eV/Å
	ForceR2    float64 `json:"force_r2"`
	Cosine     float64 `json:"cosine"`
}

// Figure is what is to be least: the mean error of the forces or, where there are
// none, of the energies per atom.
func (v *Validation) Figure() float64 {
	if v.Components > 0 {
		return v.ForceMAE
	}
	return v.EnergyMAE
}

// passAtoms is how many atoms are computed in one pass, about.
const passAtoms = 2048

// Validate scores a network as users run it, in float32 with tables.
func (s *Set) Validate(ctx context.Context, network *nn.Network, threads int) (v Validation, err error) {
	potential, err := nn.NewPotential(network, nn.Options{Threads: threads})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, potential.Close()) }()
	var energies scores.Deviation
	var forces scores.Forces
	err = s.compute(ctx, potential, func(k int, energy float64, predicted [][3]float64) {
		l := s.Labels(k)
		if !math.IsNaN(l.Energy) {
			energies.Add((energy - l.Energy) / float64(len(predicted)))
		}
		if l.Forces != nil {
			x := s.Structure(k)
			forces.Add(x.Numbers, l.Forces, predicted)
		}
	})
	if err != nil {
		return v, err
	}
	if v.Energies = energies.N; v.Energies > 0 {
		v.EnergyMAE, v.EnergyRMSE = energies.MAE(), energies.RMSE()
	}
	if v.Components = forces.All.N; v.Components > 0 {
		v.ForceMAE, v.ForceRMSE = forces.All.MAE(), forces.All.RMSE()
	}
	if r2, cosine := forces.R2(), forces.Cosine(); r2 != nil && cosine != nil {
		v.ForceR2, v.Cosine = *r2, *cosine
	}
	return v, nil
}

// compute goes through all structures with a potential; forces are nil where it gives none.
func (s *Set) compute(ctx context.Context, p nn.Potential, do func(k int, energy float64, forces [][3]float64)) error {
	var b atoms.Batch
	var r nn.Result
	for first := 0; first < s.Len(); {
		b.Reset()
		next := first
		for ; next < s.Len() && (next == first || b.NumAtoms() < passAtoms); next++ {
			x := s.Structure(next)
			b.Append(&x)
		}
		if err := p.Compute(ctx, &b, &r); err != nil {
			var which *atoms.StructureError
			if errors.As(err, &which) {
				return &atoms.StructureError{Index: first + which.Index, Err: which.Err}
			}
			return err
		}
		for k := range next - first {
			var forces [][3]float64
			if len(r.Forces) > 0 {
				forces = r.Forces[b.Start[k]:b.Start[k+1]]
			}
			do(first+k, r.Energy[k], forces)
		}
		first = next
	}
	return nil
}

// Change is by how much a network's energies and forces differ from another's on a set.
type Change struct {
	Energy float64 // mean |difference|, eV per atom
	Force  float64 // mean |difference| of components, eV/Å
}

// Compare computes both networks on the set.
func (s *Set) Compare(ctx context.Context, a, b *nn.Network, threads int) (c Change, err error) {
	var energies []float64
	var forces [][3]float64
	first, err := nn.NewPotential(a, nn.Options{Threads: threads, AnyElement: true})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, first.Close()) }()
	second, err := nn.NewPotential(b, nn.Options{Threads: threads, AnyElement: true})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, second.Close()) }()
	if err := s.compute(ctx, first, func(_ int, energy float64, f [][3]float64) {
		energies, forces = append(energies, energy), append(forces, f...)
	}); err != nil {
		return c, err
	}
	var energy, force scores.Deviation
	at := 0
	err = s.compute(ctx, second, func(k int, e float64, f [][3]float64) {
		energy.Add((e - energies[k]) / float64(len(f)))
		for i := range f {
			for x := range 3 {
				force.Add(f[i][x] - forces[at][x])
			}
			at++
		}
	})
	if err != nil {
		return c, err
	}
	return Change{energy.MAE(), force.MAE()}, nil
}
