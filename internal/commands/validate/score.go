package validate

import (
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/stat"

	"painless/internal/vec"
)

// prediction is what a model says of a structure.
type prediction struct {
	energy float64      // eV
	forces [][3]float64 // eV/Å, [N]
	stress [6]float64   // eV/Å³
}

// deviation is sums over errors, predicted − label.
type deviation struct {
	n       int
	abs     float64 // Σ|e|
	squares float64 // Σe²
	largest float64 // max |e|
}

func (d *deviation) add(e float64) {
	d.n++
	d.abs += math.Abs(e)
	d.squares += e * e
	d.largest = math.Max(d.largest, math.Abs(e))
}

// merge adds sums over other errors: those of a structure are summed alone, as
// fewer additions to a large sum lose fewer digits.
func (d *deviation) merge(o deviation) {
	d.n += o.n
	d.abs += o.abs
	d.squares += o.squares
	d.largest = math.Max(d.largest, o.largest)
}

func (d *deviation) mae() float64  { return d.abs / float64(d.n) }
func (d *deviation) rmse() float64 { return math.Sqrt(d.squares / float64(d.n)) }

// moments is a mean and the sum of squares about it.
type moments struct{ n, mean, squares float64 }

// merge adds numbers: Chan, Golub and LeVeque's update (1979).
func (m *moments) merge(x []float64) {
	mean, variance := stat.PopMeanVariance(x, nil)
	n := float64(len(x))
	delta, total := mean-m.mean, m.n+n
	m.mean += delta * n / total
	m.squares += variance*n + delta*delta*m.n*n/total
	m.n = total
}

// bySize is the errors of the structures that have from 2^k to 2^(k+1)−1 atoms.
type bySize struct {
	structures int
	energy     deviation // per atom
	forces     deviation
}

// score is how a model fares. Energies are kept one by one, as the offsets of
// the elements are known only at the end; forces in sums.
type score struct {
	energyErrors []float64 // predicted − label, eV, for each structure; NaN where there is none
	forces       deviation // components
	forceLabels  moments
	cosines      float64 // Σ of the cosine between the forces, over the atoms where neither is 0
	directed     int     // those atoms
	stress       deviation
	elements     [atomicNumbers]deviation // forces, by atomic number
	sizes        [64]bySize
	forceErrors  histogram
	parity       density // forces: label, predicted
	worstEnergy  ranking
	worstForces  ranking
	computed     int // structures
	failed       []lack

	components []float64 // of a structure's labels of forces
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
		size.energy.add(perAtom)
	}
	if l.Forces != nil {
		forces := s.addForces(l, p.forces)
		rmse := forces.rmse()
		w.ForceRMSE, w.ForceMax = &rmse, &forces.largest
		size.forces.merge(forces)
		s.worstForces.add(w, rmse)
	}
	if l.Energy != nil {
		s.worstEnergy.add(w, math.Abs(*w.EnergyPerAtom)) // with the forces' errors beside it
	}
	if l.Stress != nil {
		for c := range l.Stress {
			s.stress.add(p.stress[c] - l.Stress[c])
		}
	}
}

// addForces is the errors of a structure's force components.
func (s *score) addForces(l *labelled, predicted [][3]float64) (all deviation) {
	s.components = s.components[:0]
	cosines := 0.0
	for i, want := range l.Forces {
		got := predicted[i]
		var atom deviation
		for c := range want {
			e := got[c] - want[c]
			atom.add(e)
			s.forceErrors.add(math.Abs(e))
			s.parity.add(want[c], got[c])
		}
		s.elements[l.Numbers[i]].merge(atom)
		all.merge(atom)
		s.components = append(s.components, want[:]...)
		if lengths := vec.Norm(got) * vec.Norm(want); lengths > 0 {
			s.directed++
			cosines += vec.Dot(got, want) / lengths
		}
	}
	s.cosines += cosines
	s.forces.merge(all)
	s.forceLabels.merge(s.components)
	return all
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
