// Package inspect is the verb inspect: what is in a checkpoint, its container,
// configuration, tensors and metadata, and, where it is a student, what to expect
// of molecular dynamics with it.
package inspect

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/internal/commands/health"
	"painless/internal/jsonfile"
	"painless/nn"
	"painless/student"
)

// Verb is painless inspect.
var Verb = &cli.Verb{
	Name:    "inspect",
	Args:    "[flags] [FILE]",
	Summary: "Says what is in a checkpoint and, if it is a student, what to expect of molecular dynamics with it.",
	Help: `The container, the configuration and where each number of it is from, every
tensor with its statistics, what stands beside the tensors, and a health card:
what changes on built-in molecules and pairs of atoms that should not. Without FILE,
or for default, it is the student that painless brings with it.`,
	New: New,
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	var weights cli.Weights
	weights.Register(flags)
	asJSON := flags.Bool("json", false, "write JSON")
	return func(ctx context.Context, std cli.Std, inputs []string) error {
		if len(inputs) > 1 {
			return fmt.Errorf("%d files: expected one; -h shows the usage", len(inputs))
		}
		path := student.Name
		if len(inputs) == 1 {
			path = inputs[0]
		}
		if err := weights.Check(); err != nil {
			return err
		}
		r, err := open(ctx, path, weights)
		switch {
		case err != nil:
			return err
		case *asJSON:
			return jsonfile.Encode(std.Out, r)
		}
		return r.print(std.Out)
	}
}

// open reports on the file at path, and on which of its weights.
func open(ctx context.Context, path string, weights cli.Weights) (r *report, err error) {
	c, err := student.Open(path, checkpoint.Options{Key: weights.Key})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return inspect(ctx, path, c, weights.Cutoff)
}

// inspect looks at everything; that the file is no student is no error.
func inspect(ctx context.Context, path string, c *checkpoint.Checkpoint, cutoff float64) (*report, error) {
	size, err := student.Size(path)
	if err != nil {
		return nil, err
	}
	r := &report{Format: formatName, Version: formatVersion, File: path, Bytes: size, Container: c.Format, Prefixes: []string{}, Metadata: whole.summary(c.Metadata), shown: inPart.summary(c.Metadata)}
	if path == student.Name {
		r.Card = student.Card
	}
	found, err := nn.Find(c, cutoff)
	if err != nil {
		r.NoStudent = err.Error()
		r.Key, r.OtherKeys = c.Key, usual(c.Others)
		r.Tensors, err = tensors(ctx, c.Tensors())
		r.count()
		return r, err
	}
	r.Key, r.OtherKeys, r.LeftOut = found.Key, found.Others, found.LeftOut
	r.Prefixes = append(r.Prefixes, found.Dropped()...)
	if r.Tensors, err = tensors(ctx, found.Tensors); err != nil {
		return nil, err
	}
	r.count()
	r.Config, r.Parameters = configuration(found), found.Network.Parameters
	if r.Health, err = health.Examine(ctx, found.Network); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		r.NoHealth = err.Error()
	}
	return r, nil
}

// usual is the keys of states where training code keeps weights.
func usual(states []*checkpoint.State) (keys []string) {
	for _, s := range states {
		if s.Usual && s.Key != "" {
			keys = append(keys, s.Key)
		}
	}
	return keys
}
