// Package ipi is the verb ipi: forces for programs that ask over a socket.
package ipi

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"painless/atoms"
	"painless/data"
	"painless/hosts/ipi"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
	"painless/internal/progress"
)

// Verb is painless ipi.
var Verb = &cli.Verb{
	Name:    "ipi",
	Args:    "[-model FILE] -structure FILE (-unix NAME | -tcp HOST:PORT) [flags]",
	Summary: "Computes for i-PI, ASE and others that move atoms and ask for forces over a socket.",
	Help: `The other program is the server. It sends positions and cells, but neither elements
nor what is periodic: these are those of -structure, whose atoms stand in the server's
order.

A structure that cannot be computed ends the connection, as the protocol has no word
for it: exit code 1. So does a server that goes in the middle of a step.`,
	New: New,
}

// settings is the command line.
type settings struct {
	model     cli.Model
	structure string
	frame     int
	unix, tcp string
	at        ipi.Address
	timeout   time.Duration
	wait      time.Duration
	again     time.Duration
}

// New registers the flags.
func New(flags *flag.FlagSet) cli.Run {
	s := &settings{}
	s.model.Register(flags)
	flags.StringVar(&s.structure, "structure", "", "`file`, XYZ or HDF5, of the elements in the server's order and of what is periodic; its positions and cell are not used")
	flags.IntVar(&s.frame, "frame", 0, "`number` of the frame in that file, from 0")
	flags.StringVar(&s.unix, "unix", "", "`name` of a UNIX socket, which is /tmp/ipi_NAME, or its path, with a / in it")
	flags.StringVar(&s.tcp, "tcp", "", "`host:port` of a server; localhost and "+ipi.Port+" where they are left out")
	flags.DurationVar(&s.timeout, "timeout", 0, "give up a server that says nothing for this `time`, such as 10m; 0 waits for ever")
	flags.DurationVar(&s.wait, "wait", 10*time.Second, "`time` in which a server has to be there")
	flags.DurationVar(&s.again, "reconnect", 0, "`time` in which the next server has to be there after one has gone without the word EXIT; 0 ends with the first")
	return s.run
}

func (s *settings) check(inputs []string) (err error) {
	if err := s.model.CheckOne(); err != nil {
		return err
	}
	switch {
	case len(inputs) > 0:
		return fmt.Errorf("expected no input but -structure, found %q", inputs)
	case s.structure == "":
		return errors.New("-structure is missing: expected a file; -h shows the usage")
	case s.frame < 0:
		return fmt.Errorf("-frame %d: expected 0 or more", s.frame)
	case (s.unix == "") == (s.tcp == ""):
		return errors.New("expected one of -unix NAME and -tcp HOST:PORT; -h shows the usage")
	case s.timeout < 0 || s.wait < 0 || s.again < 0:
		return fmt.Errorf("-timeout %v, -wait %v, -reconnect %v: expected 0 or more", s.timeout, s.wait, s.again)
	case s.unix != "":
		s.at = ipi.Unix(s.unix)
		return nil
	}
	if s.at, err = ipi.TCP(s.tcp); err != nil {
		return fmt.Errorf("-tcp %w", err)
	}
	return nil
}

func (s *settings) run(ctx context.Context, std cli.Std, inputs []string) (err error) {
	if err := s.check(inputs); err != nil {
		return err
	}
	structure, err := s.read(ctx, std)
	if err != nil {
		return err
	}
	model, err := s.model.Open(s.model.Paths()[0], std.Err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	say(std.Err, "%s of %s, %s; %v", cli.Counted(len(structure.Numbers), "atom"), s.structure, periodicity(structure.PBC), s.at)
	calls := &calls{line: progress.NewLine(std.Err)}
	client := ipi.Client{Structure: *structure, Potential: model, Timeout: s.timeout, Computed: calls.add, Notice: func(text string) {
		calls.line.Clear()
		say(std.Err, "%s", text)
	}}
	err = client.Run(ctx, s.at, s.wait, s.again)
	calls.line.Clear()
	if calls.n > 0 {
		say(std.Err, "%v", calls)
	}
	return err
}

// read returns the structure that the flags name.
func (s *settings) read(ctx context.Context, std cli.Std) (structure *atoms.Structure, err error) {
	found := errors.New("found")
	frames := 0
	err = (datasets.Source{Stdin: std.In, Stderr: std.Err}).Each(ctx, s.structure, func(f *data.Frame, at datasets.Place, unreadable error) error {
		frames++
		switch {
		case at.Frame < s.frame:
			return nil
		case unreadable != nil:
			return fmt.Errorf("%v: %w", at, unreadable)
		}
		structure = &f.Structure
		return found
	})
	switch {
	case err == nil:
		return nil, fmt.Errorf("-frame %d: %s has %s, counted from 0", s.frame, s.structure, cli.Counted(frames, "frame"))
	case !errors.Is(err, found):
		return nil, err
	}
	if err := structure.Check(); err != nil {
		return nil, fmt.Errorf("%s: frame %d: %w", s.structure, s.frame, err)
	}
	return structure, nil
}

// periodicity says what is computed, as the server does not know.
func periodicity(pbc [3]bool) string {
	var along []string
	for i, periodic := range pbc {
		if periodic {
			along = append(along, string("abc"[i]))
		}
	}
	if len(along) == 0 {
		return "not periodic, whatever cell the server has: it must not wrap positions"
	}
	return "periodic along " + strings.Join(along, ", ")
}

func say(stderr io.Writer, format string, args ...any) {
	fmt.Fprintf(stderr, "painless: ipi: "+format+"\n", args...)
}

// calls counts what was computed.
type calls struct {
	n, structures int
	took          time.Duration
	line          *progress.Line
}

func (c *calls) add(structures int, took time.Duration) {
	c.n, c.structures, c.took = c.n+1, c.structures+structures, c.took+took
	c.line.Show(c.String)
}

func (c *calls) String() string {
	text := cli.Counted(c.n, "call")
	if c.structures > c.n {
		text += " with " + cli.Counted(c.structures, "structure")
	}
	return fmt.Sprintf("%s, %.3g ms each", text, c.took.Seconds()*1e3/float64(c.n))
}
