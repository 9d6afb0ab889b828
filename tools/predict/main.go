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

	"painless/internal/atomicfile"
	"painless/internal/device"
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
	model  string
	device device.Flags
	batch  int
	format string
	output string
	inputs []string
}

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
	s.device.Register(flags)
	flags.IntVar(&s.batch, "batch", 32, "structures computed in one pass")
	flags.StringVar(&s.format, "format", "extxyz", "what to write: extxyz or json, a line for each structure")
	flags.StringVar(&s.output, "o", "-", "`file` to write; - is standard output")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.inputs = flags.Args()
	switch {
	case s.model == "":
		return s, errors.New("-model is missing: expected a checkpoint file; -h shows the usage")
	case len(s.inputs) == 0:
		return s, errors.New("no input: expected XYZ files, or - for standard input; -h shows the usage")
	case s.batch < 1:
		return s, fmt.Errorf("-batch %d: expected 1 or more", s.batch)
	case s.format != "extxyz" && s.format != "json":
		return s, fmt.Errorf("-format %s: expected extxyz or json", s.format)
	}
	if i := slices.IndexFunc(s.inputs, func(in string) bool { return len(in) > 1 && strings.HasPrefix(in, "-") }); i >= 0 {
		return s, fmt.Errorf("%s stands after an input: flags go before the inputs", s.inputs[i])
	}
	return s, s.device.Check()
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	s, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	_, potential, err := s.device.Load(s.model)
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
