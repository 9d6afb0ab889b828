// Command predict computes energies, forces and, for periodic structures,
// stress of the structures in XYZ files, with a student network from a
// PyTorch checkpoint.
//
//	predict -model FILE [-precision float32|float64] [-filters table|exact] [-device cpu|cuda[:N]] [-threads N] [-batch N] [-format extxyz|json] [-o FILE] INPUT…
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"painless/checkpoint"
	"painless/internal/atomicfile"
	"painless/internal/device"
	"painless/nn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "predict:", err)
		}
		os.Exit(1)
	}
}

// settings is the command line.
type settings struct {
	model     string
	precision nn.Precision
	filters   nn.Filters
	device    string
	threads   int
	batch     int
	format    string
	output    string
	inputs    []string
}

var (
	precisions = map[string]nn.Precision{"float32": nn.Float32, "float64": nn.Float64}
	filters    = map[string]nn.Filters{"table": nn.Table, "exact": nn.Exact}
)

func parseFlags(args []string, stderr io.Writer) (s settings, err error) {
	flags := flag.NewFlagSet("predict", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, `Energies (eV), forces (eV/Å) and stress (eV/Å³) of the structures in XYZ files.

usage: predict -model FILE [flags] INPUT…        an INPUT of - is standard input

`)
		flags.PrintDefaults()
	}
	flags.StringVar(&s.model, "model", "", "PyTorch checkpoint `file` of the student (required)")
	precision := flags.String("precision", "float32", "arithmetic: float32 or float64")
	filter := flags.String("filters", "table", "filter networks: table, interpolated to float32's accuracy, or exact")
	flags.StringVar(&s.device, "device", "cpu", device.Usage)
	flags.IntVar(&s.threads, "threads", 0, "number of threads on the CPU; 0 is one for each core")
	flags.IntVar(&s.batch, "batch", 32, "structures computed in one pass")
	flags.StringVar(&s.format, "format", "extxyz", "what to write: extxyz or json, a line for each structure")
	flags.StringVar(&s.output, "o", "-", "`file` to write; - is standard output")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.inputs = flags.Args()
	var knownPrecision, knownFilters bool
	s.precision, knownPrecision = precisions[*precision]
	s.filters, knownFilters = filters[*filter]
	switch {
	case s.model == "":
		return s, errors.New("-model is missing: expected a checkpoint file; -h shows the usage")
	case len(s.inputs) == 0:
		return s, errors.New("no input: expected XYZ files, or - for standard input; -h shows the usage")
	case !knownPrecision:
		return s, fmt.Errorf("-precision %s: expected float32 or float64", *precision)
	case !knownFilters:
		return s, fmt.Errorf("-filters %s: expected table or exact", *filter)
	case s.threads < 0:
		return s, fmt.Errorf("-threads %d: expected 0 (all cores) or more", s.threads)
	case s.batch < 1:
		return s, fmt.Errorf("-batch %d: expected 1 or more", s.batch)
	case s.format != "extxyz" && s.format != "json":
		return s, fmt.Errorf("-format %s: expected extxyz or json", s.format)
	}
	if i := slices.IndexFunc(s.inputs, func(in string) bool { return len(in) > 1 && strings.HasPrefix(in, "-") }); i >= 0 {
		return s, fmt.Errorf("%s stands after an input: flags go before the inputs", s.inputs[i])
	}
	return s, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	s, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	potential, err := loadPotential(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, potential.Close()) }()

	out := stdout
	if s.output != "-" {
		file, err := atomicfile.Create(s.output)
		if err != nil {
			return err
		}
		defer file.Abort()
		if err := predict(ctx, s, potential, stdin, file, stderr); err != nil {
			return err
		}
		return file.Commit()
	}
	return predict(ctx, s, potential, stdin, out, stderr)
}

func loadPotential(s settings) (nn.Potential, error) {
	c, err := checkpoint.Open(s.model)
	if err != nil {
		return nil, err
	}
	network, err := nn.FromCheckpoint(c)
	if err := errors.Join(err, c.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", s.model, err)
	}
	return device.NewPotential(network, s.device, nn.Options{Precision: s.precision, Filters: s.filters, Threads: s.threads})
}
