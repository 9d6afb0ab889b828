package cli

import (
	"flag"
	"fmt"
	"io"

	"painless/internal/progress"
)

// Skips is the frames of an input that something is wrong with. They are left out
// and listed, or the first of them is an error.
type Skips struct {
	Strict bool
	N      int // so far
	Stderr io.Writer
	Bar    *progress.Bar // may be nil
}

// Register adds the flag.
func (s *Skips) Register(flags *flag.FlagSet) {
	flags.BoolVar(&s.Strict, "strict", false, "stop at the first frame that something is wrong with, in place of leaving it out")
}

// Skip leaves out a frame.
func (s *Skips) Skip(at fmt.Stringer, because error) error {
	if !s.Strict {
		s.N++
	}
	return s.List(at, because)
}

// List lists a frame that is not left out for what is wrong with it.
func (s *Skips) List(at fmt.Stringer, because error) error {
	if s.Strict {
		return fmt.Errorf("%v: %w", at, because)
	}
	s.Bar.Clear()
	_, err := fmt.Fprintf(s.Stderr, "painless: %v: %v\n", at, because)
	return err
}

// Err is what there is to say in the end, when so many frames were not left out.
func (s *Skips) Err(done int) error {
	switch {
	case s.N == 0:
		return nil
	case done == 0:
		return fmt.Errorf("something is wrong with every one of %d frames, as listed", s.N)
	}
	return &Partial{Err: fmt.Errorf("%d of %d frames are left out, as listed", s.N, s.N+done)}
}
