package cli

import (
	"flag"
	"fmt"
	"io"

	"painless/internal/progress"
)

// Skips is the frames of an input that something is wrong with. They are left out
// and listed, the first twenty of them, or the first of them is an error.
type Skips struct {
	Strict bool
	N      int // so far
	Stderr io.Writer
	Bar    *progress.Bar // may be nil

	listed map[string]int // by the kind
	cut    bool           // there are more than are listed
}

// Listed is how many frames that something is wrong with are listed, and notedOfKind how many
// of a kind that is only counted.
const (
	Listed      = 20
	notedOfKind = 3
)

// Register adds the flag.
func (s *Skips) Register(flags *flag.FlagSet) {
	flags.BoolVar(&s.Strict, "strict", false, "stop at the first frame that something is wrong with, in place of leaving it out")
}

// Skip leaves out a frame.
func (s *Skips) Skip(at fmt.Stringer, because error) error {
	if !s.Strict {
		s.N++
	}
	return s.List("left out", at, because)
}

// List lists a frame of a kind for what is wrong with it, as long as there are not too many.
func (s *Skips) List(kind string, at fmt.Stringer, because error) error {
	if s.Strict {
		return fmt.Errorf("%v: %w", at, because)
	}
	s.cut = s.cut || s.listed[kind] >= Listed
	return s.say(kind, Listed, at, because)
}

// Note lists the first few frames of a kind, for none of which an error is due.
func (s *Skips) Note(kind string, at fmt.Stringer, because error) error {
	return s.say(kind, notedOfKind, at, because)
}

func (s *Skips) say(kind string, most int, at fmt.Stringer, because error) (err error) {
	if s.listed == nil {
		s.listed = map[string]int{}
	}
	s.listed[kind]++
	switch n := s.listed[kind]; {
	case n <= most:
		s.Bar.Clear()
		_, err = fmt.Fprintf(s.Stderr, "painless: %v: %v\n", at, because)
	case n == most+1:
		s.Bar.Clear()
		_, err = fmt.Fprintf(s.Stderr, "painless: further frames %s are counted, and not listed\n", kind)
	}
	return err
}

// Err is what there is to say in the end, when so many frames were not left out.
func (s *Skips) Err(done int) error {
	switch {
	case s.N == 0:
		return nil
	case done == 0:
		return fmt.Errorf("something is wrong with every one of %d frames, %s", s.N, s.How())
	}
	return &Partial{Err: fmt.Errorf("%d of %d frames are left out, %s", s.N, s.N+done, s.How())}
}

// How says whether all frames that something is wrong with are listed.
func (s *Skips) How() string {
	if s.cut {
		return fmt.Sprintf("of which the first %d are listed", Listed)
	}
	return "as listed"
}
