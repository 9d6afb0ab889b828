package md

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"painless/atoms"
	"painless/internal/units"
	"painless/internal/vec"
)

// Relaxation moves structures to minima of their energy or, where the cell
// relaxes under pressure, of their enthalpy. They move in lockstep, each as it
// would alone, come when they like and leave when they are done, so that a file of
// any length goes through one batch.
type Relaxation struct {
	settings  RelaxSettings
	potential Potential
	under     []*descent // under way, in the order in which they came
	spare     []*descent // whose memory those that come next take
	computing []*descent // those of them that can be computed: the batch's structures, [S]
	assembled bool       // the batch is of them
	batch     atoms.Batch
	result    atoms.Result
	close     atoms.NeighborList[float64]
	relaxed   Relaxed
}

// descent is a structure on its way.
type descent struct {
	coordinates
	optimizer   optimizer
	id          int
	steps       int64
	energy      float64 // at the start, eV
	volume      float64 // at the start, Å³
	forces      float64 // the largest, eV/Å
	stress      float64 // the largest deviation, bar
	left        bool
	notComputed error
}

// optimizer chooses the steps of one structure.
type optimizer interface {
	// start begins with n rows of coordinates.
	start(n int)
	// step moves c.x, no atom farther than longest, Å; c.f and the enthalpy, eV, are
	// those of c.x.
	step(c *coordinates, enthalpy, longest float64)
}

// Relaxed is a structure that has left a Relaxation, converged or not.
type Relaxed struct {
	ID        int
	Structure atoms.Structure // shares memory with the Relaxation
	Steps     int64           // that it has moved
	Converged bool

	// Err is what has stopped it before it converged, in a sentence that names atoms:
	// atoms that are too close, numbers that are none. Energies, forces and stress are
	// then of no meaning. It is nil where the steps ran out.
	Err error

	First, Energy float64      // at the start and where it is now, eV
	Forces        [][3]float64 // eV/Å, [N], of fixed atoms too; shares memory
	Stress        [6]float64   // xx, yy, zz, yz, xz, xy, eV/Å³; tension is positive; 0 where there is no volume

	FirstVolume, Volume float64 // Å³; 0 where there is none
	MaxForce            float64 // eV/Å, of what is free to move
	MaxStress           float64 // bar: of the stress's deviation from the pressure; 0 where the cell is held
}

// NewRelaxation begins without structures. Settings that no relaxation can have are errors.
func NewRelaxation(potential Potential, settings RelaxSettings) (*Relaxation, error) {
	if err := settings.Check(); err != nil {
		return nil, err
	}
	return &Relaxation{settings: settings.withDefaults(), potential: potential}, nil
}

// Add copies a structure into the relaxation; id is what its Relaxed will have.
// fixed says which components of which atoms do not move, [N], or is nil. A
// structure that cannot be relaxed with the settings is an error.
func (r *Relaxation) Add(id int, s *atoms.Structure, fixed [][3]bool) error {
	if err := r.check(s, fixed); err != nil {
		return err
	}
	d := &descent{}
	if n := len(r.spare); n > 0 {
		d, r.spare = r.spare[n-1], r.spare[:n-1]
	} else if r.settings.Optimizer == FIRE {
		d.optimizer = &fire{}
	} else {
		d.optimizer = &lbfgs{}
	}
	*d = descent{coordinates: d.coordinates, optimizer: d.optimizer, id: id}
	d.coordinates.start(s, fixed, r.settings.Cell, r.settings.Pressure*units.Bar)
	d.optimizer.start(len(d.x))
	r.under, r.assembled = append(r.under, d), false
	return nil
}

func (r *Relaxation) check(s *atoms.Structure, fixed [][3]bool) error {
	n := len(s.Numbers)
	if err := s.Check(); err != nil {
		return err
	}
	switch {
	case n == 0:
		return errors.New("expected atoms, found none")
	case fixed != nil && len(fixed) != n:
		return fmt.Errorf("%d atoms: expected to hear of as many whether they are fixed, found %d", n, len(fixed))
	case fixed != nil && !slices.ContainsFunc(fixed, func(f [3]bool) bool { return f != [3]bool{true, true, true} }):
		return errors.New("expected an atom that moves, found all fixed")
	case r.settings.Cell == FixedCell:
		return nil
	case slices.ContainsFunc(fixed, func(f [3]bool) bool { return f != [3]bool{} }):
		return errors.New("fixed atoms: expected a cell that is held, as a change of the cell would move them")
	}
	one := atoms.Batch{Cells: [][3][3]float64{s.Cell}, PBC: [][3]bool{s.PBC}}
	if _, ok := one.Volume(0); !ok || s.PBC != [3]bool{true, true, true} {
		return errors.New("expected a cell that is periodic along three lattice vectors, for it to relax")
	}
	return nil
}

// Len returns the number of structures under way.
func (r *Relaxation) Len() int { return len(r.under) }

// NumAtoms returns the number of their atoms.
func (r *Relaxation) NumAtoms() (n int) {
	for _, d := range r.under {
		n += len(d.numbers)
	}
	return n
}

// Advance computes the structures under way, hands those that are done to done, in
// the order in which they were added, and moves the others by a step. What done
// gets is good until it returns; it may not add structures. Structures that cannot
// be computed are done too; other errors of the potential, as of a ctx that is
// done, end it, and it can be called again.
func (r *Relaxation) Advance(ctx context.Context, done func(*Relaxed)) error {
	if err := r.compute(ctx); err != nil {
		return err
	}
	close, err := closestPairs(&r.close, &r.batch, r.settings.Distance)
	one, err := structureError(err)
	if err != nil {
		return err
	}
	k := -1 // in the batch
	for _, d := range r.under {
		if d.left = true; d.notComputed != nil {
			r.relaxed = Relaxed{ID: d.id, Structure: d.structure(), Steps: d.steps, Err: d.notComputed}
			d.place(r.relaxed.Structure.Positions, &r.relaxed.Structure.Cell)
			done(&r.relaxed)
			continue
		}
		k++
		wrong := d.measure(&r.batch, &r.result, k)
		if p, ok := close[k]; ok {
			wrong = errors.New((&Limits{Distance: r.settings.Distance}).near(p, d.numbers))
		} else if one.Err != nil && one.Index == k {
			wrong = one.Err
		}
		converged := wrong == nil && d.forces <= r.settings.Force && d.stress <= r.settings.Stress
		if wrong != nil || converged || d.steps >= r.settings.Steps {
			r.report(d, k, converged, wrong)
			done(&r.relaxed)
			continue
		}
		d.left = false
		d.optimizer.step(&d.coordinates, r.enthalpy(k), r.settings.MaxStep)
		d.steps++
	}
	r.part()
	return nil
}

// compute computes those that can be, and marks the others.
func (r *Relaxation) compute(ctx context.Context) error {
	for {
		r.assemble()
		if r.batch.Len() == 0 {
			return nil
		}
		err := r.potential.Compute(ctx, &r.batch, &r.result)
		for k := 0; err == nil && k < r.batch.Len(); k++ {
			err = r.result.Finish(&r.batch, k)
		}
		one, other := structureError(err)
		if other != nil || one.Err == nil {
			return other
		}
		if one.Index < 0 || one.Index >= len(r.computing) {
			return err
		}
		r.computing[one.Index].notComputed, r.assembled = one.Err, false
	}
}

// structureError is what is wrong with one structure, if that is all; without an
// Err where nothing is.
func structureError(err error) (one atoms.StructureError, other error) {
	if err == nil {
		return one, nil
	}
	var found *atoms.StructureError
	if !errors.As(err, &found) {
		return one, err
	}
	return *found, nil
}

// assemble makes a batch of those under way, where they are now.
func (r *Relaxation) assemble() {
	if !r.assembled {
		r.batch.Reset()
		r.computing = r.computing[:0]
		for _, d := range r.under {
			if d.notComputed == nil {
				s := d.structure()
				r.batch.Append(&s)
				r.computing = append(r.computing, d)
			}
		}
		r.assembled = true
	}
	for k, d := range r.computing {
		d.place(r.batch.Positions[r.batch.Start[k]:r.batch.Start[k+1]], &r.batch.Cells[k])
	}
}

// structure is that of the coordinates, whose memory it shares; place says where its atoms are.
func (c *coordinates) structure() atoms.Structure {
	return atoms.Structure{Numbers: c.numbers, Positions: c.x[:len(c.numbers)], Cell: c.cell, PBC: c.pbc}
}

// measure makes the forces on the coordinates of what was computed of structure
// k, and says how far they are from a minimum.
func (d *descent) measure(b *atoms.Batch, result *atoms.Result, k int) error {
	volume, hasVolume := b.Volume(k)
	if d.steps == 0 {
		d.energy = result.Energy[k]
		if hasVolume {
			d.volume = volume
		}
	}
	lo, hi := b.Start[k], b.Start[k+1]
	if err := d.pull(result.Forces[lo:hi], &result.Virial[k], volume); err != nil {
		return err
	}
	largest := 0.0
	for i, f := range result.Forces[lo:hi] {
		if len(d.fixed) > 0 {
			f = d.f[i] // in which what is fixed is 0
		}
		largest = max(largest, vec.Dot(f, f))
	}
	d.forces, d.stress = math.Sqrt(largest), d.deviation(&result.Stress[k])
	return nil
}

// deviation is the largest component of the stress's deviation from the pressure
// that the cell can follow, bar.
func (c *coordinates) deviation(stress *[6]float64) (largest float64) {
	switch c.change {
	case IsotropicCell:
		largest = math.Abs((stress[0]+stress[1]+stress[2])/3 + c.pressure)
	case FullCell:
		for a, s := range stress {
			if a < 3 {
				s += c.pressure
			}
			largest = max(largest, math.Abs(s))
		}
	}
	return largest / units.Bar
}

// enthalpy of structure k of the batch, eV.
func (r *Relaxation) enthalpy(k int) float64 {
	if r.settings.Pressure == 0 {
		return r.result.Energy[k]
	}
	volume, _ := r.batch.Volume(k)
	return r.result.Energy[k] + r.settings.Pressure*units.Bar*volume
}

// report fills relaxed with structure k of the batch.
func (r *Relaxation) report(d *descent, k int, converged bool, wrong error) {
	r.relaxed = Relaxed{
		ID: d.id, Structure: r.batch.Structure(k), Steps: d.steps, Converged: converged, Err: wrong,
		First: d.energy, Energy: r.result.Energy[k], Forces: r.result.Forces[r.batch.Start[k]:r.batch.Start[k+1]],
		Stress: r.result.Stress[k], FirstVolume: d.volume, MaxForce: d.forces, MaxStress: d.stress,
	}
	if volume, ok := r.batch.Volume(k); ok {
		r.relaxed.Volume = volume
	}
}

// part takes those that have left out, and keeps their memory.
func (r *Relaxation) part() {
	kept := r.under[:0]
	for _, d := range r.under {
		if d.left {
			r.spare, r.assembled = append(r.spare, d), false
		} else {
			kept = append(kept, d)
		}
	}
	clear(r.under[len(kept):])
	r.under = kept
}
