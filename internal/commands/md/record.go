package md

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"painless/internal/series"
	"painless/internal/units"
	"painless/internal/vec"
	"painless/md"
)

// recorder keeps of a run's samples what its report says. Its memory does not
// grow with the steps.
type recorder struct {
	replicas []*record // in the order in which they came
	byID     map[int]*record
	pool     *energies // kinetic ones of all; nil where replicas differ
	momenta  bool      // were seen
}

const (
	maxDrawn   = 6       // replicas whose curves are drawn
	maxRecords = 1 << 17 // replicas of a log
)

// record is what is kept of a replica.
type record struct {
	id                     int
	first, last            sample
	conserved, temperature series.Fit // over the time, fs
	kinetic                energies
	constant               bool    // the thermostat's temperature
	deviation              float64 // the largest of the conserved energy from its first value, eV
	deviationStep          int64
	curves                 *curves

	// The largest, and the largest change; only while the run goes.
	momentum        float64 // u Å/fs
	angular, turned float64 // u Å²/fs
	isolated        bool
	angularAtFirst  [3]float64
}

// curves is what is drawn, over the time, fs.
type curves struct{ temperature, potential, kinetic, conserved series.Curve }

// energies is how energies, eV, are distributed.
type energies struct {
	series.Fit
	series.Histogram
}

func (e *energies) add(t, energy float64) {
	e.Fit.Add(t, energy)
	e.Histogram.Add(energy)
}

func newRecorder() *recorder { return &recorder{byID: map[int]*record{}, pool: &energies{}} }

// add takes a sample.
func (r *recorder) add(s *sample) error {
	p := r.byID[s.replica]
	if p == nil {
		if len(r.replicas) == maxRecords {
			return fmt.Errorf("expected at most %d replicas, found more", maxRecords)
		}
		p = &record{id: s.replica, first: *s, constant: true}
		if len(r.replicas) < maxDrawn {
			p.curves = &curves{}
		}
		r.byID[s.replica], r.replicas = p, append(r.replicas, p)
	}
	p.last = *s
	p.conserved.Add(s.time, s.conserved)
	p.temperature.Add(s.time, s.temperature)
	p.kinetic.add(s.time, s.kinetic)
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	p.constant = p.constant && same(s.target, p.first.target)
	if d := s.conserved - p.first.conserved; math.Abs(d) > math.Abs(p.deviation) {
		p.deviation, p.deviationStep = d, s.step
	}
	if first := &r.replicas[0].first; r.pool != nil {
		if s.dof != first.dof || !same(s.target, first.target) || s.atoms != first.atoms {
			r.pool = nil
		} else {
			r.pool.add(s.time, s.kinetic)
		}
	}
	if c := p.curves; c != nil {
		c.temperature.Add(s.time, s.temperature)
		c.potential.Add(s.time, s.potential-p.first.potential)
		c.kinetic.Add(s.time, s.kinetic)
		c.conserved.Add(s.time, s.conserved-p.first.conserved)
	}
	return nil
}

// addMomenta takes the momenta, of replicas whose sample was taken.
func (r *recorder) addMomenta(d *md.Dynamics) {
	r.momenta = true
	for k, id := range d.System.Replicas {
		p := r.byID[id]
		p.momentum = max(p.momentum, vec.Norm(d.System.Momentum(k)))
		if d.System.Periodic(k) {
			continue
		}
		l := d.System.AngularMomentum(k)
		if !p.isolated {
			p.isolated, p.angularAtFirst = true, l
		}
		p.angular, p.turned = max(p.angular, vec.Norm(l)), max(p.turned, vec.Distance(l, p.angularAtFirst))
	}
}

// drift is how much the conserved energy has changed from the first sample to
// now, and the most that it has been away from it, eV an atom: the largest of the replicas.
func (r *recorder) drift(d *md.Dynamics) (end, largest float64) {
	for k, id := range d.System.Replicas {
		p, n := r.byID[id], float64(d.System.Start[k+1]-d.System.Start[k])
		if p == nil || n == 0 {
			continue
		}
		now := math.Abs(d.Conserved(k)-p.first.conserved) / n
		end, largest = max(end, now), max(largest, now, math.Abs(p.deviation)/n)
	}
	return end, largest
}

// dofOf is the degrees of freedom of which kinetic energy, eV, and temperature,
// K, of twelve digits tell: a whole number.
func dofOf(kinetic, temperature float64) float64 {
	return math.Round(2 * kinetic / (units.Boltzmann * temperature))
}

// inOrder is the records by the replicas' numbers.
func (r *recorder) inOrder() []*record {
	list := slices.Clone(r.replicas)
	slices.SortFunc(list, func(a, b *record) int { return a.id - b.id })
	return list
}

// readFrom records a log.
func (r *recorder) readFrom(ctx context.Context, file io.Reader) error {
	in, err := newLogReader(file)
	if err != nil {
		return err
	}
	for {
		var s sample
		if err := in.read(&s); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if err := r.add(&s); err != nil {
			return fmt.Errorf("line %d: %w", in.line, err)
		}
		if in.line%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(r.replicas) == 0 {
		return errors.New("expected a line of a step, found none")
	}
	return nil
}
