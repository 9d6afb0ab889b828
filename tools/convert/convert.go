package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"

	"painless/atoms"
	"painless/checkpoint"
	"painless/internal/atomicfile"
	"painless/internal/systems"
	"painless/nn"
	"painless/tools/convert/onnx"
	"painless/tools/convert/torchscript"
)

func run(args []string, stdout, stderr io.Writer) (err error) {
	s, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	if _, err := os.Stat(s.out); err == nil && !s.force { // before the work; commit looks again
		return fmt.Errorf("%s is there already: -force overwrites it", s.out)
	}
	r := &result{}
	if r.in, err = checkpoint.OpenWith(s.in, checkpoint.Options{Key: s.key}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.in.Close()) }()
	if r.network, err = nn.FromCheckpoint(r.in); err != nil {
		return fmt.Errorf("%s: %w", s.in, err)
	}
	if s.runs() {
		s.dtype = checkpoint.Float32
	}
	if r.out, r.changes, err = cleaned(r.in, r.network, s.dtype); err != nil {
		return fmt.Errorf("%s: %w", s.in, err)
	}
	if err := r.write(s); err != nil {
		return err
	}
	r.report(stdout, s)
	return nil
}

// write writes the file, reads it back and only then gives it its name.
func (r *result) write(s settings) error {
	file, err := atomicfile.Create(s.out)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := r.encode(file, s); err != nil {
		return fmt.Errorf("%s: %w", s.out, err)
	}
	if r.difference, err = check(file.Name(), r.out, r.network); err != nil {
		return fmt.Errorf("%s, read back: %w", s.out, err)
	}
	if r.readSize, err = size(s.in); err != nil {
		return err
	}
	if r.outSize, err = size(file.Name()); err != nil {
		return err
	}
	if s.force {
		return file.Commit()
	}
	if err := file.CommitNew(); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s has come to be there meanwhile: -force overwrites it: %w", s.out, err)
	} else if err != nil {
		return err
	}
	return nil
}

func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (r *result) encode(w io.Writer, s settings) error {
	switch s.to {
	case "pt":
		return r.out.WritePyTorch(w)
	case "onnx":
		return onnx.Write(w, r.out, r.network.Config, s.forces)
	case "torchscript":
		return torchscript.Write(w, r.out, r.network.Config)
	}
	config, err := json.Marshal(r.out.Metadata["config"])
	if err != nil {
		return err
	}
	metadata, err := provenance(s.in, r.in)
	if err != nil {
		return err
	}
	maps.Copy(metadata, map[string]string{"format": "pt", "config": string(config), "num_parameters": fmt.Sprint(r.out.Metadata["num_parameters"])})
	return r.out.WriteSafetensors(w, metadata)
}

// check reads a file back: its tensors have to be those that were written. It
// returns by how much the energies of a few structures differ from network's,
// eV per atom: 0 unless the tensors were rounded.
func check(path string, want *checkpoint.Checkpoint, network *nn.Network) (difference float64, err error) {
	got, err := checkpoint.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, got.Close()) }()
	if len(got.Names()) != len(want.Names()) {
		return 0, fmt.Errorf("expected %d tensors, found %d", len(want.Names()), len(got.Names()))
	}
	for _, name := range want.Names() {
		a, _ := want.Tensor(name)
		b, ok := got.Tensor(name)
		if !ok || !slices.Equal(a.Shape, b.Shape) || a.DType() != b.DType() {
			return 0, fmt.Errorf("tensor %s: expected it as it was written", name)
		}
		x, err := a.Bytes()
		if err != nil {
			return 0, err
		}
		if y, err := b.Bytes(); err != nil || !bytes.Equal(x, y) {
			return 0, fmt.Errorf("tensor %s: expected the elements that were written", name)
		}
	}
	again, err := nn.FromCheckpoint(got)
	if err != nil {
		return 0, err
	}
	if again.Config != network.Config {
		return 0, fmt.Errorf("expected the architecture %v, found %v", network.Config, again.Config)
	}
	before, err := energies(network)
	if err != nil {
		return 0, err
	}
	after, err := energies(again)
	if err != nil {
		return 0, err
	}
	for i := range before {
		difference = math.Max(difference, math.Abs(after[i]-before[i]))
	}
	return difference, nil
}

// energies is those of benzene and of water, eV per atom, in float64.
func energies(network *nn.Network) ([]float64, error) {
	p, err := nn.NewPotential(network, nn.Options{Precision: nn.Float64, Filters: nn.Exact})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	structures := []atoms.Structure{systems.Benzene(), systems.WaterDrop(2, 2, 1)}
	var r nn.Result
	if err := p.Compute(context.Background(), atoms.NewBatch(structures...), &r); err != nil {
		return nil, err
	}
	for i := range structures {
		r.Energy[i] /= float64(len(structures[i].Numbers))
	}
	return r.Energy, nil
}
