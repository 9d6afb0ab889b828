// Package validate is the verb validate: students' energies, forces and stress
// against the labels of data sets, as a table, as JSON and as figures.
package validate

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"time"

	"painless"
	"painless/data"
	"painless/internal/commands/cli"
)

// Verb is painless validate.
var Verb = &cli.Verb{
	Name:    "validate",
	Args:    "[-model FILE[,FILE…]] [flags] DATASET…",
	Summary: "Compares energies, forces, stress and Hessians of students with the labels of data sets.",
	Help: `A DATASET is extended XYZ or HDF5, as its first bytes say; - is extended
XYZ on standard input. All models are validated in one pass: a table, in meV, on
standard output, and with -o a report for programs and figures too.

A frame that cannot be read, where it is known where it ends, or computed is left out,
and listed on standard error too; with -strict there are no results then.

Exit codes: 0 every structure was validated; 2 results are there, but structures
lack a label or could not be read or computed, and are listed; 1 no results. A Hessian
that cannot be used is listed and passed over.`,
	New: New,
}

// settings is the command line.
type settings struct {
	model    cli.Model
	datasets []string
	output   string // folder, or empty
	force    bool
	json     bool
	max      int // structures; 0 is all
	seed     uint64
	keys     data.LabelKeys
	hessian  bool
	pass     cli.Pass
	skips    cli.Skips
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.model.Register(flags)
	s.skips.Register(flags)
	flags.Func("o", "`folder` to write validation.json and the figures to, made where it is missing; nothing is written without it", cli.FolderFlag(&s.output))
	flags.BoolVar(&s.force, "force", false, "replace what another run has written to the folder")
	flags.BoolVar(&s.json, "json", false, "print the report as JSON, in eV, in place of the table")
	flags.IntVar(&s.max, "max", 0, "validate this many `structures`, drawn at random from all data sets and held in memory; 0 is all of them")
	flags.Uint64Var(&s.seed, "seed", 1, "of the draw")
	flags.StringVar(&s.keys.Energy, "energy-key", data.EnergyKey, "`key` of the energy labels; empty to leave them out")
	flags.StringVar(&s.keys.Forces, "forces-key", data.ForcesKey, "`name` of the column of force labels; empty to leave them out")
	flags.StringVar(&s.keys.Stress, "stress-key", data.StressKey, "`key` of the stress labels, a virial where virial is in it; stress is looked for in virial too; empty to leave them out")
	flags.BoolVar(&s.hessian, "hessian", true, "score products of the Hessian where a structure has them, three times the work of those; -hessian=false leaves them out")
	s.pass.Register(flags)
	return s.run
}

func (s *settings) check(std cli.Std) error {
	if err := s.model.Check(); err != nil {
		return err
	}
	if err := painless.CheckDevice(s.model.Device); err != nil { // one, for all models
		return fmt.Errorf("-device: %w", err)
	}
	switch {
	case len(s.datasets) == 0:
		return errors.New("no data set: expected extended XYZ or HDF5 files, or - for standard input; -h shows the usage")
	case s.max < 0:
		return fmt.Errorf("-max %d: expected 0 (all structures) or more", s.max)
	case s.keys == data.LabelKeys{}:
		return errors.New("-energy-key, -forces-key and -stress-key are all empty: expected a label to compare with")
	case s.output == "" && s.force:
		return errors.New("-force without -o: there is no file to replace")
	}
	if err := s.pass.Check(); err != nil {
		return err
	}
	return s.folder().Check(std, slices.Concat(s.datasets, s.model.Paths())...)
}

func (s *settings) run(ctx context.Context, std cli.Std, datasets []string) (err error) {
	start := time.Now()
	s.datasets = datasets
	if err := s.check(std); err != nil {
		return err
	}
	out := s.folder()
	if err := out.Create(); err != nil {
		return err
	}
	defer out.Abort()
	v := &validator{settings: *s}
	defer func() { err = errors.Join(err, v.close()) }()
	if err := v.load(std.Err); err != nil {
		return err
	}
	if err := v.validate(ctx, std); err != nil {
		return err
	}
	v.checkHessians(std.Err)
	r := v.report()
	r.Date, r.Seconds = start.UTC().Format(time.RFC3339), time.Since(start).Seconds()
	if v.nothing() {
		return fmt.Errorf("no results: none of %d structures could be read and computed, as listed", len(v.composed))
	}
	if err := v.write(out, r); err != nil {
		return err
	}
	if err := s.print(std, r); err != nil {
		return err
	}
	if missing := r.incomplete(); missing > 0 {
		return &cli.Partial{Err: fmt.Errorf("not every structure was validated: %d of %d lack a label or could not be computed, as listed", missing, r.Structures)}
	}
	return nil
}
