// Command peers times painless, and PyTorch and ONNX Runtime beside it: the same
// structures, the same number of threads, in turns. It prints tables and writes
// every time that it took as soon as it has it; what fails is in the report's
// errors, what comes after it is measured all the same, and the exit code is 1.
//
//	peers [-device cpu|cuda[:N]|emulator] [-part engine|torch] [-models DIR] [-threads N] [-rounds N] [-limit TIME] [-python FILE] [-o FILE]
//
// Without -part the CPU is timed beside PyTorch (energy and forces of the traced
// network) and ONNX Runtime (energy alone of an exported graph), and a GPU, in
// binaries built with -tags cuda, as with both parts. The part engine times
// painless alone: loading, molecules, batches and large systems. The part torch
// times it beside PyTorch on the same device, in every way that torch_peer.py
// knows. Each system runs in a process of its own, which is killed where an
// answer takes longer than the limit, and started again.
//
// It runs in the repository's root; make bench-peers installs the peers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"painless"
)

// settings is the command line.
type settings struct {
	device, part, models string
	python, self         string
	threads, rounds      int
	limit                time.Duration
	output               string

	turnSeconds             float64 // that a turn lasts at least
	against, alone, batches []system
}

// kind is the device without its number.
func (s *settings) kind() string {
	kind, _, _ := strings.Cut(s.device, ":")
	return kind
}

func (s *settings) check() error {
	if s.rounds < 1 || s.threads < 1 {
		return fmt.Errorf("%d rounds on %d threads: expected 1 or more", s.rounds, s.threads)
	}
	if s.limit <= 0 {
		return fmt.Errorf("limit %v: expected more than 0", s.limit)
	}
	switch {
	case s.part != "" && s.part != "engine" && s.part != "torch":
		return fmt.Errorf("part %q: expected engine or torch", s.part)
	case s.part == "torch" && s.device == "emulator":
		return errors.New("PyTorch does not run on the emulator: expected the device cpu or cuda")
	}
	return painless.CheckDevice(s.device)
}

func main() {
	s := settings{turnSeconds: 0.3, against: against, alone: alone, batches: batches}
	serving := false
	flag.StringVar(&s.device, "device", "cpu", "what to compute on: cpu, cuda or cuda:N for a GPU (in binaries built with -tags cuda), or emulator")
	flag.StringVar(&s.part, "part", "", "engine, for painless alone, or torch, for painless beside PyTorch")
	flag.StringVar(&s.models, "models", "testdata", "`folder` of the students: original.pt, tiny.pt and ultra_tiny.pt, or whatever *.pt it has")
	flag.StringVar(&s.python, "python", "/usr/bin/python3", "`file` of the Python that has PyTorch; on a GPU it may be empty, and painless is timed alone")
	flag.IntVar(&s.threads, "threads", 2, "threads of each system")
	flag.IntVar(&s.rounds, "rounds", 5, "turns of each system")
	flag.DurationVar(&s.limit, "limit", 90*time.Second, "time that a system has for an answer")
	flag.StringVar(&s.output, "o", "", "`file` to write; docs/benchmarks/DEVICE-PART-DATE.json if empty")
	flag.BoolVar(&serving, "serve", false, "answer jobs on standard input: how painless is timed in a process of its own")
	flag.Parse()
	err := s.check()
	switch {
	case err != nil:
	case serving:
		err = serve(os.Stdin, os.Stdout, painless.Options{Device: s.device, Threads: s.threads})
	default:
		if s.output == "" {
			s.output = "docs/benchmarks/" + strings.TrimSuffix(s.kind()+"-"+s.part, "-") + "-" + time.Now().Format(time.DateOnly) + ".json"
		}
		runtime.LockOSThread() // a peer ends with the thread that started it
		if s.self, err = os.Executable(); err == nil {
			err = run(context.Background(), s, os.Stdout)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, out io.Writer) error {
	folder, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b, err := newBench(ctx, s, folder)
	if err != nil {
		return err
	}
	models, err := modelsIn(s.models)
	switch {
	case err != nil:
		b.failed("finding the models", err)
	case s.part == "engine":
		b.engine(models)
	case s.part == "torch":
		b.beside(models)
	case s.device == "cpu":
		b.contest(ctx, models)
	default:
		b.engine(models)
		if s.python != "" && s.device != "emulator" {
			b.beside(models)
		}
	}
	fmt.Fprint(out, b.table())
	if n := len(b.Errors); n > 0 {
		err = fmt.Errorf("%d failures, which %s lists; the first is %s: %s", n, s.output, b.Errors[0].Measurement, b.Errors[0].Error)
	}
	return errors.Join(err, b.unwritten)
}
