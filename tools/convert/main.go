// Command convert writes a student's checkpoint, whatever its flavour, as a
// clean PyTorch checkpoint, as safetensors, or as a graph that ONNX Runtime or
// TorchScript runs.
//
//	convert [-to pt|safetensors|onnx|torchscript] [-dtype float32|float64|float16|bfloat16] [-forces] [-key K] [-force] IN OUT
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"painless/checkpoint"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "convert:", err)
		}
		os.Exit(1)
	}
}

// settings is the command line.
type settings struct {
	to      string
	dtype   checkpoint.DType // 0: as they are
	forces  bool
	key     string
	force   bool
	in, out string
}

// runs reports whether what is written computes.
func (s *settings) runs() bool { return s.to == "onnx" || s.to == "torchscript" }

var (
	formats = []string{"pt", "safetensors", "onnx", "torchscript"}
	dtypes  = map[string]checkpoint.DType{"": 0, "float32": checkpoint.Float32, "float64": checkpoint.Float64,
		"float16": checkpoint.Float16, "bfloat16": checkpoint.BFloat16}
)

func parseFlags(args []string, stderr io.Writer) (s settings, err error) {
	flags := flag.NewFlagSet("convert", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, `A student's checkpoint — of torch.save, old or new, TorchScript, safetensors, ONNX — written anew: plain names, contiguous tensors, its architecture.

usage: convert [flags] IN OUT

`)
		flags.PrintDefaults()
	}
	flags.StringVar(&s.to, "to", "", "format: pt, which torch.load(weights_only=True) opens, safetensors, onnx, a graph that ONNX Runtime runs, or torchscript, which torch.jit.load opens; OUT's ending if empty")
	dtype := flags.String("dtype", "", "type of the floating-point tensors: float32, float64, float16 or bfloat16; as they are if empty")
	flags.BoolVar(&s.forces, "forces", false, "give the ONNX graph a second output, the forces")
	flags.StringVar(&s.key, "key", "", "where in IN the weights stand, such as ema; the usual places if empty")
	flags.BoolVar(&s.force, "force", false, "overwrite OUT if it is there")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() != 2 {
		return s, fmt.Errorf("%d files: expected IN and OUT, after the flags; -h shows the usage", flags.NArg())
	}
	s.in, s.out = flags.Arg(0), flags.Arg(1)
	if s.to == "" {
		switch s.to = strings.TrimPrefix(filepath.Ext(s.out), "."); s.to {
		case "pth":
			s.to = "pt"
		case "ts":
			s.to = "torchscript"
		}
		if !slices.Contains(formats, s.to) {
			return s, fmt.Errorf("%s: expected a name that ends in .pt, .pth, .safetensors, .onnx or .ts, or -to", s.out)
		}
	}
	var known bool
	s.dtype, known = dtypes[*dtype]
	switch {
	case !slices.Contains(formats, s.to):
		return s, fmt.Errorf("-to %s: expected pt, safetensors, onnx or torchscript", s.to)
	case s.forces && s.to != "onnx":
		return s, fmt.Errorf("-forces: only an onnx graph has them as an output")
	case s.runs() && s.dtype != 0 && s.dtype != checkpoint.Float32:
		return s, fmt.Errorf("-dtype %s: an %s graph computes in float32", *dtype, s.to)
	case !known:
		return s, fmt.Errorf("-dtype %s: expected float32, float64, float16 or bfloat16", *dtype)
	}
	return s, nil
}
