// Package cli is the one rule of the program's command lines.
//
//	painless VERB [flags] INPUT…
//
// -h and --help print to standard output; -- ends the flags, and so does the
// first input; a flag stands at most once. Exit codes are 0 done, 1 refused, 2
// done in part, and what is missing is listed. Who is ended by a signal has the
// code that shells give it, 128 and its number, and leaves whole outputs or none.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Verb is a command of the program.
type Verb struct {
	Name    string
	Args    string // as usage shows them: -model FILE [flags] INPUT…
	Summary string // a line for the list of verbs
	Help    string // paragraphs below the usage, before the flags; may be empty
	// New registers the flags and returns what runs once they are parsed.
	New func(flags *flag.FlagSet) Run
}

// Run does a verb's work on its inputs, which stood after the flags.
type Run func(ctx context.Context, std Std, inputs []string) error

// Std is a process's standard files.
type Std struct {
	In       io.Reader
	Out, Err io.Writer
}

// Partial is the error of who has done some of the work, and listed the rest.
type Partial struct{ Err error }

func (p *Partial) Error() string { return p.Err.Error() }

// Unwrap is what is missing.
func (p *Partial) Unwrap() error { return p.Err }

// Code is the exit code that an error stands for: of errors that are joined, one
// that is not Partial makes it 1.
func Code(err error) int {
	switch {
	case err == nil:
		return 0
	case inPart(err):
		return 2
	}
	return 1
}

// inPart says whether an error is about nothing but work that is done in part.
func inPart(err error) bool {
	switch e := err.(type) {
	case *Partial:
		return true
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(one error) bool { return !inPart(one) })
	case interface{ Unwrap() error }:
		return inPart(e.Unwrap())
	}
	return false
}

// Execute parses a verb's arguments and runs it.
func (v *Verb) Execute(ctx context.Context, std Std, args []string) error {
	flags := v.flags()
	run := v.New(flags)
	version := flags.Bool("version", false, "print the program's version")
	inputs, err := parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return v.Usage(std.Out)
	}
	if err != nil {
		return fmt.Errorf("%w; -h shows the usage", err)
	}
	if *version {
		return writeVersion(std.Out)
	}
	return run(ctx, std, inputs)
}

func (v *Verb) flags() *flag.FlagSet {
	flags := flag.NewFlagSet(v.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are returned, usage is asked for
	flags.Usage = func() {}
	return flags
}

// parse is flags.Parse with every flag at most once, and none after an input.
func parse(flags *flag.FlagSet, args []string) (inputs []string, err error) {
	flags.VisitAll(func(f *flag.Flag) { f.Value = &once{Value: f.Value} })
	err = flags.Parse(args)
	flags.VisitAll(func(f *flag.Flag) { f.Value = f.Value.(*once).Value })
	if err != nil {
		return nil, err
	}
	inputs = flags.Args()
	if ended := len(args) - len(inputs); ended > 0 && args[ended-1] == "--" {
		return inputs, nil
	}
	if i := slices.IndexFunc(inputs, func(in string) bool { return len(in) > 1 && strings.HasPrefix(in, "-") }); i >= 0 {
		return nil, fmt.Errorf("%s stands after an input: expected flags before the inputs, or -- before inputs that begin with -", inputs[i])
	}
	return inputs, nil
}

// once refuses to be set twice, as the first value would be lost unseen.
type once struct {
	flag.Value
	set bool
}

func (o *once) Set(text string) error {
	if o.set {
		return errors.New("expected this flag once, found it twice")
	}
	o.set = true
	err := o.Value.Set(text)
	getter, ok := o.Value.(flag.Getter)
	if err == nil || !ok {
		return err
	}
	switch getter.Get().(type) { // what the package flag calls a parse error
	case int, int64:
		return errors.New("expected a whole number")
	case uint, uint64:
		return errors.New("expected a whole number, 0 or more")
	case float64:
		return errors.New("expected a number")
	}
	return err
}

// IsBoolFlag lets a flag without a value be one here too.
func (o *once) IsBoolFlag() bool {
	b, ok := o.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
