package md

import (
	"fmt"
	"io"
	"time"

	"painless/internal/progress"
	"painless/md"
)

// live is a line on a terminal that says how the run goes.
type live struct {
	*progress.Line
	start time.Time
	from  int64
	steps int64
}

func newLive(stderr io.Writer, from, steps int64) *live {
	return &live{progress.NewLine(stderr), time.Now(), from, steps}
}

// show writes the line.
func (l *live) show(d *md.Dynamics) {
	if d.Step%guardEvery != 0 || d.System.Len() == 0 {
		return
	}
	l.Show(func() string {
		rate := float64(d.Step-l.from) / time.Since(l.start).Seconds()
		left := time.Duration(float64(l.steps-d.Step) / rate * float64(time.Second))
		return fmt.Sprintf("step %d of %d, %.3g ns/day, %v left, T %.0f K, E %.6g eV, conserved %.6g eV",
			d.Step, l.steps, rate*d.Settings.TimeStep*86400e-6, left.Round(time.Second), d.Temperature(0), d.System.Result.Energy[0], d.Conserved(0))
	})
}
