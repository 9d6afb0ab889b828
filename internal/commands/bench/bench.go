// Package bench is the verb bench: the time of energies, and of energies with
// forces, of batches of structures, all models on all devices in turns, while the
// atoms move as in a simulation. What it wrote before it compares with.
package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
	"painless/internal/machine"
)

// Verb is painless bench.
var Verb = &cli.Verb{
	Name:    "bench",
	Args:    "[-model FILE[,FILE…]] [flags]",
	Summary: "Times calls that compute batches of structures (ms): energies, and energies with forces.",
	Help: `All students on all devices compute in turns, so that what disturbs the machine
disturbs all of them. The table gives medians; -o writes every percentile, and a
figure of them. With -compare, a call that has become slower is an error.`,
	New: New,
}

// settings is the command line.
type settings struct {
	model      cli.Model
	devices    []string
	sizes      string
	batches    []int
	atoms      int
	structures string
	cloud      bool
	warmup     int // calls before each turn that are not counted
	rounds     int // turns of each row
	calls      int // of a turn
	json       bool
	output     string
	force      bool
	compare    string
	tolerance  float64
}

const (
	maxAtoms = 10_000 // of the structures that are made here; -structures takes any
	maxBatch = 1 << 20
)

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.model.Register(flags)
	flags.Lookup("device").Usage += "; several with commas between are timed in turns"
	flags.StringVar(&s.sizes, "batch", "1,2,4,8,16,32", "structures in a call, with commas between")
	flags.IntVar(&s.atoms, "atoms", 16, "atoms of a structure")
	flags.StringVar(&s.structures, "structures", "", "XYZ `file` whose structures fill the batches, over again where they do not suffice, in place of random clusters")
	flags.BoolVar(&s.cloud, "cloud", false, "put all atoms of a batch into one structure, with positions of a normal distribution of 1 Å, as benchmarks of these students once did")
	flags.IntVar(&s.warmup, "warmup", 3, "calls before each turn that are not counted")
	flags.IntVar(&s.rounds, "rounds", 10, "turns of each model, device and quantity")
	flags.IntVar(&s.calls, "calls", 30, "calls of a turn")
	flags.BoolVar(&s.json, "json", false, "print what bench.json holds in place of the table")
	flags.Func("o", "`folder` to write "+reportName+" and "+figureName+" to, made where it is missing; nothing is written without it", cli.FolderFlag(&s.output))
	flags.BoolVar(&s.force, "force", false, "replace files that are there")
	flags.StringVar(&s.compare, "compare", "", reportName+" `file` of an earlier run: shows new over old, and fails where that is beyond the tolerance")
	flags.Float64Var(&s.tolerance, "tolerance", 0.1, "how much longer than in -compare a call may take: 0.1 is 10 %")
	return s.run
}

func (s *settings) check(std cli.Std, inputs []string) error {
	if err := s.model.Check(); err != nil {
		return err
	}
	for text := range strings.SplitSeq(s.sizes, ",") {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 || size > maxBatch || slices.Contains(s.batches, size) {
			return fmt.Errorf("-batch %s: expected different numbers of structures, from 1 to %d, with commas between", s.sizes, maxBatch)
		}
		s.batches = append(s.batches, size)
	}
	for device := range strings.SplitSeq(s.model.Device, ",") {
		if slices.Contains(s.devices, device) {
			return fmt.Errorf("-device %s: expected each device once, found %s twice", s.model.Device, device)
		}
		s.devices = append(s.devices, device)
	}
	switch {
	case len(inputs) > 0:
		return fmt.Errorf("%s: expected flags only; -h shows the usage", inputs[0])
	case s.atoms < 1 || s.atoms > maxAtoms:
		return fmt.Errorf("-atoms %d: expected 1 to %d", s.atoms, maxAtoms)
	case s.cloud && s.structures != "":
		return errors.New("-cloud makes its own atoms: expected it without -structures")
	case s.warmup < 1: // the first call takes memory
		return fmt.Errorf("-warmup %d: expected 1 or more", s.warmup)
	case s.rounds < 1 || s.calls < 1:
		return fmt.Errorf("-rounds %d, -calls %d: expected 1 or more", s.rounds, s.calls)
	case !(s.tolerance >= 0):
		return fmt.Errorf("-tolerance %v: expected 0 or more", s.tolerance)
	}
	return s.folder().Check(std, append(s.model.Paths(), s.structures, s.compare)...)
}

func (s *settings) run(ctx context.Context, std cli.Std, inputs []string) error {
	if err := s.check(std, inputs); err != nil {
		return err
	}
	r := s.newReport(ctx)
	old, err := s.earlier(r, std.Err)
	if err != nil {
		return err
	}
	students, err := s.students(std.Err)
	if err != nil {
		return err
	}
	load, err := newWorkload(s)
	if err != nil {
		return err
	}
	out := s.folder()
	if err := out.Create(); err != nil {
		return err
	}
	defer out.Abort()
	table := std.Out
	if s.json {
		table = io.Discard
	}
	if _, err := fmt.Fprint(table, r.title(), tableHead(old != nil)); err != nil {
		return err
	}
	for _, size := range s.batches {
		rows, err := measure(ctx, s, students, load.structures(size), size)
		if err != nil {
			return fmt.Errorf("batch of %d: %w", size, err)
		}
		for _, row := range rows {
			if _, err := fmt.Fprintln(table, row.line(old)); err != nil {
				return err
			}
		}
		r.Rows = append(r.Rows, rows...)
	}
	r.PeakBytes = peakBytes()
	if err := r.write(out); err != nil {
		return err
	}
	if s.json {
		err = jsonfile.Encode(std.Out, r)
	} else {
		_, err = fmt.Fprintf(std.Out, "\npeak memory of the process: %.0f MB\n", float64(r.PeakBytes)/1e6)
	}
	if err != nil {
		return err
	}
	if old == nil {
		return nil
	}
	return r.slower(old, s.tolerance)
}

// earlier is the report that r is compared with, or nil.
func (s *settings) earlier(r *report, stderr io.Writer) (*report, error) {
	if s.compare == "" {
		return nil, nil
	}
	old, err := readReport(s.compare)
	if err != nil {
		return nil, err
	}
	if err := r.comparable(old); err != nil {
		return nil, fmt.Errorf("%s: %w", s.compare, err)
	}
	if r.Machine != old.Machine {
		fmt.Fprintf(stderr, "painless: %s is of another machine: %v\n", s.compare, old.Machine)
	}
	return old, nil
}

// newReport is a report of what is to be measured, without its rows.
func (s *settings) newReport(ctx context.Context) *report {
	r := &report{
		Format: formatName, Version: formatVersion, Date: time.Now().UTC().Format(time.RFC3339), Machine: machine.Here(),
		Settings: workSettings{
			Precision: s.model.Precision, Filters: s.model.Filters, Threads: s.model.Options().Threads,
			Atoms: s.atoms, Structures: s.structures, Cloud: s.cloud, Warmup: s.warmup, Rounds: s.rounds, Calls: s.calls,
		},
	}
	if r.Settings.Filters == "auto" {
		r.Settings.Filters = map[string]string{"float32": "table", "float64": "exact"}[s.model.Precision]
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
	return r
}
