// Package predict is the verb predict: energies, forces and, for periodic
// structures, stress of the structures in XYZ and HDF5 files.
package predict

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
)

// Verb is painless predict.
var Verb = &cli.Verb{
	Name:    "predict",
	Args:    "[-model FILE] [flags] INPUT…",
	Summary: "Computes energies (eV), forces (eV/Å) and stress (eV/Å³) of structures in XYZ or HDF5 files.",
	Help: `An INPUT is XYZ or HDF5, as its first bytes say; - is XYZ on standard
input. The structures come out as extended XYZ with everything that the input says
of them, but what it says of energy, forces and stress; or, with -json, as a line of
JSON for each structure.

A frame that cannot be read, where it is known where it ends, or cannot be computed is
left out and listed on standard error, and the exit code is 2; with -strict it is 1, and
the frames before that one are on standard output. A structure is written as soon as no
more of the input is there: a program can ask and read the answer, frame by frame.

Stress is written for periodic structures whose cell has a volume; tension is positive.`,
	New: New,
}

// settings is the command line.
type settings struct {
	model  cli.Model
	skips  cli.Skips
	pass   cli.Pass
	json   bool
	format string
	output string
	inputs []string
	label  *labels // of the verb label
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.model.Register(flags)
	s.skips.Register(flags)
	s.pass.Register(flags)
	flags.BoolVar(&s.json, "json", false, "write a line of JSON for each structure")
	flags.StringVar(&s.format, "format", "", "") // hidden: -format json was -json's first spelling
	flags.StringVar(&s.output, "o", "-", "`file` to write, whole or not at all, in place of what is there, compressed where it ends as .gz or .zst; - is standard output")
	return s.run
}

func (s *settings) check(std cli.Std) error {
	if err := s.model.CheckOne(); err != nil {
		return err
	}
	switch s.format {
	case "", "extxyz":
	case "json":
		s.json = true
	default:
		return fmt.Errorf("-format %s: expected extxyz or json", s.format)
	}
	switch {
	case len(s.inputs) == 0:
		return errors.New("no input: expected XYZ or HDF5 files, or - for standard input; -h shows the usage")
	case s.output == "":
		return errors.New("-o is empty: expected a file, or - for standard output")
	}
	if err := s.pass.Check(); err != nil {
		return err
	}
	if !s.json {
		if err := datasets.CheckXYZ(s.output); err != nil {
			return err
		}
	}
	return std.CheckOutput(s.output, append(s.model.Paths(), s.inputs...)...)
}

func (s *settings) run(ctx context.Context, std cli.Std, inputs []string) (err error) {
	start := time.Now()
	s.inputs = inputs
	if err := s.check(std); err != nil {
		return err
	}
	out, err := std.Records(s.output)
	if err != nil {
		return err
	}
	defer out.Abort()
	model, err := s.model.Open(s.model.Paths()[0], std.Err)
	if err != nil {
		return err
	}
	if err := s.label.name(s.model.Paths()[0]); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	done, err := s.predict(ctx, model, std, out)
	if cli.Code(err) == 1 {
		return err
	}
	if incomplete := out.Commit(true); incomplete != nil {
		return incomplete
	}
	s.label.summary(std.Err, done, s.output, time.Since(start))
	return err
}
