// Package export writes a network for other programs: as a checkpoint that
// torch.load opens, as safetensors, as a graph that ONNX Runtime runs, or as a
// module that torch.jit.load opens.
//
// What it takes is a checkpoint, of whatever format and age, as package
// checkpoint reads it. What it writes has plain names, contiguous tensors and
// the architecture, and package checkpoint reads it again. The same checkpoint
// gives the same bytes.
package export

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"painless/checkpoint"
	"painless/export/onnx"
	"painless/export/torchscript"
	"painless/nn"
	"painless/quantise"
)

// Format is a kind of file.
type Format string

const (
	PyTorch     Format = "pt"          // torch.load(weights_only=True) opens it, since PyTorch 1.13
	Safetensors Format = "safetensors" // tensors and text
	ONNX        Format = "onnx"        // ONNX Runtime runs it: energy and, with Options.Forces, forces
	TorchScript Format = "torchscript" // torch.jit.load opens it: energy, for autograd to differentiate
)

// Formats is all of them.
var Formats = []Format{PyTorch, Safetensors, ONNX, TorchScript}

// FormatOf returns the format that a file's name asks for by its ending: .pt,
// .pth, .safetensors, .onnx, .ts or .torchscript.
func FormatOf(name string) (f Format, ok bool) {
	switch f = Format(strings.TrimPrefix(filepath.Ext(name), ".")); f {
	case "pth":
		f = PyTorch
	case "ts":
		f = TorchScript
	}
	return f, slices.Contains(Formats, f)
}

// Computes reports whether what is written is a program, and not weights alone.
func (f Format) Computes() bool { return f == ONNX || f == TorchScript }

// Options says what to write; the zero value is a PyTorch checkpoint with the
// tensors' own types.
type Options struct {
	Format Format // "" is PyTorch
	// DType is the type of the tensors, float32 or float64; 0 leaves them as they are,
	// but in ONNX and TorchScript, which compute in float32.
	DType checkpoint.DType
	// Quantised is the tensors to write in place of the network's own, smaller ones; an
	// ONNX graph makes float32 of them.
	Quantised *quantise.Result
	// Forces gives an ONNX graph a second output.
	Forces bool
	// Dynamic has an ONNX graph of int8 matrices multiply integers, to which it rounds
	// what they are multiplied with, in each call.
	Dynamic bool
	// Cutoff, Å, is for a checkpoint that does not state its own; 0 is what it says.
	Cutoff float64
	// Metadata is text that stands in a safetensors file beside the
	// architecture, such as what Provenance returns.
	Metadata map[string]string
}

// Check says which options do not go together. The error begins with the name
// of one, in small letters.
func (o Options) Check() error {
	switch {
	case o.Format != "" && !slices.Contains(Formats, o.Format):
		return fmt.Errorf("format %s: expected pt, safetensors, onnx or torchscript", o.Format)
	case o.Cutoff != 0 && nn.CheckCutoff(o.Cutoff) != nil:
		return nn.CheckCutoff(o.Cutoff)
	case o.Forces && o.Format != ONNX:
		return fmt.Errorf("forces: only an onnx graph has them as an output")
	case o.Format.Computes() && o.DType != 0 && o.DType != checkpoint.Float32:
		return fmt.Errorf("dtype %s: %s computes in float32", o.DType, o.Format)
	case o.DType != 0 && o.DType != checkpoint.Float32 && o.DType != checkpoint.Float64:
		return fmt.Errorf("dtype %s: expected float32 or float64; smaller types are what quantising is for", o.DType)
	case o.Quantised != nil && o.Format == TorchScript:
		return fmt.Errorf("quantised: torchscript computes in float32")
	case o.Quantised != nil && o.DType != 0:
		return fmt.Errorf("quantised: expected no dtype beside it, found %s", o.DType)
	case o.Dynamic && (o.Format != ONNX || o.Quantised == nil || o.Quantised.Type != checkpoint.Int8):
		return fmt.Errorf("dynamic: only an onnx graph with matrices in int8 can multiply integers")
	case len(o.Metadata) > 0 && o.Format != Safetensors:
		return fmt.Errorf("metadata: only a safetensors file has it")
	}
	return nil
}

// Write writes the network of a checkpoint.
func Write(w io.Writer, c *checkpoint.Checkpoint, opts Options) error {
	s, err := Clean(c, opts)
	if err != nil {
		return err
	}
	return s.Write(w)
}

// Write writes the student.
func (s *Student) Write(w io.Writer) error {
	switch s.Options.Format {
	case ONNX:
		return onnx.Write(w, s.Checkpoint, s.Found.Network, onnx.Options{Forces: s.Options.Forces, Dynamic: s.Options.Dynamic})
	case TorchScript:
		return torchscript.Write(w, s.Checkpoint, s.Found.Network)
	}
	return WriteWeights(w, s.Checkpoint, s.Options.Format, s.Options.Metadata)
}
