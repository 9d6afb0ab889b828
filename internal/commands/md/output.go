package md

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"painless/data/hdf5"
	"painless/data/trajectory"
	"painless/md"
)

// writer writes a trajectory, of any format.
type writer interface {
	Write(f *trajectory.Frame) error
	Frames() int
	LastStep() int64
	Interval() int64
	Sync() error
	Close() error
}

// outputs is the trajectories, the log and what the report is made of.
type outputs struct {
	settings *settings
	stderr   io.Writer
	writers  map[int]writer // by the replica
	replicas int            // that the run began with
	log      *os.File
	columns  int   // of the log
	logged   int64 // the last step in it and in the records, or −1
	interval int64 // between the first two steps of a log that goes on; 0 where it is not known
	records  *recorder
	samples  []sample
	lines    []byte
	said     bool // that DCD has no room for the last step
}

// open begins the outputs or, after a restart, goes on with them.
func (s *settings) open(d *md.Dynamics, replicas int, stderr io.Writer) (o *outputs, err error) {
	o = &outputs{settings: s, stderr: stderr, writers: map[int]writer{}, replicas: replicas, columns: len(columns), logged: -1, records: newRecorder()}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	if s.trajectory != "" {
		turned := false
		format, err := trajectory.FormatOf(s.trajectory)
		if err != nil && !hdf5.IsTrajectory(s.trajectory) {
			return o, fmt.Errorf("-o: %w", err)
		}
		for k, id := range d.System.Replicas {
			path := trajectory.ReplicaPath(s.trajectory, id, replicas)
			w, err := s.openTrajectory(path, frame(d, k))
			if err != nil {
				return o, err
			}
			o.writers[id] = w
			one := d.System.Structure(k)
			turned = turned || (format == trajectory.DCD || format == trajectory.NetCDF) && trajectory.Turned(&one)
		}
		if turned {
			fmt.Fprintf(stderr, "painless: md: %s has cells turned so that a lies along x and b in the plane of x and y, and positions, velocities and forces with them\n", s.trajectory)
		}
		if replicas > 1 {
			fmt.Fprintf(stderr, "painless: md: %d replicas: their trajectories are %s to %s\n",
				replicas, trajectory.ReplicaPath(s.trajectory, 0, replicas), trajectory.ReplicaPath(s.trajectory, replicas-1, replicas))
		}
	}
	if s.log != "" {
		if err := o.openLog(d); err != nil {
			return o, err
		}
	}
	return o, o.sayIntervals()
}

// sayIntervals says where a run that goes on has been written at other intervals.
func (o *outputs) sayIntervals() error {
	every := o.settings.every
	say := func(path string, interval int64) {
		if interval > 0 && interval != every {
			fmt.Fprintf(o.stderr, "painless: md: %s has been written every %d steps so far, and goes on every %d, as -every says\n", path, interval, every)
		}
	}
	say(o.settings.log, o.interval)
	for _, id := range slices.Sorted(maps.Keys(o.writers)) {
		w, path := o.writers[id], trajectory.ReplicaPath(o.settings.trajectory, id, o.replicas)
		if n := w.Interval(); n > 0 && n != every {
			if format, _ := trajectory.FormatOf(path); format == trajectory.DCD {
				return fmt.Errorf("%s: -every %d: expected %d, as DCD holds frames at equal intervals", path, every, n)
			}
			say(path, n)
			break // the others are alike
		}
	}
	return nil
}

// openTrajectory begins a trajectory or, after a restart, goes on with it after the
// frame where the simulation stands now.
func (s *settings) openTrajectory(path string, now *trajectory.Frame) (writer, error) {
	create := func(replace bool) (writer, error) {
		if hdf5.IsTrajectory(path) {
			return hdf5.CreateTrajectory(path, now.Numbers, replace)
		}
		return trajectory.Create(path, now.Numbers, trajectory.Options{Replace: replace})
	}
	resume := func(after int64) (writer, error) {
		if hdf5.IsTrajectory(path) {
			return hdf5.AppendTrajectory(path, now.Numbers, after, now)
		}
		return trajectory.Append(path, now.Numbers, after, trajectory.Options{Later: now})
	}
	if s.restart != "" {
		w, err := resume(now.Step)
		if err == nil && w.LastStep() == now.Step && s.between(now.Step, w.Frames(), w.Interval()) {
			if err := w.Close(); err != nil {
				return nil, err
			}
			w, err = resume(now.Step - 1)
		}
		switch {
		case err == nil:
			return w, nil
		case errors.Is(err, trajectory.ErrAnother) && !s.force:
			return nil, fmt.Errorf("%w; -force replaces it", err)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, trajectory.ErrAnother):
			return nil, err
		}
	}
	w, err := create(s.force)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w; -force replaces it", err)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// between says whether the step that a run goes on from is one that its end alone
// put into an output, which has samples of so many steps, the first two of them at
// an interval: a run that was never stopped has none of it.
func (s *settings) between(step int64, samples int, interval int64) bool {
	return step%s.every != 0 && (samples < 3 || step%interval != 0)
}

// write appends a frame and a line for each replica. A restart begins with the
// frame that its checkpoint was written after, which is there already.
func (o *outputs) write(d *md.Dynamics) error {
	for k, id := range d.System.Replicas {
		if w := o.writers[id]; w != nil && w.LastStep() < d.Step && o.room(w, d.Step) {
			if err := w.Write(frame(d, k)); err != nil {
				return err
			}
		}
	}
	if o.logged >= d.Step {
		return nil
	}
	o.samples = samples(o.samples[:0], d)
	if err := o.add(o.samples...); err != nil {
		return err
	}
	o.logged = d.Step
	o.records.addMomenta(d)
	return nil
}

// room says whether a trajectory can hold a frame of a step: at the end of a run, DCD
// may not.
func (o *outputs) room(w writer, step int64) bool {
	format, _ := trajectory.FormatOf(o.settings.trajectory)
	if format != trajectory.DCD || step%o.settings.every == 0 || w.Frames() < 2 || w.LastStep()+w.Interval() == step {
		return true
	}
	if !o.said {
		o.said = true
		fmt.Fprintf(o.stderr, "painless: md: %s ends with step %d, as DCD holds frames at equal intervals\n", o.settings.trajectory, w.LastStep())
	}
	return false
}

// add records and logs samples of a step.
func (o *outputs) add(list ...sample) error {
	o.lines = o.lines[:0]
	for i := range list {
		if err := o.records.add(&list[i]); err != nil {
			return err
		}
		o.lines = list[i].append(o.lines, o.columns)
	}
	if o.log == nil {
		return nil
	}
	_, err := o.log.Write(o.lines)
	return err
}

// frame is how structure k stands, in the memory of the dynamics.
func frame(d *md.Dynamics, k int) *trajectory.Frame {
	s := d.System
	lo, hi := s.Start[k], s.Start[k+1]
	kinetic, temperature := s.KineticEnergy(k), d.Temperature(k)
	f := &trajectory.Frame{
		Structure: s.Structure(k), Step: d.Step, Time: float64(d.Step) * d.Settings.TimeStep,
		Velocities: s.Velocities[lo:hi], Masses: s.Masses[lo:hi], Forces: s.Result.Forces[lo:hi], Energy: &s.Result.Energy[k], Kinetic: &kinetic, Temperature: &temperature,
	}
	if _, ok := s.Volume(k); ok {
		f.Stress = &s.Result.Stress[k]
	}
	return f
}

// Sync waits until the disk has what was written, as a checkpoint counts on it.
func (o *outputs) Sync() (err error) {
	for _, w := range o.writers {
		err = errors.Join(err, w.Sync())
	}
	if o.log != nil {
		err = errors.Join(err, o.log.Sync())
	}
	return err
}

// Close closes the files.
func (o *outputs) Close() (err error) {
	for _, w := range o.writers {
		err = errors.Join(err, w.Close())
	}
	if o.log != nil {
		err = errors.Join(err, o.log.Close())
	}
	return err
}
