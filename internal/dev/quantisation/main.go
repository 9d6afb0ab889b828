// Command quantisation measures what quantised students cost and gain: sizes, load
// times, speed here and in ONNX Runtime, errors of energies, forces and stresses
// against float32, and drift. It prints docs/quantisation.md's table, and draws its
// figure.
//
//	quantisation -o DIR [-seconds N] NAME=STUDENT,CALIBRATION,TEST[,TEST…] …
//
// CALIBRATION and TEST are XYZ files, which calibration.py makes, or TEST is molecules: those
// of internal/systems. It writes what it has measured to DIR as soon as
// it has it, beside the students and graphs that it made, and goes on from there when it
// is started again. make bench-quantised installs ONNX Runtime and starts it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"painless/internal/commands/cli"
	"painless/internal/commands/convert"
	"painless/internal/jsonfile"
	"painless/internal/machine"
)

// variant is a way to write a student.
type variant struct {
	name      string
	dtype     string // "" is float32
	calibrate bool
	dynamic   bool // the graph alone: its file is that of the variant before
}

var variants = []variant{
	{name: "float32"}, {name: "float16", dtype: "float16"}, {name: "bfloat16", dtype: "bfloat16"},
	{name: "int8, rounded", dtype: "int8"}, {name: "int8, calibrated", dtype: "int8", calibrate: true},
	{name: "int8, dynamic", dtype: "int8", calibrate: true, dynamic: true},
}

// subject is a student, and the structures that it is tried on.
type subject struct {
	name, student, calibration string
	tests                      []string
}

// row is what was measured of a variant of a student.
type row struct {
	Student string `json:"student"`
	Variant string `json:"variant"`
	Bytes   int64  `json:"bytes"`

	Errors map[string]deviation `json:"errors"` // by the name of the test file
	Stress float64              `json:"stress_error_MPa"`
	Drift  *drift               `json:"drift,omitempty"`
	Times  map[string]float64   `json:"ms,omitempty"` // medians, by the names in times.go
}

// results is the file that is written.
type results struct {
	Machine machine.Machine `json:"machine"`
	Rows    []*row          `json:"rows"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder := flag.String("o", "", "folder of the results, and of what is made on the way")
	seconds := flag.Float64("seconds", 1, "of timing, of each quantity")
	flag.Parse()
	if err := run(ctx, *folder, *seconds, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "quantisation:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string, seconds float64, args []string) error {
	if folder == "" || len(args) == 0 {
		return errors.New("expected -o DIR and NAME=STUDENT,CALIBRATION,TEST[,TEST…]")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	all := &results{Machine: machine.Here()}
	if err := all.read(folder); err != nil {
		return err
	}
	var names []string
	for _, arg := range args {
		name, files, ok := strings.Cut(arg, "=")
		list := strings.Split(files, ",")
		if !ok || len(list) < 3 {
			return fmt.Errorf("%s: expected NAME=STUDENT,CALIBRATION,TEST[,TEST…]", arg)
		}
		s := &subject{name: name, student: list[0], calibration: list[1], tests: list[2:]}
		if err := s.measure(ctx, folder, seconds, all); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		names = append(names, name)
	}
	if err := all.draw(filepath.Join(folder, "quantisation.png"), names); err != nil {
		return err
	}
	return all.print(os.Stdout, names)
}

// measure measures what there is no row of yet.
func (s *subject) measure(ctx context.Context, folder string, seconds float64, all *results) error {
	rows := make([]*row, len(variants))
	for i, v := range variants {
		if rows[i] = all.find(s.name, v.name); rows[i] != nil {
			continue
		}
		fmt.Fprintln(os.Stderr, s.name, v.name)
		r, err := s.row(ctx, folder, v)
		if err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		rows[i], all.Rows = r, append(all.Rows, r)
		if err := all.write(folder); err != nil {
			return err
		}
	}
	if rows[len(rows)-1].Times != nil {
		return nil
	}
	fmt.Fprintln(os.Stderr, s.name, "times")
	if err := s.time(ctx, folder, seconds, rows); err != nil {
		return err
	}
	return all.write(folder)
}

func (s *subject) path(folder string, v variant, ending string) string {
	name := strings.ReplaceAll(strings.ReplaceAll(v.name, ", ", "-"), " ", "-")
	if v.dynamic && ending == ".safetensors" {
		return s.path(folder, variants[len(variants)-2], ending)
	}
	return filepath.Join(folder, s.name+"-"+name+ending)
}

// row makes a variant's files, and measures all but times.
func (s *subject) row(ctx context.Context, folder string, v variant) (*row, error) {
	if err := s.make(ctx, folder, v); err != nil {
		return nil, err
	}
	file := s.path(folder, v, ".safetensors")
	if v.dynamic {
		file = s.path(folder, v, ".onnx")
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	r := &row{Student: s.name, Variant: v.name, Bytes: info.Size(), Errors: map[string]deviation{}}
	if v.dynamic {
		return r, s.dynamicErrors(ctx, folder, r)
	}
	if err := s.errors(ctx, folder, v, r); err != nil {
		return nil, err
	}
	r.Drift, err = s.drift(ctx, folder, v)
	return r, err
}

// make writes a variant's files, but those that are there.
func (s *subject) make(ctx context.Context, folder string, v variant) error {
	small := s.path(folder, v, ".safetensors")
	var flags []string
	if v.dtype != "" {
		flags = append(flags, "-quantize", v.dtype)
	}
	first := flags
	if v.calibrate {
		first = append(append([]string{}, flags...), "-calibrate", s.calibration)
	}
	if v.dynamic {
		flags = append(flags, "-dynamic")
	}
	for _, args := range [][]string{
		append(first, s.student, small),
		append(append([]string{}, flags...), small, s.path(folder, v, "-energy.onnx")),
		append(append([]string{"-forces"}, flags...), small, s.path(folder, v, ".onnx")),
	} {
		if _, err := os.Stat(args[len(args)-1]); err == nil {
			continue
		}
		if err := convert.Verb.Execute(ctx, cli.Std{Out: io.Discard, Err: os.Stderr}, args); err != nil {
			return err
		}
	}
	return nil
}

const resultsName = "results.json"

func (r *results) read(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, resultsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, r)
}

func (r *results) write(folder string) error {
	return jsonfile.Write(filepath.Join(folder, resultsName), r)
}

func (r *results) find(student, variant string) *row {
	for _, x := range r.Rows {
		if x.Student == student && x.Variant == variant {
			return x
		}
	}
	return nil
}
