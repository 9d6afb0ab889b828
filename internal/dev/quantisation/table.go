package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"painless/internal/atomicfile"
	"painless/internal/plots"
)

// name is what tables call a test file.
func name(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

// print prints the table in Markdown.
func (r *results) print(w io.Writer, students []string) error {
	text := &strings.Builder{}
	fmt.Fprintf(text, "%v\n\n", r.Machine)
	text.WriteString("| student | weights | file, KB | load, ms | E, ms | E+F, ms | ONNX E, ms | ONNX E+F, ms | force error, meV/Å | energy error, meV/atom | stress error, MPa | drift, meV/atom/ps |\n")
	text.WriteString("|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, student := range students {
		for _, v := range variants {
			if x := r.find(student, v.name); x != nil {
				fmt.Fprintln(text, x.line())
			}
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func (x *row) line() string {
	cells := []string{x.Student, x.Variant, fmt.Sprintf("%.0f", float64(x.Bytes)/1e3)}
	for _, what := range []string{load, energyOnly, withForces, onnxEnergy, onnxForces} {
		cell := ""
		if t, ok := x.Times[what]; ok {
			cell = fmt.Sprintf("%.3g", t)
		}
		cells = append(cells, cell)
	}
	var force, energy []string
	for _, test := range slices.Sorted(maps.Keys(x.Errors)) {
		d := x.Errors[test]
		force, energy = append(force, fmt.Sprintf("%.3g (%s)", d.Force, test)), append(energy, fmt.Sprintf("%.2g", d.Energy))
	}
	stress, moves := "", ""
	if x.Drift != nil {
		stress, moves = fmt.Sprintf("%.2g", x.Stress), fmt.Sprintf("%.1g ± %.1g", x.Drift.PerAtomPs, x.Drift.Error)
		if x.Drift.Stopped != "" {
			moves = "stopped"
		}
	}
	cells = append(cells, strings.Join(force, "; "), strings.Join(energy, "; "), stress, moves)
	return "| " + strings.Join(cells, " | ") + " |"
}

// draw draws the force errors of each type of weights, on the test that it does worst on.
func (r *results) draw(path string, students []string) error {
	p := plots.New("Force errors of quantised students", "weights", "mean force error / meV/Å")
	plots.Log(&p.Y)
	least, largest := math.Inf(1), 0.0
	var ticks plot.ConstantTicks
	for i, student := range students {
		var points plotter.XYs
		ticks = nil
		for _, v := range variants[1:] { // after float32
			ticks = append(ticks, plot.Tick{Value: float64(len(ticks)), Label: v.name})
			x, worst := r.find(student, v.name), 0.0
			for _, d := range x.Errors {
				worst = max(worst, d.Force)
			}
			points = append(points, plotter.XY{X: float64(len(points)), Y: worst})
			least, largest = min(least, worst), max(largest, worst)
		}
		if err := plots.Curve(p, i, student, points); err != nil {
			return err
		}
	}
	p.X.Tick.Marker = ticks
	p.X.Min, p.X.Max = -0.3, float64(len(ticks))-0.7
	p.Y.Min, p.Y.Max = math.Log10(least/1.5), math.Log10(largest*1.5)+0.1*float64(len(students))
	return atomicfile.Write(path, func(w io.Writer) error { return plots.Write(w, 520, 330, []*plot.Plot{p}) })
}
