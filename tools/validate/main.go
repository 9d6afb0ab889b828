// Command validate compares the energies, forces and stress of students with
// the labels of data sets: a table, a JSON file and figures.
//
//	validate -model FILE[,FILE…] [-o DIR] [-max N] [-seed N] [-energy-key KEY] [-forces-key KEY] [-batch N] [-device cpu|cuda[:N]] [-precision float32|float64] [-filters table|exact] [-threads N] DATASET…
//
// The exit code is 0 when every structure had its labels and was computed by
// every model, 2 when results were written but not of all, and 1 when none were.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"painless/internal/device"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "validate:", err)
	}
	stop()
	os.Exit(exitCode(err))
}

func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errIncomplete):
		return 2
	}
	return 1
}

// errIncomplete says that results were written, and that structures are missing in them.
var errIncomplete = errors.New("not every structure was validated")

// settings is the command line.
type settings struct {
	checkpoints []string
	datasets    []string
	output      string
	max         int // structures; 0 is all
	seed        uint64
	keys        keys
	batchSize   int
	device      device.Flags
}

func parseFlags(args []string, stderr io.Writer) (s settings, err error) {
	flags := flag.NewFlagSet("validate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, `Energies (eV), forces (eV/Å) and stress (eV/Å³) of students against the labels of data sets.

usage: validate -model FILE[,FILE…] [flags] DATASET…        extended XYZ, or HDF5 (.h5, .hdf5)

Exit codes: 0 every structure was validated; 2 results were written, but structures
lack a label or could not be computed, and are listed; 1 no results.

`)
		flags.PrintDefaults()
	}
	models := flags.String("model", "", "checkpoint `files` of the students, separated by commas (required)")
	flags.StringVar(&s.output, "o", "validation", "`folder` to write validation.json and the figures to")
	flags.IntVar(&s.max, "max", 0, "validate this many structures, drawn at random from all data sets; 0 is all of them")
	flags.Uint64Var(&s.seed, "seed", 1, "of the draw")
	flags.StringVar(&s.keys.energy, "energy-key", "energy", "`key` of the energy labels; empty to leave them out")
	flags.StringVar(&s.keys.forces, "forces-key", "forces", "`name` of the column of force labels; empty to leave them out")
	flags.IntVar(&s.batchSize, "batch", 32, "structures computed in one pass")
	s.device.Register(flags)
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.datasets = flags.Args()
	for path := range strings.SplitSeq(*models, ",") {
		if path != "" {
			s.checkpoints = append(s.checkpoints, path)
		}
	}
	switch {
	case len(s.checkpoints) == 0:
		return s, errors.New("-model is missing: expected checkpoint files; -h shows the usage")
	case len(s.datasets) == 0:
		return s, errors.New("no data set: expected extended XYZ or HDF5 files; -h shows the usage")
	case s.max < 0:
		return s, fmt.Errorf("-max %d: expected 0 (all structures) or more", s.max)
	case s.batchSize < 1:
		return s, fmt.Errorf("-batch %d: expected 1 or more", s.batchSize)
	case s.keys.energy == "" && s.keys.forces == "":
		return s, errors.New("-energy-key and -forces-key are both empty: expected a label to compare with")
	case s.output == "":
		return s, errors.New("-o is empty: expected a folder")
	}
	if i := slices.IndexFunc(s.datasets, func(in string) bool { return strings.HasPrefix(in, "-") }); i >= 0 {
		return s, fmt.Errorf("%s stands after a data set: flags go before the data sets", s.datasets[i])
	}
	return s, s.device.Check()
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	start := time.Now()
	s, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	v := &validator{settings: s}
	defer func() { err = errors.Join(err, v.close()) }()
	if err := v.load(); err != nil {
		return err
	}
	if err := v.validate(ctx, stderr); err != nil {
		return err
	}
	r := v.report()
	r.Date, r.Seconds = start.UTC().Format(time.RFC3339), time.Since(start).Seconds()
	if err := os.MkdirAll(s.output, 0o755); err != nil {
		return err
	}
	if err := r.write(filepath.Join(s.output, "validation.json")); err != nil {
		return err
	}
	if err := v.draw(r); err != nil {
		return err
	}
	r.print(stdout)
	if missing := r.incomplete(); missing > 0 {
		return fmt.Errorf("%w: %d lack a label or could not be computed; %s lists them", errIncomplete, missing, filepath.Join(s.output, "validation.json"))
	}
	return nil
}
