package md

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

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
	whole    bool             // no step is half made
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
	model, err := s.model.Open(path, std.Err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	r := &simulation{settings: s, stderr: std.Err, whole: true}
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
	if err := s.checkOutputs(std, path, r.replicas); err != nil {
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
		bonds, without, err := hydrogenBonds(system)
		if err != nil {
			return err
		}
		s.dynamics.Bonds = bonds
		sayHydrogens(std.Err, system, len(bonds), without)
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

// advance makes the steps. Whatever ends them, a checkpoint is written of the last
// whole one, unless that is beyond a limit.
func (r *simulation) advance(ctx context.Context) (err error) {
	s := r.settings
	start, from := time.Now(), r.Step
	if s.restart == "" || r.Step%s.every == 0 || r.Step == s.dynamics.Steps { // a run that was stopped in between goes on at the next of its frames
		if err := r.write(); err != nil {
			return err
		}
	}
	for r.Step < s.dynamics.Steps {
		if err := ctx.Err(); err != nil {
			return r.interrupted(err)
		}
		if err := r.step(context.WithoutCancel(ctx)); err != nil { // whole, as what is saved must be
			return r.rescue(err)
		}
		if r.Step%s.every == 0 || r.Step == s.dynamics.Steps {
			if err := r.write(); err != nil {
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
	r.whole = false
	if err := r.Advance(ctx); err != nil {
		if e := r.list(); e != nil || r.System.Len() == 0 {
			return errors.Join(err, e)
		}
		said, e := r.outputs.writeLast(r.System.Replicas[0], &r.good) // the only one that is left
		return errors.Join(fmt.Errorf("%w%s", err, said), e)
	}
	r.whole = true
	r.steps.Add(time.Since(begin).Seconds())
	if err := r.list(); err != nil {
		return err
	}
	if r.Step%guardEvery != 0 && r.Step%r.settings.every != 0 && r.Step != r.settings.dynamics.Steps && !r.saves() {
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
