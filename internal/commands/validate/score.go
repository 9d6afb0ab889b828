package validate

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"painless/internal/scores"
	"painless/train"
)

// prediction is what a model says of a structure.
type prediction struct {
	energy float64      // eV
	forces [][3]float64 // eV/Å, [N]
	stress [6]float64   // eV/Å³
}

// bySize is the errors of the structures that have from 2^k to 2^(k+1)−1 atoms.
type bySize struct {
	structures int
	energy     scores.Deviation // per atom
	forces     scores.Deviation
}

// score is how a model fares. Energies are kept one by one, as the offsets of
// the elements are known only at the end; forces in sums.
type score struct {
	energyErrors []float64 // predicted − label, eV, for each structure; NaN where there is none
	forces       scores.Forces
	stress       scores.Deviation
	hessian      scores.Deviation // eV/Å, for directions of 1 Å, root mean square
	curved       int              // structures that it is of
	likeness     train.Likeness   // of their labels and the model's
	sizes        [64]bySize
	forceErrors  histogram
	parity       density // forces: label, predicted
	worstEnergy  ranking
	worstForces  ranking
	computed     int           // structures
	took         time.Duration // to compute them
	failed       []lack
}

// resize makes room for the energies of n structures.
func (s *score) resize(n int) {
	for len(s.energyErrors) < n {
		s.energyErrors = append(s.energyErrors, math.NaN())
	}
}

// add compares what the model says of a structure with its labels.
func (s *score) add(l *labelled, p prediction) {
	s.computed++
	w := worst{place: l.place}
	size := &s.sizes[bits.Len(uint(l.Atoms))-1]
	size.structures++
	if l.Energy != nil {
		e := p.energy - *l.Energy
		perAtom := e / float64(l.Atoms)
		w.Energy, w.EnergyPerAtom = &e, &perAtom
		s.energyErrors[l.index] = e
		size.energy.Add(perAtom)
	}
	if l.Forces != nil {
		forces := s.addForces(l, p.forces)
		rmse := forces.RMSE()
		w.ForceRMSE, w.ForceMax = &rmse, &forces.Largest
		size.forces.Merge(forces)
		s.worstForces.add(w, rmse)
	}
	if l.Energy != nil {
		s.worstEnergy.add(w, math.Abs(*w.EnergyPerAtom)) // with the forces' errors beside it
	}
	if l.Stress != nil {
		for c := range l.Stress {
			s.stress.Add(p.stress[c] - l.Stress[c])
		}
	}
}

// addForces is the errors of a structure's force components.
func (s *score) addForces(l *labelled, predicted [][3]float64) scores.Deviation {
	for i, want := range l.Forces {
		for c := range want {
			s.forceErrors.add(math.Abs(predicted[i][c] - want[c]))
			s.parity.add(want[c], predicted[i][c])
		}
	}
	return s.forces.Add(l.Numbers, l.Forces, predicted)
}

// worst is a structure and its errors: nil where it has no label.
type worst struct {
	place
	Energy        *float64 `json:"energy_error,omitempty"`          // eV
	EnergyPerAtom *float64 `json:"energy_error_per_atom,omitempty"` // eV
	ForceRMSE     *float64 `json:"force_rmse,omitempty"`            // eV/Å, components
	ForceMax      *float64 `json:"force_max,omitempty"`             // eV/Å, component
}

// ranking is the worst structures, the worst first.
type ranking struct {
	list []worst
	by   []float64
}

const ranks = 10

func (r *ranking) add(w worst, by float64) {
	at, _ := slices.BinarySearchFunc(r.by, by, func(a, b float64) int {
		if a >= b { // what came first stays first
			return -1
		}
		return 1
	})
	if at == ranks {
		return
	}
	r.list, r.by = slices.Insert(r.list, at, w), slices.Insert(r.by, at, by)
	if len(r.list) > ranks {
		r.list, r.by = r.list[:ranks], r.by[:ranks]
	}
}
