// Command inspect says what is in a checkpoint: its container, configuration,
// tensors and metadata and, where it is a student, what to expect of molecular
// dynamics with it.
//
//	inspect [-key K] [-json] FILE
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"painless/checkpoint"
	"painless/nn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "inspect:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("inspect", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, `What is in a checkpoint and, if it is a student, what to expect of molecular dynamics with it.

usage: inspect [flags] FILE

`)
		flags.PrintDefaults()
	}
	key := flags.String("key", "", "where in FILE the weights stand, such as ema; the usual places if empty")
	asJSON := flags.Bool("json", false, "write JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("%d files: expected one, after the flags; -h shows the usage", flags.NArg())
	}
	path := flags.Arg(0)
	c, err := checkpoint.OpenWith(path, checkpoint.Options{Key: *key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	r, err := inspect(ctx, path, c)
	if err != nil {
		return err
	}
	if *asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", " ")
		return encoder.Encode(r)
	}
	return r.print(stdout)
}

// inspect looks at everything; that the file is no student is no error.
func inspect(ctx context.Context, path string, c *checkpoint.Checkpoint) (*report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r := &report{
		Format: formatName, Version: formatVersion, File: path, Bytes: info.Size(),
		Container: c.Format, Key: c.Key, Prefixes: prefixes(c), Metadata: summary(c.Metadata),
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
