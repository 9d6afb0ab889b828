// Package inspect is the verb inspect: what is in a checkpoint, its container,
// configuration, tensors and metadata, and, where it is a student, what to expect
// of molecular dynamics with it.
package inspect

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
	"painless/nn"
)

// Verb is painless inspect.
var Verb = &cli.Verb{
	Name:    "inspect",
	Args:    "[flags] FILE",
	Summary: "Says what is in a checkpoint and, if it is a student, what to expect of molecular dynamics with it.",
	Help: `The container, the configuration and where each number of it is from, every
tensor with its statistics, what stands beside the tensors, and a health card:
what changes on built-in molecules and pairs of atoms that should not.`,
	New: New,
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	key := flags.String("key", "", cli.KeyUsage)
	asJSON := flags.Bool("json", false, "write JSON")
	return func(ctx context.Context, std cli.Std, inputs []string) error {
		if len(inputs) != 1 {
			return fmt.Errorf("%d files: expected one; -h shows the usage", len(inputs))
		}
		r, err := open(ctx, inputs[0], *key)
		switch {
		case err != nil:
			return err
		case *asJSON:
			return jsonfile.Encode(std.Out, r)
		}
		return r.print(std.Out)
	}
}

// open reports on the file at path, with the weights at key.
func open(ctx context.Context, path, key string) (r *report, err error) {
	c, err := checkpoint.OpenWith(path, checkpoint.Options{Key: key})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return inspect(ctx, path, c)
}

// inspect looks at everything; that the file is no student is no error.
func inspect(ctx context.Context, path string, c *checkpoint.Checkpoint) (*report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r := &report{
		Format: formatName, Version: formatVersion, File: path, Bytes: info.Size(),
		Container: c.Format, Key: c.Key, OtherKeys: c.OtherKeys, Prefixes: prefixes(c), Metadata: summary(c.Metadata),
	}
	if r.Tensors, err = tensors(ctx, c); err != nil {
		return nil, err
	}
	for _, t := range r.Tensors {
		r.Elements += t.elements
	}
	network, err := nn.FromCheckpoint(c)
	if err != nil {
		r.NoStudent = err.Error()
		return r, nil
	}
	r.Config, r.Parameters = configuration(network, nn.StatedConfig(c)), network.Parameters
	if r.Health, err = examine(ctx, network); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		r.NoHealth = err.Error()
	}
	return r, nil
}
