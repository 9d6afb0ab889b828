package md

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"painless/atoms"
	"painless/internal/buffer"
	"painless/internal/units"
)

// Dynamics moves a System step by step.
type Dynamics struct {
	System   *System
	Settings Settings
	// Step is how many steps were made, from the start of the whole run.
	Step int64
	// Failed is replicas that left, and why.
	Failed []Failure

	potential    Potential
	stages       []stage
	acceleration []float64 // 1/(m u Å²/fs²), Å/(fs² eV/Å), [N]
	widths       []float64 // roots of them: of a velocity's distribution, where kT is 1 eV, Å/fs, [N]
	replicas     []replica // [S]
	random       random
	draws        int // of this step's thermostat operations
	bonds        bonds
	keep, give   float64 // friction's of this step: of velocities, and of noise of one kT and mass, √eV
	parts        []part
	first        []int   // the replicas' first parts, [S+1]
	units        []int   // unit u of the threads' work is the parts units[u] up to units[u+1]
	threads      Threads // the potential's; nil where it has none
	doing        []stage // what threads do
	task         func(worker, unit int)
	computed     bool  // the forces are those of the positions
	unfinished   error // of a step
	whole        uncancelled
	limits       Limits // of guards so far; 0 where there was none
}

// Failure is a replica that could not go on.
type Failure struct {
	Replica int
	Step    int64
	Err     error
}

// replica is what a structure has beyond its atoms.
type replica struct {
	DOF    float64 // degrees of freedom of the kinetic energy
	Scaled float64 // those of them that were taken away, but whose positions scale with the cell
	Heat   float64 // eV that baths and barostats gave so far
	Chain  nhChain // of the atoms
	Cell   nhChain // of the cell
	Rate   float64 // of the strain of each axis, 1/fs (NPTMTK)
	Mass   float64 // of the cell, eV·fs² (NPTMTK)

	// Watched is the conserved energy when a guard began to watch, eV; nil before.
	Watched *float64 `json:",omitempty"`

	// Of this step.
	kinetic       float64       // eV, where it was measured
	scale         float64       // by which a thermostat wants the velocities to be multiplied
	strain        [3][3]float64 // NPTSCR
	forward, back [3][3]float64 // e^strain and e^−strain
	virial        [3][3]float64 // before the strain
}

// New begins a simulation of a system, whose velocities are as they should be at
// the start (Thermalize draws them), but for what fixed atoms, bonds and the drift
// that is taken away forbid. Settings that no simulation can have, or
// that do not go with the system, are errors.
func New(potential Potential, system *System, settings Settings) (*Dynamics, error) {
	isolated := func(pbc [3]bool) bool { return pbc == [3]bool{} }
	if settings.NoRotation && !slices.ContainsFunc(system.PBC, isolated) {
		return nil, errors.New("no rotation: expected an isolated structure, found periodic ones alone, which keep no angular momentum")
	}
	return begin(potential, system, settings)
}

// begin is New, and of a simulation that goes on: all that is isolated may have left it.
func begin(potential Potential, system *System, settings Settings) (*Dynamics, error) {
	settings = settings.withDefaults()
	if err := settings.check(); err != nil {
		return nil, err
	}
	d := &Dynamics{System: system, Settings: settings, potential: potential, stages: schedules[settings.Ensemble], random: random{settings.Seed}}
	if err := d.checkSystem(); err != nil {
		return nil, err
	}
	d.setAccelerations()
	var err error
	if d.bonds, err = newBonds(system, settings.Bonds); err != nil {
		return nil, err
	}
	d.threads, _ = potential.(Threads)
	d.task = d.doUnit
	d.cut()
	d.replicas = make([]replica, system.Len())
	for k := range d.replicas {
		d.prepare(k)
	}
	if stuck := d.bonds.rattle(system); len(stuck) > 0 { // velocities of a run without these bonds have parts along them
		return nil, d.bonds.list[stuck[0]].error(system, "the velocities along it cannot be taken away")
	}
	return d, nil
}

func (d *Dynamics) setAccelerations() {
	d.acceleration, d.widths = d.acceleration[:0], d.widths[:0]
	for _, m := range d.System.Masses {
		a := 1 / (m * units.MassVelocity2)
		d.acceleration, d.widths = append(d.acceleration, a), append(d.widths, math.Sqrt(a))
	}
}

func (d *Dynamics) checkSystem() error {
	s := d.System
	if n := s.NumAtoms(); len(s.Velocities) != n || len(s.Masses) != n || s.Fixed != nil && len(s.Fixed) != n || len(s.Replicas) != s.Len() {
		return fmt.Errorf("system of %d atoms: expected as many velocities and masses, found %d and %d", n, len(s.Velocities), len(s.Masses))
	}
	for i, m := range s.Masses {
		if !(m > 0) {
			k := s.StructureOf(i)
			return &atoms.StructureError{Index: k, Err: fmt.Errorf("atom %d has mass %v u: expected more than 0", i-s.Start[k], m)}
		}
	}
	for k := range s.Len() {
		if d.Settings.NoRotation && !s.Periodic(k) && anyFixed(s, k) != [3]bool{} {
			return &atoms.StructureError{Index: k, Err: errors.New("no rotation: expected no fixed atoms, as what holds them turns the structure")}
		}
	}
	if !d.Settings.Ensemble.barostatted() {
		return nil
	}
	if s.Fixed != nil {
		return errors.New("fixed atoms: expected an ensemble of constant volume, as a change of the cell would move them")
	}
	for k := range s.Len() {
		if _, ok := s.Volume(k); !ok || s.PBC[k] != [3]bool{true, true, true} {
			return &atoms.StructureError{Index: k, Err: errors.New("expected a cell that is periodic along three lattice vectors, for an ensemble of constant pressure")}
		}
	}
	return nil
}

// prepare readies a replica: what does not move, what is taken away, what is counted.
func (d *Dynamics) prepare(k int) {
	s, r := d.System, &d.replicas[k]
	hold(s, k)
	if !d.Settings.KeepDrift {
		removeDrift(s, k)
	}
	if d.Settings.NoRotation && !s.Periodic(k) {
		removeRotation(s, k)
	}
	d.countDOF(k)
	kT := units.Boltzmann * d.Settings.Temperature.From
	r.Chain.prepare(r.DOF, kT, d.Settings.ThermostatTime)
	r.Cell.prepare(1, kT, d.Settings.BarostatTime)
	r.Mass = (r.DOF + 3) * kT * d.Settings.BarostatTime * d.Settings.BarostatTime
}

// Advance makes one step. Replicas that cannot be computed leave for Failed; none
// left is an error, as is a ctx that is done before the step: one that has begun is
// made whole. After an error of the potential within a step there are no more.
func (d *Dynamics) Advance(ctx context.Context) error {
	if err := d.isWhole(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !d.computed {
		if err := d.Compute(ctx); err != nil {
			return err
		}
	}
	d.whole.Context = ctx
	d.unfinished = d.advance(&d.whole)
	return d.unfinished
}

// isWhole says what kept a step from being finished.
func (d *Dynamics) isWhole() error {
	if d.unfinished == nil {
		return nil
	}
	return fmt.Errorf("the simulation stands within the step after %d, which was not finished: %w", d.Step, d.unfinished)
}

// uncancelled is what context.WithoutCancel returns, without new memory at every step.
type uncancelled struct{ context.Context }

func (*uncancelled) Deadline() (deadline time.Time, ok bool) { return deadline, false }
func (*uncancelled) Done() <-chan struct{}                   { return nil }
func (*uncancelled) Err() error                              { return nil }

// advance takes all through the stages.
func (d *Dynamics) advance(ctx context.Context) error {
	d.draws = 0
	for rest := d.stages; len(rest) > 0; {
		now := rest[:d.together(rest)]
		rest = rest[len(now):]
		if now[0].atoms != nil {
			d.bonds.remember(d.System)
			d.do(now)
		}
		last := &now[len(now)-1]
		dt := last.share * d.Settings.TimeStep
		if last.hold != nil {
			last.hold(d, dt)
		}
		if last.replicas != nil {
			last.replicas(d, dt)
		}
		if last.atoms == nil && last.replicas == nil {
			if err := d.Compute(ctx); err != nil {
				return err
			}
		}
	}
	if d.Settings.NoRotation {
		for k := range d.replicas {
			if !d.System.Periodic(k) {
				before := d.System.KineticEnergy(k)
				removeRotation(d.System, k)
				d.replicas[k].Heat += d.System.KineticEnergy(k) - before
			}
		}
	}
	d.Step++
	return nil
}

// together is how many of the stages can be done part by part: up to one that
// looks at replicas, and one by one where something is held.
func (d *Dynamics) together(stages []stage) (n int) {
	for n < len(stages) && stages[n].atoms != nil {
		n++
		if d.held() || stages[n-1].replicas != nil {
			break
		}
	}
	return max(n, 1)
}

// Compute computes energy, forces and virial of the positions as they are.
// Whoever changes positions or cells between steps calls it before the next one.
func (d *Dynamics) Compute(ctx context.Context) error {
	d.computed = false
	for d.System.Len() > 0 {
		err := d.potential.Compute(ctx, &d.System.Batch, &d.System.Result)
		if err == nil {
			d.computed = true
			return nil
		}
		one, other := structureError(err)
		if other != nil || one.Index < 0 || one.Index >= d.System.Len() {
			return err
		}
		if d.System.Len() == 1 {
			return fmt.Errorf("step %d: replica %d: %w", d.Step, d.System.Replicas[0], one.Err)
		}
		d.Fail(one.Index, one.Err)
	}
	return errors.New("no replica is left")
}

// Fail takes structure k out of the simulation.
func (d *Dynamics) Fail(k int, err error) { d.FailAll([]Alarm{{k, err}}) }

// FailAll takes the structures of the alarms out of the simulation, all at once; of a
// structure with several the first is why. What was computed of the others stays.
func (d *Dynamics) FailAll(alarms []Alarm) {
	if len(alarms) == 0 {
		return
	}
	gone := make([]bool, d.System.Len())
	for _, a := range alarms {
		if !gone[a.Structure] {
			d.Failed = append(d.Failed, Failure{Replica: d.System.Replicas[a.Structure], Step: d.Step, Err: a.Err})
			gone[a.Structure] = true
		}
	}
	d.bonds.remove(&d.System.Batch, gone)
	d.System.remove(gone)
	d.replicas = buffer.Without(d.replicas, gone)
	d.cut()
	d.setAccelerations()
}

// fraction is how much of the run lies behind.
func (d *Dynamics) fraction() float64 {
	if d.Settings.Steps == 0 {
		return 0
	}
	return float64(d.Step) / float64(d.Settings.Steps)
}

// Target returns the temperature that a thermostat wants now, K.
func (d *Dynamics) Target() float64 { return d.Settings.Temperature.at(d.fraction()) }

// kT is the thermal energy that is wanted now, eV.
func (d *Dynamics) kT() float64 { return units.Boltzmann * d.Target() }

// pressure is what is wanted now, eV/Å³.
func (d *Dynamics) pressure() float64 { return units.Bar * d.Settings.Pressure.at(d.fraction()) }

// Temperature returns that of structure k, K: twice the kinetic energy over the
// degrees of freedom that can have some; 0 where there is none.
func (d *Dynamics) Temperature(k int) float64 {
	if d.replicas[k].DOF <= 0 {
		return 0
	}
	return 2 * d.System.KineticEnergy(k) / (d.replicas[k].DOF * units.Boltzmann)
}

// DOF returns the degrees of freedom of structure k's kinetic energy.
func (d *Dynamics) DOF(k int) float64 { return d.replicas[k].DOF }

// Conserved returns the energy of structure k and of what is coupled to it, less
// what random forces and barostats gave, eV: constant but for the error of the time step.
func (d *Dynamics) Conserved(k int) float64 {
	r := &d.replicas[k]
	e := d.System.Result.Energy[k] + d.System.KineticEnergy(k) - r.Heat
	switch d.Settings.Ensemble {
	case NHC:
		e += r.Chain.kinetic()
	case NPTMTK:
		e += r.Chain.kinetic() + r.Cell.kinetic() + 0.5*r.Mass*r.Rate*r.Rate
	}
	return e
}
