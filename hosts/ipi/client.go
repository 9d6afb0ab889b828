// Package ipi computes for programs that move atoms and ask for energies and
// forces over a socket, in the protocol of i-PI: i-PI, ASE's SocketIOCalculator,
// CP2K as a server. We are the client: they wait, and we connect.
//
// The protocol is in Bohr and Hartree, and does not send what the atoms are: a
// Client is given a structure, and answers for its elements and its periodicity.
package ipi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"painless/atoms"
)

// Potential gives energies, forces and virials of a batch.
type Potential interface {
	Compute(ctx context.Context, b *atoms.Batch, r *atoms.Result) error
}

// Client answers the server at the other end of a connection.
type Client struct {
	// Structure has the elements, in the server's order, and the periodicity.
	// Positions and cell are the server's.
	Structure atoms.Structure
	Potential Potential
	Timeout   time.Duration // of a server that says nothing; 0 waits for ever

	// Computed is told of every call, how many structures it had, and how long
	// they took; it may be nil.
	Computed func(structures int, took time.Duration)
	// Notice is told what users should know: what a server says that is not used,
	// that there is none. It may be nil.
	Notice func(text string)
}

func (c *Client) notice(format string, args ...any) {
	if c.Notice != nil {
		c.Notice(fmt.Sprintf(format, args...))
	}
}

// ErrExit is a server that has said EXIT: it wants no more.
var ErrExit = errors.New("the server has said EXIT")

// Serve answers until the server ends, and closes the connection. Its error is
// ErrExit, io.EOF where the server has closed the connection between two
// messages, a *atoms.StructureError where a structure cannot be computed, which
// the protocol has no word for, the context's, or what is wrong with the server.
func (c *Client) Serve(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // and so ends the read that waits
	defer stop()
	s := newSession(c, conn)
	for {
		if err := s.answer(ctx); err != nil {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, os.ErrDeadlineExceeded):
				return fmt.Errorf("expected the server to go on within %v: %w", c.Timeout, err)
			}
			return err
		}
	}
}

// session is what a connection has come to.
type session struct {
	*Client
	in  reader
	out writer

	initialised bool // or the server does not care
	size        int  // structures in a batch
	computed    bool // and not fetched yet
	batch       *atoms.Batch
	result      atoms.Result
}

func newSession(c *Client, conn net.Conn) *session {
	l := newLink(conn, c.Timeout)
	return &session{Client: c, in: newReader(l), out: writer{to: l}, size: 1, batch: atoms.NewBatch(c.Structure)}
}

// answer reads one message and does what it asks for.
func (s *session) answer(ctx context.Context) error {
	header, err := s.in.header()
	if err == io.EOF && s.computed {
		return fmt.Errorf("forces that it has not fetched: %w", io.ErrUnexpectedEOF)
	}
	if err != nil {
		return err // io.EOF among them, unadorned
	}
	switch header {
	case "STATUS":
		return s.out.header(s.status())
	case "INIT":
		err = s.init()
	case "POSDATA":
		err = s.compute(ctx)
	case "GETFORCE":
		if !s.computed {
			return errors.New("GETFORCE from the server: expected POSDATA before it")
		}
		s.computed = false
		return s.out.forces(&s.result, s.size)
	case "EXIT":
		return ErrExit
	default:
		return fmt.Errorf("message %q from the server: expected one of %s", header, strings.Join(words, ", "))
	}
	if err != nil {
		return fmt.Errorf("%s from the server: %w", header, err)
	}
	return nil
}

// status asks for INIT at the start of every connection, as i-PI announces
// batches there and nowhere else. ASE and CP2K answer it too.
func (s *session) status() string {
	switch {
	case s.computed:
		return "HAVEDATA"
	case !s.initialised:
		return "NEEDINIT"
	}
	return "READY"
}

// init takes the size of the batches.
func (s *session) init() error {
	text, err := s.in.init()
	if err != nil {
		return err
	}
	size, rest, err := batchSize(text, len(s.Structure.Numbers))
	if err != nil {
		return err
	}
	if rest != "" {
		s.notice("the server says in INIT %q, which is not used", rest)
	}
	s.initialised, s.computed, s.size = true, false, size
	s.batch.Reset()
	for range size {
		s.batch.Append(&s.Structure)
	}
	return nil
}

// compute takes positions and cells and computes them, so that HAVEDATA is true.
func (s *session) compute(ctx context.Context) error {
	s.initialised, s.computed = true, false
	if err := s.in.positions(s.batch, s.size); err != nil {
		return err
	}
	start := time.Now()
	if err := s.Potential.Compute(ctx, s.batch, &s.result); err != nil {
		return err
	}
	s.computed = true
	if s.Computed != nil {
		s.Computed(s.size, time.Since(start))
	}
	return nil
}
