package validate

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"painless/atoms"
	"painless/internal/plots"
	"painless/internal/scores"
)

// drawModels compares the models: errors of energies and of forces, and of
// forces by element and by size.
func drawModels(_ *validator, r *report) ([][]*plot.Plot, error) {
	energies := []category{
		{"MAE", func(m *modelReport) float64 { return orZero(m.Energy).PerAtom.MAE }},
		{"RMSE", func(m *modelReport) float64 { return orZero(m.Energy).PerAtom.RMSE }},
		{"RMSE less\noffsets", func(m *modelReport) float64 { return orZero(orZero(m.Energy).Offsets).PerAtom.RMSE }},
	}
	forces := []category{
		{"MAE", func(m *modelReport) float64 { return orZero(m.Forces).MAE }},
		{"RMSE", func(m *modelReport) float64 { return orZero(m.Forces).RMSE }},
		{"largest", func(m *modelReport) float64 { return orZero(m.Forces).Max }},
	}
	var list []*plot.Plot
	for _, panel := range []struct {
		title, y   string
		categories []category
	}{
		{"energies", "error (meV/atom)", energies},
		{"forces", "error (meV/Å)", forces},
		{"forces by element", "RMSE (meV/Å)", r.elementCategories()},
	} {
		p, err := r.categories(panel.title, panel.y, panel.categories)
		if err != nil {
			return nil, err
		}
		if p != nil {
			list = append(list, p)
		}
	}
	p, err := r.bySize()
	if err != nil {
		return nil, err
	}
	if p != nil {
		list = append(list, p)
	}
	if len(list) == 4 {
		return [][]*plot.Plot{list[:2], list[2:]}, nil
	}
	return inRows(list), nil
}

// category is a place on an axis of names, and a model's error there, eV or eV/Å; 0 where it has none.
type category struct {
	name  string
	error func(*modelReport) float64
}

// maxElements is how many a panel has room for: those of the most counts.
const maxElements = 12

func (r *report) elementCategories() (list []category) {
	counts := map[string]int{}
	for _, m := range r.Models {
		for _, e := range m.ByElement {
			counts[e.Element] = max(counts[e.Element], e.Atoms)
		}
	}
	var elements []string
	for z := range scores.AtomicNumbers {
		if counts[atoms.Symbol(z)] > 0 {
			elements = append(elements, atoms.Symbol(z))
		}
	}
	slices.SortStableFunc(elements, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	for _, element := range elements[:min(maxElements, len(elements))] {
		list = append(list, category{element, func(m *modelReport) float64 {
			for _, e := range m.ByElement {
				if e.Element == element {
					return e.Forces.RMSE
				}
			}
			return 0
		}})
	}
	return list
}

// categories draws a mark for each category and model, side by side; nil where there is none.
func (r *report) categories(title, y string, list []category) (*plot.Plot, error) {
	if len(list) == 0 {
		return nil, nil
	}
	p := newErrors(title, "", y)
	names := make([]string, len(list))
	for i := range r.Models {
		var marks plotter.XYs
		for k, c := range list {
			names[k] = c.name
			aside := 0.6 * ((float64(i)+0.5)/float64(len(r.Models)) - 0.5)
			if e := c.error(&r.Models[i]); e > 0 {
				marks = append(marks, plotter.XY{X: float64(k) + aside, Y: 1000 * e})
			}
		}
		if err := plots.Marks(p, i, r.Models[i].Name, marks); err != nil {
			return nil, err
		}
	}
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.5, float64(len(list))-0.5
	return finishErrors(p, len(r.Models)), nil
}

// bySize draws errors of forces over the number of atoms; nil where there are none.
func (r *report) bySize() (*plot.Plot, error) {
	p := newErrors("forces by size", "atoms in the structure", "RMSE (meV/Å)")
	plots.Log(&p.X)
	for i := range r.Models {
		var curve plotter.XYs
		for _, s := range r.Models[i].BySize {
			if f := orZero(s.Forces); f.RMSE > 0 {
				curve = append(curve, plotter.XY{X: math.Sqrt(float64(s.MinAtoms) * float64(s.MaxAtoms)), Y: 1000 * f.RMSE})
			}
		}
		if err := plots.Curve(p, i, r.Models[i].Name, curve); err != nil {
			return nil, err
		}
	}
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min-0.5, p.X.Max+0.5
	}
	return finishErrors(p, len(r.Models)), nil
}

func newErrors(title, x, y string) *plot.Plot {
	p := plots.New(title, x, y)
	plots.Log(&p.Y)
	return p
}

// finishErrors gives the axis at least a decade, and room above for the legend; nil if nothing is drawn.
func finishErrors(p *plot.Plot, models int) *plot.Plot {
	if p.Y.Min > p.Y.Max {
		return nil
	}
	margin := math.Max(0.1, (1-(p.Y.Max-p.Y.Min))/2)
	p.Y.Min, p.Y.Max = p.Y.Min-margin, p.Y.Max+margin
	plots.RoomForLegend(p, models)
	return p
}
