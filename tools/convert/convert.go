package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"painless/checkpoint"
	"painless/data"
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
	if _, err := os.Stat(s.out); err == nil && !s.force {
		return fmt.Errorf("%s is there already: -force overwrites it", s.out)
	}
	in, err := checkpoint.OpenWith(s.in, checkpoint.Options{Key: s.key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	network, err := nn.FromCheckpoint(in)
	if err != nil {
		return fmt.Errorf("%s: %w", s.in, err)
	}
	if s.runs() {
		s.dtype = checkpoint.Float32
	}
	clean, changed, err := cleaned(in, network, s.dtype)
	if err != nil {
		return fmt.Errorf("%s: %w", s.in, err)
	}
	file, err := atomicfile.Create(s.out)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := write(file, clean, network, s); err != nil {
		return fmt.Errorf("%s: %w", s.out, err)
	}
	difference, err := check(file.Name(), clean, network)
	if err != nil {
		return fmt.Errorf("%s, read back: %w", s.out, err)
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := file.Commit(); err != nil {
		return err
	}
	report(stdout, s, in, network, changed, info.Size(), difference)
	return nil
}

// cleaned is the tensors in row-major order and, if there is a dtype, the
// floating-point ones in it; and beside them the architecture.
func cleaned(c *checkpoint.Checkpoint, network *nn.Network, dtype checkpoint.DType) (clean *checkpoint.Checkpoint, changed int, err error) {
	var tensors []checkpoint.Named
	for _, name := range c.Names() {
		t, _ := c.Tensor(name)
		if dtype != 0 && t.DType() != dtype {
			if t, err = t.Convert(dtype); err != nil {
				return nil, 0, fmt.Errorf("tensor %s: %w", name, err)
			}
			changed++
		}
		tensors = append(tensors, checkpoint.Named{Name: name, Tensor: t})
	}
	metadata := map[string]any{"config": network.Config.Map(), "num_parameters": network.Parameters}
	return checkpoint.New(metadata, tensors...), changed, nil
}

func write(w io.Writer, c *checkpoint.Checkpoint, network *nn.Network, s settings) error {
	switch s.to {
	case "pt":
		return c.WritePyTorch(w)
	case "onnx":
		return onnx.Write(w, c, network.Config, s.forces)
	case "torchscript":
		return torchscript.Write(w, c, network.Config)
	}
	config, err := json.Marshal(c.Metadata["config"])
	if err != nil {
		return err
	}
	return c.WriteSafetensors(w, map[string]string{"format": "pt", "config": string(config), "num_parameters": fmt.Sprint(c.Metadata["num_parameters"])})
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
	structures := []data.Structure{systems.Benzene(), systems.WaterDrop(2, 2, 1)}
	var r nn.Result
	if err := p.Compute(context.Background(), nn.NewBatch(structures...), &r); err != nil {
		return nil, err
	}
	for i := range structures {
		r.Energy[i] /= float64(len(structures[i].Numbers))
	}
	return r.Energy, nil
}

func report(w io.Writer, s settings, in *checkpoint.Checkpoint, network *nn.Network, changed int, size int64, difference float64) {
	where := "at the top level"
	if in.Key != "" {
		where = "under " + strconv.Quote(in.Key)
	}
	fmt.Fprintf(w, "read     %s: %d tensors %s", s.in, len(in.Names()), where)
	if prefixes := strings.Join(slices.DeleteFunc(slices.Clone(in.Prefixes), func(p string) bool { return p == "" }), ", "); prefixes != "" {
		fmt.Fprintf(w, ", names without %s", prefixes)
	}
	c := network.Config
	fmt.Fprintf(w, "\nnetwork  hidden_dim %d, num_interactions %d, num_rbf %d, cutoff %v, max_z %d: %d parameters\n",
		c.HiddenDim, c.NumInteractions, c.NumRBF, c.Cutoff, c.MaxZ, network.Parameters)
	if changed > 0 {
		fmt.Fprintf(w, "rounded  %d tensors to %s: energies of benzene and water change by up to %.2g eV per atom\n", changed, s.dtype, difference)
	}
	fmt.Fprintf(w, "wrote    %s: %s, %d bytes, read back and found the same\n", s.out, s.to, size)
}
