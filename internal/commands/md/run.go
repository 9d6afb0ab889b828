package md

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"painless/internal/atomicfile"
	"painless/internal/commands/cli"
	"painless/internal/series"
	"painless/md"
	"painless/student"
)

// simulation is a run in progress.
type simulation struct {
	*md.Dynamics
	settings *settings
	model    md.Identity
	guard    *md.Guard
	outputs  *outputs
	live     *live
	stderr   io.Writer
	good     good
	steps    series.Quantiles // seconds of each
	listed   int              // failures that were said
	replicas int              // that the run began with
}

func (s *settings) run(ctx context.Context, std cli.Std, inputs []string) (err error) {
	if err := s.check(inputs); err != nil {
		return err
	}
	if s.from != "" {
		return s.reportLog(ctx, std)
	}
	path := s.model.Paths()[0]
	if err := s.checkOutputs(std, path); err != nil {
		return err
	}
	model, err := s.model.Open(path, std.Err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	r := &simulation{settings: s, stderr: std.Err}
	r.model.Name = filepath.Base(path)
	if r.model.Hash, err = student.Hash(path); err != nil {
		return err
	}
	if s.restart != "" {
		err = r.restore(model)
	} else {
		err = r.begin(ctx, model, std)
	}
	if err != nil {
		return err
	}
	if err := r.Compute(ctx); err != nil {
		return err
	}
	s.limits.Cutoff = model.Network.Config.Cutoff
	if s.limits.Pair, err = s.examine(ctx, model, r.System.Numbers, std.Err); err != nil {
		return err
	}
	if r.guard, err = md.NewGuard(r.Dynamics, s.limits); err != nil {
		return err
	}
	if err := r.heed(); err != nil { // before there are outputs
		return err
	}
	r.good.keep(r.Dynamics)
	folder := s.folder()
	if err := folder.Create(); err != nil {
		return err
	}
	defer folder.Abort()
	if r.outputs, err = s.open(r.Dynamics, r.replicas, std.Err); err != nil {
		return err
	}
	r.live = newLive(std.Err, r.Step, s.dynamics.Steps)
	return cli.Finish(func() error {
		begin, from := time.Now(), r.Step
		err := r.advance(ctx)
		return errors.Join(err, r.outputs.Close(), r.report(folder, from, time.Since(begin), err))
	})
}

// checkOutputs refuses outputs that are inputs or one another, that exist, or
// that have no folder, before any of them is made.
func (s *settings) checkOutputs(std cli.Std, model string) error {
	reads := []string{model}
	if s.input != "" && s.input != "-" {
		reads = append(reads, s.input)
	}
	var outputs []string
	for _, output := range []string{s.trajectory, s.log, s.checkpoint} {
		if output == "" {
			continue
		}
		if slices.Contains(outputs, filepath.Clean(output)) {
			return fmt.Errorf("%s: expected trajectory, log and checkpoint under names of their own", output)
		}
		outputs = append(outputs, filepath.Clean(output))
		if err := std.CheckOutput(output, reads...); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Dir(output)); err != nil {
			return fmt.Errorf("%s: %w", output, err)
		}
	}
	if err := s.folder().Check(std, reads...); err != nil || s.restart != "" {
		return err
	}
	return cli.CheckNew(s.force, outputs...)
}

// begin makes the dynamics of the input.
func (r *simulation) begin(ctx context.Context, model md.Potential, std cli.Std) error {
	s := r.settings
	system, drawn, err := s.read(ctx, std.In, std.Err)
	if err != nil {
		return err
	}
	if drawn && !s.set["temperature"] {
		return fmt.Errorf("%s has no velocities: expected -temperature, K, to draw them at", s.input)
	}
	if s.hydrogens {
		if s.dynamics.Bonds, err = hydrogenBonds(system); err != nil {
			return err
		}
	}
	if r.Dynamics, err = md.New(model, system, s.dynamics); err != nil {
		return err
	}
	for k := range system.Len() {
		if system.Fixed != nil && r.DOF(k) == 0 {
			return fmt.Errorf("replica %d: expected an atom that moves, found all fixed", k)
		}
	}
	switch {
	case drawn:
		r.Thermalize(s.dynamics.Temperature.From)
	case s.set["temperature"] && !s.dynamics.Ensemble.Thermostatted():
		fmt.Fprintf(std.Err, "painless: md: the velocities are those of %s: -temperature changes nothing at constant energy\n", s.input)
	}
	r.replicas = system.Len()
	return nil
}

// restore makes the dynamics of a checkpoint.
func (r *simulation) restore(model md.Potential) (err error) {
	s := r.settings
	file, err := os.Open(s.restart)
	if err != nil {
		return err
	}
	defer file.Close()
	if r.Dynamics, err = md.Restore(file, model, r.model); err != nil {
		return fmt.Errorf("%s: %w", s.restart, err)
	}
	d := &r.Settings
	if d.Steps != s.dynamics.Steps && (d.Temperature.From != d.Temperature.To || d.Pressure.From != d.Pressure.To) {
		return fmt.Errorf("%s: -steps %d: expected the %d steps of the run, as its temperature or pressure changes over them", s.restart, s.dynamics.Steps, d.Steps)
	}
	if r.Step > s.dynamics.Steps {
		return fmt.Errorf("%s: -steps %d: expected at least the %d that were made", s.restart, s.dynamics.Steps, r.Step)
	}
	d.Steps = s.dynamics.Steps
	r.replicas = r.System.Len() + len(r.Failed)
	r.listed = len(r.Failed)
	return nil
}

// guardEvery is the steps between looks at what may go wrong.
const guardEvery = 10

// advance makes the steps. Whatever ends them, a checkpoint is written of the last whole one.
func (r *simulation) advance(ctx context.Context) (err error) {
	s := r.settings
	start, from := time.Now(), r.Step
	if s.restart == "" || r.Step%s.every == 0 { // a run that was stopped in between goes on at the next of its frames
		if err := r.outputs.write(r.Dynamics); err != nil {
			return err
		}
	}
	for r.Step < s.dynamics.Steps {
		if err := ctx.Err(); err != nil {
			return r.interrupted(err)
		}
		if err := r.step(context.WithoutCancel(ctx)); err != nil { // whole, as what is saved must be
			return err
		}
		if r.Step%s.every == 0 {
			if err := r.outputs.write(r.Dynamics); err != nil {
				return err
			}
		}
		if r.saves() {
			if err := r.save(); err != nil {
				return err
			}
		}
		r.live.show(r.Dynamics)
	}
	r.live.Clear()
	r.summary(from, time.Since(start))
	if len(r.Failed) > 0 {
		return &cli.Partial{Err: fmt.Errorf("%d of %d replicas failed", len(r.Failed), r.replicas)}
	}
	return nil
}

// saves says whether a checkpoint of this step is due.
func (r *simulation) saves() bool {
	s := r.settings
	return s.checkpoint != "" && (r.Step%s.saveEvery == 0 || r.Step == s.dynamics.Steps)
}

// step makes a step, and looks at what may have gone wrong: before anything is
// written or saved too.
func (r *simulation) step(ctx context.Context) error {
	begin := time.Now()
	if err := r.Advance(ctx); err != nil {
		if e := r.list(); e != nil || r.System.Len() == 0 {
			return errors.Join(err, e)
		}
		said, e := r.outputs.writeLast(r.System.Replicas[0], &r.good) // the only one that is left
		return errors.Join(fmt.Errorf("%w%s", err, said), e)
	}
	r.steps.Add(time.Since(begin).Seconds())
	if err := r.list(); err != nil {
		return err
	}
	if r.Step%guardEvery != 0 && r.Step%r.settings.every != 0 && !r.saves() {
		return nil
	}
	if err := r.heed(); err != nil {
		return err
	}
	if err := r.list(); err != nil {
		return err
	}
	r.good.keep(r.Dynamics)
	return nil
}

// heed takes replicas away that are beyond a limit. Where that is all of them it is an
// error, and the last one's last good frame is written, if there was one.
func (r *simulation) heed() error {
	alarms := r.guard.Check(r.Dynamics)
	n := len(alarms)
	if n == 0 || n < r.System.Len() {
		r.FailAll(alarms)
		return nil
	}
	last := alarms[n-1]
	r.FailAll(alarms[:n-1])
	id := r.System.Replicas[0]
	said, err := r.outputs.writeLast(id, &r.good)
	return errors.Join(fmt.Errorf("step %d: replica %d: %w%s", r.Step, id, last.Err, said), err)
}

// interrupted saves what there is, after a signal, and says how to go on.
func (r *simulation) interrupted(err error) error {
	r.live.Clear()
	if r.settings.checkpoint == "" {
		fmt.Fprintf(r.stderr, "painless: md: stopped after step %d; with -checkpoint it could go on\n", r.Step)
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	fmt.Fprintf(r.stderr, "painless: md: stopped after step %d; -restart %s goes on\n", r.Step, r.settings.checkpoint)
	return err
}

// save writes the checkpoint, once the disk has the frames that it follows.
func (r *simulation) save() error {
	if err := r.outputs.Sync(); err != nil {
		return err
	}
	file, err := atomicfile.Create(r.settings.checkpoint)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := r.Save(file, r.model); err != nil {
		return fmt.Errorf("%s: %w", r.settings.checkpoint, err)
	}
	return file.Commit()
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
