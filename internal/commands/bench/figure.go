package bench

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"painless/internal/plots"
)

// series is the rows of one model on one device, in the order of the batches.
type series struct {
	name                string
	median, least, most plotter.XYs // ms over structures in a call; least and most are 5 and 95 %
}

// seriesOf is all series of a quantity, in the order of the rows.
func (r *report) seriesOf(quantity string) (all []series) {
	rows := slices.Clone(r.Rows)
	slices.SortStableFunc(rows, func(a, b row) int { return a.Batch - b.Batch })
	for _, row := range rows {
		if row.Quantity != quantity {
			continue
		}
		name := row.Model + ", " + row.Device
		i := slices.IndexFunc(all, func(s series) bool { return s.name == name })
		if i < 0 {
			i, all = len(all), append(all, series{name: name})
		}
		s, x, ms := &all[i], float64(row.Batch), row.Milliseconds
		s.median, s.least, s.most = append(s.median, plotter.XY{X: x, Y: ms.Median}), append(s.least, plotter.XY{X: x, Y: ms.P5}), append(s.most, plotter.XY{X: x, Y: ms.P95})
	}
	return all
}

// draw is the time of a call over the structures in it: the median, and a band
// from 5 to 95 % of the calls. Both panels have the same scales.
func (r *report) draw(w io.Writer) error {
	var panels []*plot.Plot
	for _, panel := range []struct{ quantity, title string }{{energyAndForces, "Energy and forces"}, {energyOnly, "Energy alone"}} {
		p, err := r.panel(panel.quantity, panel.title)
		if err != nil {
			return err
		}
		panels = append(panels, p)
	}
	return plots.Write(w, 620, 330, panels)
}

func (r *report) panel(quantity, title string) (*plot.Plot, error) {
	atoms := ""
	if r.Settings.Atoms > 0 {
		atoms = fmt.Sprintf(" of %d atoms", r.Settings.Atoms)
	}
	p := plots.New(title, "structures"+atoms+" in a call", "time of a call / ms")
	plots.Log(&p.X)
	plots.Log(&p.Y)
	all := r.seriesOf(quantity)
	for i, s := range all {
		if err := plots.Band(p, i, s.least, s.most); err != nil {
			return nil, err
		}
	}
	for i, s := range all {
		if err := plots.Curve(p, i, s.name, s.median); err != nil {
			return nil, err
		}
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = r.limits()
	var ticks plot.ConstantTicks
	for _, row := range r.Rows {
		ticks = append(ticks, plot.Tick{Value: math.Log10(float64(row.Batch)), Label: strconv.Itoa(row.Batch)})
	}
	slices.SortFunc(ticks, func(a, b plot.Tick) int { return cmp.Compare(a.Value, b.Value) })
	p.X.Tick.Marker = slices.CompactFunc(ticks, func(a, b plot.Tick) bool { return a.Value == b.Value })
	return p, nil
}

// limits is the ranges of batches and of times, with room around them and for
// the legend, as the axes have them: logarithms to base 10.
func (r *report) limits() (left, right, low, high float64) {
	left, low = math.Inf(1), math.Inf(1)
	for _, row := range r.Rows {
		left, right = math.Min(left, float64(row.Batch)), math.Max(right, float64(row.Batch))
		low, high = math.Min(low, row.Milliseconds.P5), math.Max(high, row.Milliseconds.P95)
	}
	legend := 0.1 * float64(len(r.seriesOf(energyOnly)))
	return math.Log10(left / 1.2), math.Log10(right * 1.2), math.Log10(low / 1.3), math.Log10(high) + legend
}
