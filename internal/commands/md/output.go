package md

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"painless/data/hdf5"
	"painless/data/trajectory"
	"painless/md"
)

// writer writes a trajectory, of any format.
type writer interface {
	Write(f *trajectory.Frame) error
	LastStep() int64
	Interval() int64
	Sync() error
	Close() error
}

// outputs is the trajectories, the log and what the report is made of.
type outputs struct {
	settings *settings
	writers  map[int]writer // by the replica
	replicas int            // that the run began with
	log      *os.File
	columns  int   // of the log
	logged   int64 // the last step in it and in the records, or −1
	interval int64 // between the first two steps of a log that goes on; 0 where it is not known
	records  *recorder
	samples  []sample
	lines    []byte
}

// open begins the outputs or, after a restart, goes on with them.
func (s *settings) open(d *md.Dynamics, replicas int, stderr io.Writer) (o *outputs, err error) {
	o = &outputs{settings: s, writers: map[int]writer{}, replicas: replicas, columns: len(columns), logged: -1, records: newRecorder()}
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
			numbers := d.System.Numbers[d.System.Start[k]:d.System.Start[k+1]]
			w, err := s.openTrajectory(path, numbers, d.Step)
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
	}
	if s.log != "" {
		if err := o.openLog(d.Step); err != nil {
			return o, err
		}
	}
	return o, o.sayIntervals(stderr)
}

// sayIntervals says where a run that goes on has been written at other intervals.
func (o *outputs) sayIntervals(stderr io.Writer) error {
	every := o.settings.every
	say := func(path string, interval int64) {
		if interval > 0 && interval != every {
			fmt.Fprintf(stderr, "painless: md: %s has been written every %d steps so far, and goes on every %d, as -every says\n", path, interval, every)
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

func (s *settings) openTrajectory(path string, numbers []int, step int64) (writer, error) {
	create := func() (writer, error) { return trajectory.Create(path, numbers, trajectory.Options{Replace: s.force}) }
	resume := func() (writer, error) { return trajectory.Append(path, numbers, step, trajectory.Options{}) }
	if hdf5.IsTrajectory(path) {
		create = func() (writer, error) { return hdf5.CreateTrajectory(path, numbers, s.force) }
		resume = func() (writer, error) { return hdf5.AppendTrajectory(path, numbers, step) }
	}
	if s.restart != "" {
		w, err := resume()
		if err == nil {
			return w, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	w, err := create()
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%w; -force replaces it", err)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// openLog begins the log or cuts off what follows a step, and records what is in it.
func (o *outputs) openLog(step int64) error {
	path := o.settings.log
	if o.settings.restart != "" {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			o.log = file
			if err := o.resumeLog(step); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if o.settings.force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, flags, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; -force replaces it", err)
	}
	if err != nil {
		return err
	}
	o.log = file
	_, err = file.WriteString(strings.Join(columns, ",") + "\n")
	return err
}

// resumeLog leaves the whole lines of steps up to one.
func (o *outputs) resumeLog(step int64) error {
	in, err := newLogReader(o.log)
	if err != nil {
		return err
	}
	o.columns = in.columns
	end, first := in.end, int64(-1)
	for {
		var s sample
		if err := in.read(&s); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if s.step > step {
			break
		}
		switch {
		case first < 0:
			first = s.step
		case o.interval == 0:
			o.interval = s.step - first
		}
		o.logged, end = s.step, in.end
		if err := o.records.add(&s); err != nil {
			return err
		}
	}
	if err := o.log.Truncate(end); err != nil {
		return err
	}
	_, err = o.log.Seek(end, io.SeekStart)
	return err
}

// write appends a frame and a line for each replica. A restart begins with the
// frame that its checkpoint was written after, which is there already.
func (o *outputs) write(d *md.Dynamics) error {
	for k, id := range d.System.Replicas {
		if w := o.writers[id]; w != nil && w.LastStep() < d.Step {
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
