// Package convert is the verb convert: a checkpoint written anew, for PyTorch,
// for safetensors, ONNX Runtime or TorchScript.
package convert

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"painless/checkpoint"
	"painless/export"
	"painless/internal/atomicfile"
	"painless/internal/commands/cli"
	"painless/quantise"
	"painless/student"
)

// Verb is painless convert.
var Verb = &cli.Verb{
	Name:    "convert",
	Args:    "[flags] IN OUT",
	Summary: "Writes a checkpoint anew, for PyTorch, safetensors, ONNX Runtime or TorchScript.",
	Help: `IN is a student of torch.save, old or new, of TorchScript, safetensors or ONNX.
OUT, or with -o OUT, has plain names, contiguous tensors and the architecture; its
ending says what it is:

  .pt .pth      a checkpoint that torch.load(weights_only=True) opens
  .safetensors  tensors and text
  .onnx         a graph that ONNX Runtime runs: energy and, with -forces, forces
  .ts           a module that torch.jit.load opens: energy, to differentiate

-quantize makes the weights small: matrices in int8 with a scale for each row, float16
or bfloat16, and what energies hang on in float32; every verb reads such files. With
-calibrate int8 loses far less. -dtype is the type of all tensors that are not
quantised.

OUT is read back before it takes its name: its tensors have to be those that were
written, and the energies of benzene and water that they give are compared.`,
	New: New,
}

// settings is the command line.
type settings struct {
	weights     cli.Weights
	to, dtype   string
	quantize    string
	calibrate   string
	forces      bool
	dynamic     bool
	force, json bool
	in, out     string

	export export.Options
	small  checkpoint.DType // that -quantize names; 0 is none
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	flags.StringVar(&s.to, "to", "", "`format`: pt, safetensors, onnx or torchscript; what OUT's ending says if empty")
	flags.StringVar(&s.dtype, "dtype", "", "`type` of the tensors: float32 or float64; as they are if empty")
	flags.StringVar(&s.quantize, "quantize", "", "`type` that the weights' matrices are rounded to: int8, with a scale for each row, float16 or bfloat16")
	flags.StringVar(&s.calibrate, "calibrate", "", "`dataset` of structures, XYZ or HDF5, like those that the student is for: with -quantize, weights are chosen that give the same energies and forces on them; labels are not looked at")
	flags.BoolVar(&s.dynamic, "dynamic", false, "have the ONNX graph multiply integers, and round what they are multiplied with in each call, with -quantize int8")
	flags.BoolVar(&s.forces, "forces", false, "give the ONNX graph a second output, the forces")
	s.weights.Register(flags)
	flags.StringVar(&s.out, "o", "", "`file` to write, in place of OUT")
	flags.BoolVar(&s.force, "force", false, "overwrite OUT if it is there")
	flags.BoolVar(&s.json, "json", false, "report in JSON")
	return s.run
}

func (s *settings) files(std cli.Std, args []string) error {
	switch {
	case s.out != "" && len(args) != 1:
		return fmt.Errorf("%d files and -o: expected IN alone; -h shows the usage", len(args))
	case s.out == "" && len(args) != 2:
		return fmt.Errorf("%d files: expected IN and OUT; -h shows the usage", len(args))
	case s.out == "":
		s.out = args[1]
	}
	s.in = args[0]
	if s.out == "" {
		return errors.New("OUT is empty: expected a file to write")
	}
	if s.out == "-" {
		return errors.New("-: expected a file to write, which is read back before it takes its name")
	}
	if err := std.CheckOutput(s.out, s.in, s.calibrate); err != nil {
		return err
	}
	return cli.CheckNew(s.force, s.out) // before the work; commit looks again
}

func (s *settings) options() error {
	format, ok := export.FormatOf(s.out)
	if s.to != "" {
		format, ok = export.Format(s.to), slices.Contains(export.Formats, export.Format(s.to))
	}
	switch {
	case !ok && s.to == "":
		return fmt.Errorf("%s: expected a name that ends in .pt, .pth, .safetensors, .onnx or .ts, or -to", s.out)
	case !ok:
		return fmt.Errorf("-to %s: expected pt, safetensors, onnx or torchscript", s.to)
	}
	s.export = export.Options{Format: format, Forces: s.forces, Cutoff: s.weights.Cutoff}
	var err error
	if s.export.DType, err = parseType("dtype", s.dtype, checkpoint.Float32, checkpoint.Float64); err != nil {
		if _, small := parseType("quantize", s.dtype, quantise.Types...); small == nil {
			err = fmt.Errorf("%w; -quantize %s makes weights small", err, s.dtype)
		}
		return err
	}
	if s.small, err = parseType("quantize", s.quantize, quantise.Types...); err != nil {
		return err
	}
	switch {
	case s.small != 0 && s.dtype != "":
		return errors.New("-dtype: expected it without -quantize, which says the types itself")
	case s.small != 0 && format == export.TorchScript:
		return errors.New("-quantize: torchscript computes in float32")
	case s.calibrate != "" && s.small == 0:
		return errors.New("-calibrate: expected -quantize beside it")
	case s.dynamic && (format != export.ONNX || s.small != checkpoint.Int8):
		return errors.New("-dynamic: only an onnx graph of -quantize int8 can multiply integers")
	}
	if err := s.weights.Check(); err != nil {
		return err
	}
	if err := s.export.Check(); err != nil {
		return fmt.Errorf("-%w", err) // it begins with the option's name, and so does the flag
	}
	return nil
}

// parseType is the type that a flag names; 0 where it is empty.
func parseType(flag, name string, types ...checkpoint.DType) (checkpoint.DType, error) {
	if name == "" {
		return 0, nil
	}
	i := slices.IndexFunc(types, func(d checkpoint.DType) bool { return d.String() == name })
	if i < 0 {
		return 0, fmt.Errorf("-%s %s: expected %s", flag, name, strings.ReplaceAll(strings.Trim(fmt.Sprint(types), "[]"), " ", ", "))
	}
	return types[i], nil
}

func (s *settings) run(ctx context.Context, std cli.Std, args []string) (err error) {
	if err := s.files(std, args); err != nil {
		return err
	}
	if err := s.options(); err != nil {
		return err
	}
	in, err := student.Open(s.in, checkpoint.Options{Key: s.weights.Key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if s.small != 0 {
		if s.export.Quantised, err = s.quantised(ctx, std, in); err != nil {
			return fmt.Errorf("%s: %w", s.in, err)
		}
	}
	s.export.Dynamic = s.dynamic
	student, err := export.Clean(in, s.export)
	if err != nil {
		return fmt.Errorf("%s: %w", s.in, err)
	}
	if s.export.Format == export.Safetensors {
		if student.Options.Metadata, err = export.Provenance(s.in, in, student.Found); err != nil {
			return err
		}
	}
	cli.Took(std.Err, s.in, student.Found.Place, student.Found.Others)
	r, err := s.write(ctx, in, student)
	if err != nil {
		return err
	}
	return r.print(std.Out, s.json)
}

// write writes the file, reads it back and only then gives it its name.
func (s *settings) write(ctx context.Context, in *checkpoint.Checkpoint, student *export.Student) (*report, error) {
	file, err := atomicfile.Create(s.out)
	if err != nil {
		return nil, err
	}
	defer file.Abort()
	if err := student.Write(file); err != nil {
		return nil, fmt.Errorf("%s: %w", s.out, err)
	}
	r := &report{Changes: append([]string{}, student.Changes...)} // [] in JSON, not null
	r.describeNetwork(student.Found)
	if r.Difference, err = check(ctx, file.Name(), student); err != nil {
		return nil, fmt.Errorf("%s, read back: %w", s.out, err)
	}
	r.Read.Key, r.Read.Others = student.Found.Place, student.Found.Others
	if r.Read.file, err = describe(s.in, s.in, in.Format, student.Found.Tensors); err != nil {
		return nil, err
	}
	if r.Wrote, err = describe(s.out, file.Name(), string(s.export.Format), student.Tensors()); err != nil {
		return nil, err
	}
	if s.force {
		return r, file.Commit()
	}
	if err := file.CommitNew(); errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s has come to be there meanwhile: -force overwrites it: %w", s.out, err)
	} else if err != nil {
		return nil, err
	}
	return r, nil
}
