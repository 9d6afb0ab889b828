package train

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

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
	// Of components of Hv, v's being 1 Å, root mean square: eV/Å.
	HessianMAE  float64 `json:"hessian_mae"`
	HessianRMSE float64 `json:"hessian_rmse"` // 0 in states of versions without it

	// Loss is that of the whole set, as one batch: the least is the best.
	Loss float64 `json:"loss"`
}

// leastR2 is the R² of forces below which they are no better than zeros.
const leastR2 = 0.01

// Blind reports whether the forces are no better than zeros, as those of a network
// whose units all died.
func (v *Validation) Blind() bool { return v.Components > 0 && v.ForceMAE > 0 && v.ForceR2 < leastR2 }

// passAtoms is how many atoms are computed in one pass, about.
const passAtoms = 2048

// Validate scores a network as users run it, in float32 with tables.
func (s *Set) Validate(ctx context.Context, network *nn.Network, loss Loss, threads int) (v Validation, err error) {
	shares := loss.shares(s.counts())
	potential, err := nn.NewPotential(network, nn.Options{Threads: threads, AtomEnergies: len(s.atomEnergies) > 0})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, potential.Close()) }()
	var energies scores.Deviation
	var forces scores.Forces
	var terms Terms
	err = s.compute(ctx, potential, func(k int, p *prediction) {
		l, n := s.Labels(k), len(p.forces)
		shares.compareEnergy(&l, n, p.energy, &terms)
		for i, label := range l.AtomEnergies {
			shares.compareAtomEnergy(label, p.atomEnergies[i], &terms)
		}
		for i, label := range l.Forces {
			shares.compareForce(label, p.forces[i], &terms)
		}
		shares.compareStress(l.Stress, n, p.volume, &p.gradient, &terms)
		if !math.IsNaN(l.Energy) {
			energies.Add((p.energy - l.Energy) / float64(n))
		}
		if l.Forces != nil {
			x := s.Structure(k)
			forces.Add(x.Numbers, l.Forces, p.forces)
		}
	})
	if err != nil {
		return v, err
	}
	if shares.hessian > 0 {
		if err := s.computeDisplaced(ctx, potential, func(k int, forwards, backwards [][3]float64) {
			l := s.Labels(k)
			shares.compareCurvature(&l, forwards, backwards, nil, &terms)
		}); err != nil {
			return v, err
		}
		n := float64(max(1, terms.Products))
		v.HessianMAE, v.HessianRMSE = terms.AbsProducts/n, math.Sqrt(terms.SquaredProducts/n)
	}
	terms.total()
	v.Loss = terms.Loss
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

// computeDisplaced goes through the structures with a curvature, and the forces of each,
// displaced forwards and backwards along the direction.
func (s *Set) computeDisplaced(ctx context.Context, p nn.Potential, do func(k int, forwards, backwards [][3]float64)) error {
	of := slices.Sorted(maps.Keys(s.curvatures))
	var forwards [][3]float64
	return compute(ctx, p, 2*len(of), func(i int) atoms.Structure {
		x := s.Structure(of[i/2])
		x.Positions = s.curvature(of[i/2]).displaced(nil, x.Positions, float64(1-i%2*2))
		return x
	}, func(i int, p *prediction) {
		if i%2 == 0 {
			forwards = append(forwards[:0], p.forces...)
			return
		}
		do(of[i/2], forwards, p.forces)
	})
}

// Weighed reports whether a loss weighs one of the labels.
func (s *Set) Weighed(loss Loss) bool { return loss.weighs(s.counts()) }

// counts is how many labels there are.
func (s *Set) counts() (c counts) {
	for k := range s.Len() {
		l := s.Labels(k)
		c.add(&l)
	}
	return c
}

// prediction is what a potential gives for a structure of N atoms.
type prediction struct {
	energy       float64      // eV
	forces       [][3]float64 // eV/Å, [N]; nil, as all below, of energies alone
	gradient     [9]float64   // ∂E/∂ε, eV
	volume       float64      // Å³; 0 where there is none
	atomEnergies []float64    // eV, [N]; nil where they are not asked for
}

// compute goes through all structures with a potential.
func (s *Set) compute(ctx context.Context, p nn.Potential, do func(k int, p *prediction)) error {
	return compute(ctx, p, s.Len(), s.Structure, do)
}

// compute goes through n structures with a potential.
func compute(ctx context.Context, p nn.Potential, n int, structure func(k int) atoms.Structure, do func(k int, p *prediction)) error {
	var b atoms.Batch
	var r nn.Result
	for first := 0; first < n; {
		b.Reset()
		next := first
		for ; next < n && (next == first || b.NumAtoms() < passAtoms); next++ {
			x := structure(next)
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
			lo, hi := b.Start[k], b.Start[k+1]
			x := prediction{energy: r.Energy[k]}
			if len(r.Forces) > 0 {
				x.forces = r.Forces[lo:hi]
				x.volume, _ = b.Volume(k)
				for i := range x.gradient {
					x.gradient[i] = -r.Virial[k][i/3][i%3]
				}
			}
			if len(r.AtomEnergy) > 0 {
				x.atomEnergies = r.AtomEnergy[lo:hi]
			}
			do(first+k, &x)
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
	if err := s.compute(ctx, first, func(_ int, p *prediction) {
		energies, forces = append(energies, p.energy), append(forces, p.forces...)
	}); err != nil {
		return c, err
	}
	var energy, force scores.Deviation
	at := 0
	err = s.compute(ctx, second, func(k int, p *prediction) {
		energy.Add((p.energy - energies[k]) / float64(len(p.forces)))
		for i := range p.forces {
			for x := range 3 {
				force.Add(p.forces[i][x] - forces[at][x])
			}
			at++
		}
	})
	if err != nil {
		return c, err
	}
	return Change{energy.MAE(), force.MAE()}, nil
}
