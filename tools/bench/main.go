// Command bench times energies, and energies with forces, of batches of
// structures: all models on all devices in turns, while the atoms move as in a
// simulation. It prints a table, writes JSON and a figure, and compares with
// what it wrote before.
//
//	bench -model FILE[,FILE…] [-device cpu,cuda] [-batch 1,2,4…] [-atoms N | -structures FILE] [-cloud] [-o DIR] [-compare OLD.json] [-tolerance T]
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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"painless/internal/device"
	"painless/internal/machine"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(1)
	}
}

// settings is the command line.
type settings struct {
	models     []string
	devices    []string
	compute    device.Flags
	batches    []int
	atoms      int
	structures string
	cloud      bool
	warmup     int // calls before each turn that are not counted
	rounds     int // turns of each row
	calls      int // of a turn
	output     string
	compare    string
	tolerance  float64
}

// maxAtoms is of the structures that are made here; -structures takes any.
const maxAtoms = 10_000

func parseFlags(args []string, stderr io.Writer) (s settings, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, `Milliseconds of a call that computes a batch of structures: energies, and energies with forces.

usage: bench -model FILE[,FILE…] [flags]

`)
		flags.PrintDefaults()
	}
	models := flags.String("model", "", "checkpoint `files` of the students, with commas between (required)")
	s.compute.Register(flags)
	flags.Lookup("device").Usage += "; several with commas between are timed in turns"
	batches := flags.String("batch", "1,2,4,8,16,32", "structures in a call, with commas between")
	flags.IntVar(&s.atoms, "atoms", 16, "atoms of a structure")
	flags.StringVar(&s.structures, "structures", "", "XYZ `file` whose structures fill the batches, over again where they do not suffice, in place of random clusters")
	flags.BoolVar(&s.cloud, "cloud", false, "put all atoms of a batch into one structure, with positions of a normal distribution of 1 Å, as benchmarks of these students once did")
	flags.IntVar(&s.warmup, "warmup", 3, "calls before each turn that are not counted")
	flags.IntVar(&s.rounds, "rounds", 10, "turns of each model, device and quantity")
	flags.IntVar(&s.calls, "calls", 30, "calls of a turn")
	flags.StringVar(&s.output, "o", "", "`folder` for bench.json and latency.png, made where it is missing; nothing is written if empty")
	flags.StringVar(&s.compare, "compare", "", "bench.json `file` of an earlier run: shows new over old, and fails where that is beyond the tolerance")
	flags.Float64Var(&s.tolerance, "tolerance", 0.1, "how much longer than in -compare a call may take: 0.1 is 10 %")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("%s: expected flags only; -h shows the usage", flags.Arg(0))
	}
	if *models == "" {
		return s, errors.New("-model is missing: expected checkpoint files; -h shows the usage")
	}
	s.models, s.devices = strings.Split(*models, ","), strings.Split(s.compute.Device, ",")
	for text := range strings.SplitSeq(*batches, ",") {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 || size > 1<<20 || slices.Contains(s.batches, size) {
			return s, fmt.Errorf("-batch %s: expected different numbers of structures, from 1 to %d, with commas between", *batches, 1<<20)
		}
		s.batches = append(s.batches, size)
	}
	switch {
	case s.atoms < 1 || s.atoms > maxAtoms:
		return s, fmt.Errorf("-atoms %d: expected 1 to %d", s.atoms, maxAtoms)
	case s.cloud && s.structures != "":
		return s, errors.New("-cloud makes its own atoms: expected it without -structures")
	case s.warmup < 1: // the first call takes memory
		return s, fmt.Errorf("-warmup %d: expected 1 or more", s.warmup)
	case s.rounds < 1 || s.calls < 1:
		return s, fmt.Errorf("-rounds %d, -calls %d: expected 1 or more", s.rounds, s.calls)
	case !(s.tolerance >= 0):
		return s, fmt.Errorf("-tolerance %v: expected 0 or more", s.tolerance)
	}
	return s, s.compute.Check()
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	r, err := newReport(ctx, s)
	if err != nil {
		return err
	}
	var old *report
	if s.compare != "" {
		if old, err = readReport(s.compare); err != nil {
			return err
		}
		if err := r.comparable(old); err != nil {
			return fmt.Errorf("%s: %w", s.compare, err)
		}
		if r.Machine != old.Machine {
			fmt.Fprintf(stderr, "bench: %s is of another machine: %v\n", s.compare, old.Machine)
		}
	}
	students, err := loadStudents(s.models)
	if err != nil {
		return err
	}
	load, err := newWorkload(s)
	if err != nil {
		return err
	}
	if s.output != "" { // before the work, so that it is not for nothing
		if err := os.MkdirAll(s.output, 0o755); err != nil {
			return err
		}
	}
	fmt.Fprint(stdout, r.title(), tableHead(old != nil))
	for _, size := range s.batches {
		rows, err := measure(ctx, s, students, load.structures(size), size)
		if err != nil {
			return fmt.Errorf("batch of %d: %w", size, err)
		}
		for _, row := range rows {
			fmt.Fprintln(stdout, row.line(old))
		}
		r.Rows = append(r.Rows, rows...)
	}
	r.PeakBytes = peakBytes()
	fmt.Fprintf(stdout, "\npeak memory of the process: %.0f MB\n", float64(r.PeakBytes)/1e6)
	if s.output != "" {
		if err := r.write(filepath.Join(s.output, "bench.json")); err != nil {
			return err
		}
		if err := r.draw(filepath.Join(s.output, "latency.png")); err != nil {
			return err
		}
	}
	if old == nil {
		return nil
	}
	return r.slower(old, s.tolerance)
}

// newReport is a report of what is to be measured, without its rows.
func newReport(ctx context.Context, s settings) (*report, error) {
	r := &report{
		Format: formatName, Version: formatVersion, Date: time.Now().UTC().Format(time.RFC3339), Machine: machine.Here(),
		Settings: workSettings{
			Precision: s.compute.Precision, Filters: s.compute.Filters, Threads: s.compute.Threads,
			Atoms: s.atoms, Structures: s.structures, Cloud: s.cloud, Warmup: s.warmup, Rounds: s.rounds, Calls: s.calls,
		},
	}
	if r.Settings.Threads == 0 {
		r.Settings.Threads = runtime.GOMAXPROCS(0)
	}
	if s.structures != "" {
		r.Settings.Atoms = 0
	}
	if slices.ContainsFunc(s.devices, func(d string) bool { return strings.HasPrefix(d, "cuda") }) {
		gpu, err := machine.GPU(ctx)
		if err != nil {
			gpu = "a GPU without nvidia-smi" // that it is there, opening it says
		}
		r.Machine.GPU = gpu
	}
	return r, nil
}
