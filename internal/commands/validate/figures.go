package validate

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"painless/internal/commands/cli"
	"painless/internal/plots"
)

// panel is the width and height of a plot in a figure.
const panel = 3.4 * vg.Inch

// figures is what there may be to draw.
var figures = []struct {
	name string
	draw func(v *validator, r *report) ([][]*plot.Plot, error)
}{
	{"energy-parity.png", (*validator).energyParity},
	{"forces-parity.png", (*validator).forcesParity},
	{"errors.png", (*validator).errorHistograms},
	{"models.png", drawModels},
}

// inRows lays plots out in rows of at most three.
func inRows(list []*plot.Plot) (rows [][]*plot.Plot) {
	const columns = 3
	for row := range slices.Chunk(list, columns) {
		if len(rows) > 0 {
			row = append(slices.Clone(row), make([]*plot.Plot, columns-len(row))...)
		}
		rows = append(rows, row)
	}
	return rows
}

// energyParity is predicted over label for each model, per atom.
func (v *validator) energyParity(r *report) ([][]*plot.Plot, error) {
	var list []*plot.Plot
	for i, m := range v.models {
		e := r.Models[i].Energy
		if e == nil {
			continue
		}
		var d density
		for k, err := range m.score.energyErrors {
			if !math.IsNaN(err) {
				atoms := float64(v.compositions.List[v.composed[k]].Atoms)
				d.add(v.energies[k]/atoms, (v.energies[k]+err)/atoms)
			}
		}
		p, err := parity(&d, fmt.Sprintf("%s\nRMSE %s meV/atom", m.name, milli(1, e.PerAtom.RMSE)), "energy, %s (eV/atom)", "structure")
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return inRows(list), nil
}

// forcesParity is predicted over label for each model, all components.
func (v *validator) forcesParity(r *report) ([][]*plot.Plot, error) {
	var list []*plot.Plot
	for i, m := range v.models {
		f := r.Models[i].Forces
		if f == nil {
			continue
		}
		p, err := parity(&m.score.parity, fmt.Sprintf("%s\nRMSE %s meV/Å", m.name, milli(1, f.RMSE)), "force component, %s (eV/Å)", "component")
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return inRows(list), nil
}

// parity draws a dot for each cell in use, in the colour of how full it is,
// and the line on which predictions are right.
func parity(d *density, title, axis, point string) (*plot.Plot, error) {
	p := plots.New(title, fmt.Sprintf(axis, "label"), fmt.Sprintf(axis, "predicted"))
	cells := d.list()
	lo, hi, fullest := math.Inf(1), math.Inf(-1), cells[len(cells)-1].n
	dots := make(plotter.XYs, len(cells))
	for i, c := range cells {
		dots[i] = plotter.XY{X: c.x, Y: c.y}
		lo, hi = min(lo, c.x, c.y), max(hi, c.x, c.y)
	}
	margin := 0.04*(hi-lo) + d.side
	lo, hi = lo-margin, hi+margin
	right, err := plotter.NewLine(plotter.XYs{{X: lo, Y: lo}, {X: hi, Y: hi}})
	if err != nil {
		return nil, err
	}
	right.Color = color.Gray{0x90}
	scatter, err := plotter.NewScatter(dots)
	if err != nil {
		return nil, err
	}
	dot := func(n int) draw.GlyphStyle {
		return draw.GlyphStyle{Color: fullness(n, fullest), Radius: 1.3, Shape: draw.CircleGlyph{}}
	}
	scatter.GlyphStyleFunc = func(i int) draw.GlyphStyle { return dot(cells[i].n) }
	p.Add(right, scatter)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = lo, hi, lo, hi
	if decades := int(math.Log10(float64(fullest))); decades > 0 {
		step := 1 + (decades-1)/3 // four entries at most
		for decade := 0; decade <= decades; decade += step {
			n := int(math.Pow10(decade))
			p.Legend.Add(cli.Counted(n, point), swatch(dot(n)))
		}
	}
	return p, nil
}

// swatch is a dot in a legend, large enough for its colour to be seen.
type swatch draw.GlyphStyle

// Thumbnail is plot.Thumbnailer's.
func (s swatch) Thumbnail(c *draw.Canvas) {
	s.Radius = 2.5
	c.DrawGlyph(draw.GlyphStyle(s), c.Center())
}

// fullness is the colour of a cell of n points: from dark to light, by the logarithm.
func fullness(n, fullest int) color.Color {
	colors := moreland.ExtendedBlackBody()
	colors.SetMax(1)
	at := 0.0
	if fullest >= 10 { // where there is a legend
		at = math.Log(float64(n)) / math.Log(float64(fullest))
	}
	c, err := colors.At(0.2 + 0.65*at) // neither black nor white
	if err != nil {
		return color.Black // not between 0 and 1: cannot be
	}
	return c
}

// errorHistograms is the share of structures, and of force components, by the size of the error.
func (v *validator) errorHistograms(r *report) ([][]*plot.Plot, error) {
	energies, forces := make([]histogram, len(v.models)), make([]histogram, len(v.models))
	for i, m := range v.models {
		for k, e := range m.score.energyErrors {
			if !math.IsNaN(e) {
				energies[i].add(math.Abs(e) / float64(v.compositions.List[v.composed[k]].Atoms))
			}
		}
		forces[i] = m.score.forceErrors
	}
	var row []*plot.Plot
	for _, panel := range []struct {
		title, x, y string
		histograms  []histogram
	}{
		{"energies", "|error| (meV/atom)", "structures (%)", energies},
		{"forces", "|error of a component| (meV/Å)", "components (%)", forces},
	} {
		p := plots.New(panel.title, panel.x, panel.y)
		plots.Log(&p.X)
		drawn := false
		for i := range panel.histograms {
			if h := &panel.histograms[i]; h.total > 0 {
				if err := outline(p, i, r.Models[i].Name, h); err != nil {
					return nil, err
				}
				drawn = true
			}
		}
		if drawn {
			p.Y.Min = 0
			plots.RoomForLegend(p, len(v.models))
			row = append(row, p)
		}
	}
	return inRows(row), nil
}

// outline draws a histogram as steps, the bins that are in use and an empty one at either end.
func outline(p *plot.Plot, i int, name string, h *histogram) error {
	first, last := 0, len(h.counts)-1
	for h.counts[first] == 0 {
		first++
	}
	for h.counts[last] == 0 {
		last--
	}
	steps := plotter.XYs{{X: 1000 * edge(first), Y: 0}}
	for bin := first; bin <= last; bin++ {
		percent := 100 * float64(h.counts[bin]) / float64(h.total)
		steps = append(steps, plotter.XY{X: 1000 * edge(bin), Y: percent}, plotter.XY{X: 1000 * edge(bin+1), Y: percent})
	}
	return plots.Line(p, i, name, append(steps, plotter.XY{X: 1000 * edge(last+1), Y: 0}))
}
