package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"painless/atoms"
	"painless/checkpoint"
	"painless/export"
	"painless/internal/systems"
	"painless/nn"
)

// check reads a file back: its tensors have to be those that were written. It
// returns by how much the energies of a few structures differ from those of
// the network that was read, eV per atom: 0 unless the tensors were rounded.
func check(ctx context.Context, path string, want *export.Student) (difference float64, err error) {
	got, err := checkpoint.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, got.Close()) }()
	if err := sameTensors(got, want.Checkpoint); err != nil {
		return 0, err
	}
	again, err := nn.FromCheckpoint(got)
	if err != nil {
		return 0, err
	}
	if again.Config != want.Found.Network.Config {
		return 0, fmt.Errorf("expected the architecture %v, found %v", want.Found.Network.Config, again.Config)
	}
	before, err := energies(ctx, want.Found.Network)
	if err != nil {
		return 0, err
	}
	after, err := energies(ctx, again)
	if err != nil {
		return 0, err
	}
	for i := range before {
		difference = math.Max(difference, math.Abs(after[i]-before[i]))
	}
	return difference, nil
}

func sameTensors(got, want *checkpoint.Checkpoint) error {
	if len(got.Names()) != len(want.Names()) {
		return fmt.Errorf("expected %d tensors, found %d", len(want.Names()), len(got.Names()))
	}
	for _, name := range want.Names() {
		a, _ := want.Tensor(name)
		b, ok := got.Tensor(name)
		if !ok || !slices.Equal(a.Shape, b.Shape) || a.DType() != b.DType() {
			return fmt.Errorf("tensor %s: expected it as it was written", name)
		}
		x, err := a.Bytes()
		if err != nil {
			return err
		}
		if y, err := b.Bytes(); err != nil || !bytes.Equal(x, y) {
			return fmt.Errorf("tensor %s: expected the elements that were written", name)
		}
	}
	return nil
}

// energies is those of benzene and of water, eV per atom, in float64.
func energies(ctx context.Context, network *nn.Network) (perAtom []float64, err error) {
	p, err := nn.NewPotential(network, nn.Options{Precision: nn.Float64, Filters: nn.Exact, AnyElement: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	structures := []atoms.Structure{systems.Benzene(), systems.WaterDrop(2, 2, 1)}
	var r nn.Result
	if err := p.Compute(ctx, atoms.NewBatch(structures...), &r); err != nil {
		return nil, err
	}
	for i := range structures {
		r.Energy[i] /= float64(len(structures[i].Numbers))
	}
	return r.Energy, nil
}
