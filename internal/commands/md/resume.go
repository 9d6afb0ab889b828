package md

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"painless/data/trajectory"
	"painless/md"
)

// openLog begins the log or goes on with it.
func (o *outputs) openLog(d *md.Dynamics) error {
	path, force := o.settings.log, o.settings.force
	if o.settings.restart != "" {
		err := o.resumeLog(path, d)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, trajectory.ErrAnother) && !force:
			return fmt.Errorf("%w; -force replaces it", err)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, trajectory.ErrAnother):
			return err
		}
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
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

// resumeLog opens a log and cuts off what follows the step of the dynamics, once its
// lines up to there are seen to be of the same simulation, and records them.
func (o *outputs) resumeLog(path string, d *md.Dynamics) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	end, err := o.readLog(file, d)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	o.log = file
	return nil
}

// readLog records the lines that are kept, and returns where they end, in bytes.
func (o *outputs) readLog(file io.Reader, d *md.Dynamics) (end int64, err error) {
	in, err := newLogReader(file)
	if err != nil {
		return 0, err
	}
	records, now := newRecorder(), []sample(nil) // the lines before the step of the dynamics, and those of it
	first, last, steps, interval := int64(-1), int64(-1), 0, int64(0)
	end = in.end
	endNow := end
	for {
		var s sample
		if err := in.read(&s); err == io.EOF {
			break
		} else if err != nil {
			return 0, err
		}
		if s.step > d.Step {
			break
		}
		if err := s.sameRun(d); err != nil {
			return 0, fmt.Errorf("step %d: %w: %w", s.step, err, trajectory.ErrAnother)
		}
		if first < 0 {
			first = s.step
		}
		if s.step != last {
			steps++
		}
		if steps == 2 && interval == 0 {
			interval = s.step - first
		}
		last, endNow = s.step, in.end
		if s.step == d.Step {
			now = append(now, s)
			continue
		}
		end = in.end
		if err := records.add(&s); err != nil {
			return 0, err
		}
		o.logged = s.step
	}
	o.columns, o.records, o.interval = in.columns, records, interval
	switch {
	case len(now) == 0:
		return end, nil
	case o.settings.between(d.Step, steps, interval):
		if steps < 3 {
			o.interval = 0
		}
		return end, nil
	}
	for i := range now {
		if err := records.add(&now[i]); err != nil {
			return 0, err
		}
	}
	o.logged = d.Step
	return endNow, nil
}

// sameRun says where a line cannot be of a simulation that has come to its step or a
// later one.
func (s *sample) sameRun(d *md.Dynamics) error {
	if ensemble := d.Settings.Ensemble.String(); s.ensemble != "" && s.ensemble != ensemble {
		return fmt.Errorf("expected the ensemble %s, found %s", ensemble, s.ensemble)
	}
	if due := float64(s.step) * d.Settings.TimeStep; math.Abs(s.time-due) > 1e-9*due {
		return fmt.Errorf("expected the time %.6g fs, found %.6g fs", due, s.time)
	}
	k := slices.Index(d.System.Replicas, s.replica)
	if k < 0 {
		if slices.ContainsFunc(d.Failed, func(f md.Failure) bool { return f.Replica == s.replica && s.step <= f.Step }) {
			return nil
		}
		return fmt.Errorf("expected replicas that the run has, found %d", s.replica)
	}
	n := d.System.Start[k+1] - d.System.Start[k]
	if s.atoms != 0 && s.atoms != n {
		return fmt.Errorf("expected %d atoms, found %d", n, s.atoms)
	}
	if s.step != d.Step {
		return nil
	}
	if due := d.System.KineticEnergy(k); math.Abs(s.kinetic-due) > 1e-9*(1+due) { // the log's digits
		return fmt.Errorf("expected a kinetic energy of %.6g eV, found %.6g eV", due, s.kinetic)
	}
	const rounding = 1e-3 // eV an atom: another device's
	if due := d.System.Result.Energy[k]; math.Abs(s.potential-due) > rounding*float64(n) {
		return fmt.Errorf("expected a potential energy of %.6g eV, found %.6g eV", due, s.potential)
	}
	return nil
}
