package md

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"painless/internal/commands/cli"
	"painless/internal/plots"
	"painless/internal/series"
)

// figures is what is drawn, in this order.
var figures = []struct {
	name string
	draw func(r *recorder, of *report) (*plot.Plot, error)
}{
	{"energies.png", (*recorder).drawEnergies},
	{"temperature.png", (*recorder).drawTemperature},
	{"conserved.png", (*recorder).drawConserved},
	{"kinetic.png", (*recorder).drawKinetic},
}

// Of a figure.
const (
	figureWidth  = 6.4 * vg.Inch
	figureHeight = 4 * vg.Inch
)

// clock is the unit of the time axis: of a run from first to last, fs.
type clock struct {
	unit string
	fs   float64
}

func newClock(last float64) clock {
	switch {
	case last < 2e3:
		return clock{"fs", 1}
	case last < 2e6:
		return clock{"ps", 1e3}
	}
	return clock{"ns", 1e6}
}

// newFigure is a plot over the time of a run.
func newFigure(of *report, title, y string) (*plot.Plot, clock) {
	c := newClock(of.LastTime)
	return plots.New(title, "time ("+c.unit+")", y), c
}

// curve draws a curve, and what its points lie between where they stand for many,
// in the unit of a number of eV or K.
func (c clock) curve(p *plot.Plot, i int, name string, points []series.Point, unit float64) error {
	mean, low, high := make(plotter.XYs, len(points)), make(plotter.XYs, len(points)), make(plotter.XYs, len(points))
	wide := false
	for k, q := range points {
		t := q.T / c.fs
		mean[k], low[k], high[k] = plotter.XY{X: t, Y: q.Mean / unit}, plotter.XY{X: t, Y: q.Low / unit}, plotter.XY{X: t, Y: q.High / unit}
		wide = wide || q.Low < q.High
	}
	if wide {
		if err := plots.Band(p, i, low, high); err != nil {
			return err
		}
	}
	return plots.Line(p, i, name, mean)
}

// drawEnergies is those of the first replica, from the first sample on.
func (r *recorder) drawEnergies(of *report) (*plot.Plot, error) {
	title := "energies from the start on"
	if len(r.replicas) > 1 {
		title += fmt.Sprintf(", replica %d", r.replicas[0].id)
	}
	p, c := newFigure(of, title, "energy (eV)")
	first := r.replicas[0]
	lines := []struct {
		name string
		of   *series.Curve
	}{{"potential, change", &first.curves.potential}, {"kinetic", &first.curves.kinetic}, {"conserved, change", &first.curves.conserved}}
	for i, l := range lines {
		if err := c.curve(p, i, l.name, l.of.Points(), 1); err != nil {
			return nil, err
		}
	}
	return roomy(p, len(lines)), nil
}

// drawTemperature is those of the first replicas, and what the thermostat wants of the first.
func (r *recorder) drawTemperature(of *report) (*plot.Plot, error) {
	p, c := newFigure(of, "temperature"+r.some(), "temperature (K)")
	drawn, err := r.each(func(i int, name string, q *record) error {
		return c.curve(p, i, name, q.curves.temperature.Points(), 1)
	})
	if err != nil {
		return nil, err
	}
	lines := drawn
	if q := r.replicas[0]; !math.IsNaN(q.first.target) {
		wanted := plotter.XYs{{X: q.first.time / c.fs, Y: q.first.target}, {X: q.last.time / c.fs, Y: q.last.target}}
		line, err := plotter.NewLine(wanted)
		if err != nil {
			return nil, err
		}
		line.Width, line.Color, line.Dashes = 1.5, color.Gray{0x30}, []vg.Length{5, 3}
		p.Add(line)
		p.Legend.Add("thermostat", line)
		lines++
	}
	return roomy(p, lines), nil
}

// drawConserved is the change of the conserved energy of the first replicas, an
// atom where their number is known, with the lines that were fitted.
func (r *recorder) drawConserved(of *report) (*plot.Plot, error) {
	y := "change (meV/atom)"
	if r.replicas[0].first.atoms == 0 {
		y = "change (meV)"
	}
	title := "conserved energy" + r.some()
	if d := of.Overall.Drift; d != nil {
		title += fmt.Sprintf(": drift %.2g", *d)
		if e := of.Overall.DriftError; e != nil {
			title += fmt.Sprintf(" ± %.1g", *e)
		}
		title += " meV/atom/ps"
	}
	p, c := newFigure(of, title, y)
	drawn, err := r.each(func(i int, name string, q *record) error {
		unit := 1e-3 * float64(max(q.first.atoms, 1))
		if err := c.curve(p, i, name, q.curves.conserved.Points(), unit); err != nil {
			return err
		}
		slope, ok := q.conserved.Slope()
		if !ok {
			return nil
		}
		middle, mean := q.conserved.MeanT(), q.conserved.Mean()-q.first.conserved
		from, to := q.first.time, q.last.time
		line, err := plotter.NewLine(plotter.XYs{{X: from / c.fs, Y: (mean + slope*(from-middle)) / unit}, {X: to / c.fs, Y: (mean + slope*(to-middle)) / unit}})
		if err != nil {
			return err
		}
		line.Width, line.Color, line.Dashes = 1, color.Gray{0x30}, []vg.Length{5, 3}
		p.Add(line)
		if i == 0 {
			p.Legend.Add("fitted line", line)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return roomy(p, drawn+1), nil
}

// drawKinetic is the distribution of kinetic energies, of all replicas where they
// are alike and else of the first, beside the one that is expected.
func (r *recorder) drawKinetic(of *report) (*plot.Plot, error) {
	k, title := of.Overall.Kinetic, "kinetic energy"
	if k == nil {
		k = &of.Replicas[0].Kinetic
		title += fmt.Sprintf(", replica %d", of.Replicas[0].Replica)
	}
	if k.NoExpectation != "" {
		title += "\nnothing to compare with: " + k.NoExpectation
	}
	p := plots.New(title, "kinetic energy (eV)", "probability density (1/eV)")
	h, n := &k.Histogram, 0.0
	for _, count := range h.Counts {
		n += float64(count)
	}
	var bars plotter.XYs
	for i, count := range h.Counts {
		density := float64(count) / (n * h.Bin)
		lo := h.From + float64(i)*h.Bin
		bars = append(bars, plotter.XY{X: lo, Y: density}, plotter.XY{X: lo + h.Bin, Y: density})
	}
	bars = append(append(plotter.XYs{{X: h.From}}, bars...), plotter.XY{X: h.From + float64(len(h.Counts))*h.Bin})
	floor := plotter.XYs{bars[0], bars[len(bars)-1]}
	if err := plots.Band(p, 0, floor, bars); err != nil {
		return nil, err
	}
	if err := plots.Line(p, 0, cli.Counted(int(n), "sample"), bars); err != nil {
		return nil, err
	}
	lines := 1
	if k.Target != nil {
		if err := plots.Line(p, 1, fmt.Sprintf("Γ distribution at %.4g K", *k.Target), k.expected()); err != nil {
			return nil, err
		}
		lines++
	}
	p.Y.Min = 0
	return roomy(p, lines), nil
}

// expected is the density of the expected distribution: as far as five standard
// deviations, or as the histogram goes.
func (k *kineticReport) expected() (points plotter.XYs) {
	const steps = 200
	mean, deviation, h := *k.ExpectedMean, *k.ExpectedDeviation, &k.Histogram
	from := max(0, min(mean-5*deviation, h.From))
	to := max(mean+5*deviation, h.From+float64(len(h.Counts))*h.Bin)
	for i := range steps + 1 {
		x := from + (to-from)*(float64(i)+0.5)/(steps+1) // at 0 it may be infinite
		points = append(points, plotter.XY{X: x, Y: k.gamma.Prob(x)})
	}
	return points
}

// each draws the first replicas, and counts them.
func (r *recorder) each(draw func(i int, name string, q *record) error) (n int, err error) {
	for i, q := range r.replicas {
		if q.curves == nil {
			break
		}
		name := "this run"
		if len(r.replicas) > 1 {
			name = fmt.Sprintf("replica %d", q.id)
		}
		if err := draw(i, name, q); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// some says that not all replicas are drawn.
func (r *recorder) some() string {
	if len(r.replicas) > maxDrawn {
		return fmt.Sprintf(" of %d of %d replicas", maxDrawn, len(r.replicas))
	}
	return ""
}

// roomy leaves room above what is drawn for a legend of so many lines, and gives
// axes along which nothing changes a width.
func roomy(p *plot.Plot, lines int) *plot.Plot {
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		if least := 1e-9 * max(1e-3, math.Abs(axis.Max)); axis.Max-axis.Min < least {
			axis.Min, axis.Max = axis.Min-least, axis.Max+least
		}
	}
	p.Y.Max += (p.Y.Max - p.Y.Min) * (0.06 + 0.075*float64(lines))
	return p
}
