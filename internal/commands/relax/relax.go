// Package relax is the verb relax: geometries, and cells, at minima of the energy.
package relax

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"

	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/md"
)

// Verb is painless relax.
var Verb = &cli.Verb{
	Name:    "relax",
	Args:    "[-model FILE] [flags] INPUT…",
	Summary: "Relaxes structures, and with -cell their cells, to the nearest minimum of the energy.",
	Help: `An INPUT is XYZ or HDF5, as its first bytes say; - is XYZ on standard
input. Every frame is relaxed by itself, some at a time, and comes out in the order
of the input, as extended XYZ with everything that the input says of it but energy,
forces, stress and velocities, and with steps, fmax and converged; or, with -json, as
a line of JSON. A line for each, and what is wrong, is on standard error.

A structure has converged where no atom that moves has a force above -fmax and, with
-cell, no component of the stress is farther from the pressure than -smax. One that
has not after -steps comes out with converged=F, and is listed. One that cannot be
read or computed, or whose atoms come closer than -min-distance, is left out and
listed. In both cases the exit code is 2; with -strict it is 1, at the first of them.

A signal ends it: what has been relaxed by then is written, unless OUT was there before,
which then stays.`,
	New: New,
}

// settings is the command line.
type settings struct {
	model cli.Model
	skips cli.Skips
	fix   datasets.Fix
	relax md.RelaxSettings

	optimizer, cell string
	smax            float64 // GPa
	pass            cli.Pass
	json            bool
	output          string
	inputs          []string
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.model.Register(flags)
	s.skips.Register(flags)
	r := &s.relax
	flags.StringVar(&s.optimizer, "optimizer", "lbfgs", "`name`: lbfgs, or fire (FIRE 2.0), which takes more steps and leaves a basin less easily")
	flags.Float64Var(&r.Force, "fmax", 0.01, "largest force on an atom of a converged structure, `eV/Å`")
	flags.StringVar(&s.cell, "cell", "none", "what of the cell relaxes: none, iso, its volume, or full, all of it but that it does not turn")
	flags.Float64Var(&r.Pressure, "pressure", 0, "that the cell relaxes to, `bar`")
	flags.Float64Var(&s.smax, "smax", 0.01, "largest deviation of the stress from the pressure in a converged structure, with -cell, `GPa`")
	flags.Int64Var(&r.Steps, "steps", 1000, "after which a structure is given up")
	flags.Float64Var(&r.MaxStep, "max-step", 0.2, "farthest that an atom moves in a step, `Å`")
	flags.Float64Var(&r.Distance, "min-distance", 0.4, "stop a structure with atoms closer than this, `Å`")
	flags.Var(&s.fix, "fix", datasets.FixUsage)
	s.pass.Register(flags)
	flags.BoolVar(&s.json, "json", false, "write a line of JSON for each structure")
	flags.StringVar(&s.output, "o", "-", "`file` to write, whole or not at all, in place of what is there; - is standard output")
	return func(ctx context.Context, std cli.Std, inputs []string) error {
		s.inputs = inputs
		set := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
		if err := s.check(std, set); err != nil {
			return err
		}
		return s.run(ctx, std)
	}
}

const barPerGPa = 1e4

func (s *settings) check(std cli.Std, set map[string]bool) (err error) {
	if err := s.model.CheckOne(); err != nil {
		return err
	}
	r := &s.relax
	if r.Optimizer, err = md.ParseOptimizer(s.optimizer); err != nil {
		return fmt.Errorf("-optimizer: %w", err)
	}
	if r.Cell, err = md.ParseCellRelaxation(s.cell); err != nil {
		return fmt.Errorf("-cell: %w", err)
	}
	if err := cmp.Or(
		cli.AboveZero("fmax", r.Force), cli.AboveZero("smax", s.smax), cli.AboveZero("steps", float64(r.Steps)),
		cli.AboveZero("max-step", r.MaxStep), cli.AboveZero("min-distance", r.Distance), s.pass.Check(),
	); err != nil {
		return err
	}
	if r.Distance > md.LargestDistance {
		return fmt.Errorf("-min-distance %v: expected at most %v Å", r.Distance, md.LargestDistance)
	}
	for _, name := range []string{"pressure", "smax"} {
		if set[name] && r.Cell == md.FixedCell {
			return fmt.Errorf("-%s: expected -cell iso or full beside it, as the cell is held without", name)
		}
	}
	r.Stress = s.smax * barPerGPa
	if err := r.Check(); err != nil {
		return err
	}
	switch {
	case len(s.inputs) == 0:
		return errors.New("no input: expected XYZ or HDF5 files, or - for standard input; -h shows the usage")
	case s.output == "":
		return errors.New("-o is empty: expected a file, or - for standard output")
	}
	if !s.json {
		if err := datasets.CheckXYZ(s.output); err != nil {
			return err
		}
	}
	return std.CheckOutput(s.output, append(s.model.Paths(), s.inputs...)...)
}

func (s *settings) run(ctx context.Context, std cli.Std) (err error) {
	out, err := std.Records(s.output)
	if err != nil {
		return err
	}
	defer out.Abort()
	model, err := s.model.Open(s.model.Paths()[0], std.Err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	r, err := s.newRelaxer(model, std, out)
	if err != nil {
		return err
	}
	err = r.relax(ctx, std)
	switch {
	case ctx.Err() != nil:
		return errors.Join(err, r.interrupted(out))
	case cli.Code(err) == 1:
		return err
	}
	if incomplete := out.Commit(true); incomplete != nil {
		return incomplete
	}
	return err
}

// gigapascal turns bar into GPa.
func gigapascal(bar float64) float64 { return bar / barPerGPa }
