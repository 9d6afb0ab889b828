package convert

import (
	"context"
	"errors"
	"fmt"

	"painless/atoms"
	"painless/checkpoint"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
	"painless/nn"
	"painless/quantise"
)

// maxAtoms is of all structures of a calibration: some 200 MB of pairs.
const maxAtoms = 200_000

// quantised is the network's tensors in the type that -quantize names.
func (s *settings) quantised(ctx context.Context, std cli.Std, in *checkpoint.Checkpoint) (*quantise.Result, error) {
	found, err := nn.Find(in, s.weights.Cutoff)
	if err != nil {
		return nil, err
	}
	if already, ok := quantise.Already(found); ok && s.small == checkpoint.Int8 {
		if s.calibrate != "" {
			return nil, errors.New("its matrices are in int8 already: expected -calibrate with the student that it was made of")
		}
		return already, nil
	}
	opts := quantise.Options{Type: s.small}
	var places []datasets.Place
	if s.calibrate != "" {
		if opts.Structures, places, err = s.structures(ctx, std); err != nil {
			return nil, err
		}
	}
	line := progress.NewLine(std.Err)
	defer line.Clear()
	opts.Progress = func(step, steps int) {
		line.Show(func() string { return fmt.Sprintf("calibrating: step %d of %d", step, steps) })
	}
	q, err := quantise.Network(ctx, found.Network, opts)
	var which *atoms.StructureError
	if errors.As(err, &which) && which.Index < len(places) {
		return nil, fmt.Errorf("%v: %w", places[which.Index], which.Err)
	}
	return q, err
}

// structures is those of the calibration, and where each stands.
func (s *settings) structures(ctx context.Context, std cli.Std) (list []atoms.Structure, places []datasets.Place, err error) {
	total := 0
	source := datasets.Source{Stdin: std.In, Stderr: std.Err}
	err = source.Each(ctx, s.calibrate, func(f *data.Frame, at datasets.Place, unreadable error) error {
		if unreadable != nil {
			return fmt.Errorf("%v: %w", at, unreadable)
		}
		if len(f.Numbers) == 0 {
			return fmt.Errorf("%v: expected atoms, found none", at)
		}
		if total += len(f.Numbers); total > maxAtoms {
			return fmt.Errorf("%v: expected at most %d atoms in all to calibrate on: some hundred structures suffice", at, maxAtoms)
		}
		list, places = append(list, f.Structure), append(places, at)
		return nil
	})
	return list, places, err
}
