package plots

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// Band fills what lies between two curves, in a light shade of the series with index i.
func Band(p *plot.Plot, i int, low, high plotter.XYs) error {
	outline := slices.Clone(low)
	slices.Reverse(outline)
	area, err := plotter.NewPolygon(onAxes(p, append(outline, high...)))
	if err != nil {
		return fmt.Errorf("band: %w", err)
	}
	shade := color.NRGBAModel.Convert(Color(i)).(color.NRGBA)
	shade.A = 0x38
	area.Color, area.LineStyle.Width = shade, 0
	p.Add(area)
	return nil
}
