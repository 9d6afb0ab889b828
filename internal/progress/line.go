package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// Line is a line on a terminal that says how a run goes, from when it has run for
// longer than patience. A nil one says nothing.
type Line struct {
	out   io.Writer
	next  time.Time
	shown bool
}

// NewLine is a line on stderr, or nil where that is no terminal.
func NewLine(stderr io.Writer) *Line {
	file, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return &Line{out: stderr, next: time.Now().Add(patience)}
}

// Show writes what text says, twice a second.
func (l *Line) Show(text func() string) {
	if l == nil {
		return
	}
	now := time.Now()
	if now.Before(l.next) {
		return
	}
	l.next, l.shown = now.Add(time.Second/2), true
	fmt.Fprintf(l.out, "\r\x1b[K%s", text())
}

// Clear takes the line away.
func (l *Line) Clear() {
	if l != nil && l.shown {
		fmt.Fprint(l.out, "\r\x1b[K")
		l.shown = false
	}
}
