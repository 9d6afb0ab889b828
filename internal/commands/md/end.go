package md

import (
	"errors"
	"fmt"
	"io"
	"time"

	"painless/internal/atomicfile"
	"painless/internal/commands/cli"
)

// heed takes replicas away that are beyond a limit. Where that is all of them it is an
// error, and the last one's last good frame is written, if there was one.
func (r *simulation) heed() error {
	alarms := r.guard.Check(r.Dynamics)
	n := len(alarms)
	if n < max(1, r.System.Len()) {
		r.FailAll(alarms)
		return nil
	}
	last := alarms[n-1]
	r.FailAll(alarms[:n-1])
	id := r.System.Replicas[0]
	said, err := r.outputs.writeLast(id, &r.good)
	return errors.Join(fmt.Errorf("step %d: replica %d: %w%s", r.Step, id, last.Err, said), err)
}

// interrupted writes and saves what there is, after a signal, and says how to go
// on. Replicas that are beyond a limit leave before; where all are, the checkpoint
// stays what it was.
func (r *simulation) interrupted(stopped error) error {
	r.live.Clear()
	if err := r.heed(); err != nil {
		fmt.Fprintf(r.stderr, "painless: md: stopped, and not saved: %v\n", err)
		return stopped
	}
	if err := errors.Join(r.list(), r.outputs.write(r.Dynamics)); err != nil {
		fmt.Fprintf(r.stderr, "painless: md: %v\n", err)
	}
	next := "with -checkpoint it could go on"
	if path := r.settings.checkpoint; path != "" {
		next = "-restart " + path + " goes on"
		if err := r.save(); err != nil {
			next = fmt.Sprintf("it is not saved: %v", err)
		}
	}
	fmt.Fprintf(r.stderr, "painless: md: stopped after step %d; %s\n", r.Step, next)
	return stopped
}

// write appends the frames and lines of this step. Where that is not possible, the
// checkpoint is.
func (r *simulation) write() error {
	if err := r.outputs.write(r.Dynamics); err != nil {
		return r.rescue(err)
	}
	return nil
}

// rescue saves what there is after an error, if no step is half made and nothing is
// beyond a limit, and returns the error.
func (r *simulation) rescue(err error) error {
	if r.settings.checkpoint == "" || !r.whole || len(r.guard.Check(r.Dynamics)) > 0 {
		return err
	}
	r.live.Clear()
	if e := r.save(); e != nil {
		return errors.Join(err, e)
	}
	fmt.Fprintf(r.stderr, "painless: md: step %d is saved: -restart %s goes on\n", r.Step, r.settings.checkpoint)
	return err
}

// save writes the checkpoint, once the disk has the frames that it follows.
func (r *simulation) save() error {
	if err := r.outputs.Sync(); err != nil {
		return err
	}
	return atomicfile.Write(r.settings.checkpoint, func(w io.Writer) error { return r.Save(w, r.model) })
}

// list says which replicas left, and writes their last good frames.
func (r *simulation) list() error {
	for _, f := range r.Failed[r.listed:] {
		r.live.Clear()
		said, err := r.outputs.writeLast(f.Replica, &r.good)
		if err != nil {
			return err
		}
		fmt.Fprintf(r.stderr, "painless: md: replica %d left at step %d: %v%s\n", f.Replica, f.Step, f.Err, said)
	}
	r.listed = len(r.Failed)
	return nil
}

// summary says what was done, and how fast.
func (r *simulation) summary(from int64, took time.Duration) {
	steps := float64(r.Step - from)
	nanoseconds := steps * r.Settings.TimeStep * 1e-6
	end, largest := r.outputs.records.drift(r.Dynamics)
	fmt.Fprintf(r.stderr, "painless: md: %d steps of %v fs, %s, in %v: %.3g steps/s, %.3g ns/day; the conserved energy has changed by %.2g eV an atom, and by at most %.2g on the way\n",
		r.Step-from, r.Settings.TimeStep, cli.Counted(r.System.Len(), "replica"), took.Round(time.Millisecond), steps/took.Seconds(), nanoseconds*86400/took.Seconds(), end, largest)
}
