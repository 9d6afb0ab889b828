package md

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"painless/md"
)

// live is a line on a terminal that says how the run goes. A nil one says nothing.
type live struct {
	out   io.Writer
	start time.Time
	from  int64
	steps int64
	next  time.Time
	shown bool
}

func newLive(stderr io.Writer, from, steps int64) *live {
	file, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	now := time.Now()
	return &live{out: stderr, start: now, from: from, steps: steps, next: now.Add(time.Second)}
}

// show writes the line, twice a second.
func (l *live) show(d *md.Dynamics) {
	if l == nil || d.Step%guardEvery != 0 {
		return
	}
	now := time.Now()
	if now.Before(l.next) || d.System.Len() == 0 {
		return
	}
	l.next, l.shown = now.Add(time.Second/2), true
	rate := float64(d.Step-l.from) / now.Sub(l.start).Seconds()
	left := time.Duration(float64(l.steps-d.Step) / rate * float64(time.Second))
	fmt.Fprintf(l.out, "\r\x1b[Kstep %d of %d, %.3g ns/day, %v left, T %.0f K, E %.6g eV, conserved %.6g eV",
		d.Step, l.steps, rate*d.Settings.TimeStep*86400e-6, left.Round(time.Second), d.Temperature(0), d.System.Result.Energy[0], d.Conserved(0))
}

// clear takes the line away.
func (l *live) clear() {
	if l != nil && l.shown {
		fmt.Fprint(l.out, "\r\x1b[K")
		l.shown = false
	}
}
