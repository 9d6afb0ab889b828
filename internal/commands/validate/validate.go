// Package validate is the verb validate: students' energies, forces and stress
// against the labels of data sets, as a table, as JSON and as figures.
package validate

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"painless"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
)

// Verb is painless validate.
var Verb = &cli.Verb{
	Name:    "validate",
	Args:    "-model FILE[,FILE…] [flags] DATASET…",
	Summary: "Compares energies, forces and stress of students with the labels of data sets.",
	Help: `A DATASET is extended XYZ or HDF5, as its first bytes say; - is extended
XYZ on standard input. All models are validated in one pass: a table, in meV, on
standard output, and with -o a report for programs and figures too.

Exit codes: 0 every structure was validated; 2 results are there, but structures
lack a label or could not be computed, and are listed; 1 no results.`,
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
	size     int // structures in a pass
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.model.Register(flags)
	flags.Func("o", "`folder` to write validation.json and the figures to, made where it is missing; nothing is written without it", func(folder string) error {
		if s.output = folder; folder == "" {
			return errors.New("expected a folder")
		}
		return nil
	})
	flags.BoolVar(&s.force, "force", false, "replace what another run has written to the folder")
	flags.BoolVar(&s.json, "json", false, "print the report as JSON, in eV, in place of the table")
	flags.IntVar(&s.max, "max", 0, "validate this many `structures`, drawn at random from all data sets and held in memory; 0 is all of them")
	flags.Uint64Var(&s.seed, "seed", 1, "of the draw")
	flags.StringVar(&s.keys.Energy, "energy-key", data.EnergyKey, "`key` of the energy labels; empty to leave them out")
	flags.StringVar(&s.keys.Forces, "forces-key", data.ForcesKey, "`name` of the column of force labels; empty to leave them out")
	flags.IntVar(&s.size, "batch", 32, "structures computed in one pass")
	return s.run
}

func (s *settings) check() error {
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
	case s.size < 1:
		return fmt.Errorf("-batch %d: expected 1 or more", s.size)
	case s.keys.Energy == "" && s.keys.Forces == "":
		return errors.New("-energy-key and -forces-key are both empty: expected a label to compare with")
	case s.output == "" && s.force:
		return errors.New("-force without -o: there is no file to replace")
	}
	return s.checkOutput()
}

// reportName is the file in the folder beside the figures.
const reportName = "validation.json"

// checkOutput refuses, before the work, a folder in which something would be lost.
func (s *settings) checkOutput() error {
	if s.output == "" {
		return nil
	}
	if info, err := os.Stat(s.output); err == nil && !info.IsDir() {
		return fmt.Errorf("-o %s: expected a folder, found a file", s.output)
	}
	names := []string{reportName}
	for _, f := range figures {
		names = append(names, f.name)
	}
	for _, name := range names {
		path := filepath.Join(s.output, name)
		if err := cli.CheckOutput(path, slices.Concat(s.datasets, s.model.Paths())...); err != nil {
			return err
		}
		if err := cli.CheckNew(s.force, path); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) run(ctx context.Context, std cli.Std, datasets []string) (err error) {
	start := time.Now()
	s.datasets = datasets
	if err := s.check(); err != nil {
		return err
	}
	v := &validator{settings: *s}
	defer func() { err = errors.Join(err, v.close()) }()
	if err := v.load(std.Err); err != nil {
		return err
	}
	if err := v.validate(ctx, std); err != nil {
		return err
	}
	r := v.report()
	r.Date, r.Seconds = start.UTC().Format(time.RFC3339), time.Since(start).Seconds()
	if s.output != "" {
		if err := v.write(r); err != nil {
			return err
		}
	}
	if err := s.print(std, r); err != nil {
		return err
	}
	if missing := r.incomplete(); missing > 0 {
		return &cli.Partial{Err: fmt.Errorf("not every structure was validated: %d of %d lack a label or could not be computed, as listed", missing, r.Structures)}
	}
	return nil
}

// write fills the folder.
func (v *validator) write(r *report) error {
	if err := os.MkdirAll(v.output, 0o755); err != nil {
		return err
	}
	if err := jsonfile.Write(filepath.Join(v.output, reportName), r); err != nil {
		return err
	}
	return v.draw(r)
}

func (s *settings) print(std cli.Std, r *report) error {
	if s.json {
		return jsonfile.Encode(std.Out, r)
	}
	table := &strings.Builder{}
	r.print(table)
	_, err := fmt.Fprint(std.Out, table)
	return err
}
