// Package plots is the style of the figures that the tools draw: one typeface,
// colours that the colour-blind tell apart, a light grid, PNG files.
package plots

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// palette is Okabe and Ito's (Color Universal Design, 2008), without black and yellow.
var palette = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff}, color.RGBA{0xe6, 0x9f, 0x00, 0xff}, color.RGBA{0x56, 0xb4, 0xe9, 0xff},
}

var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}}

// Color is the colour of the series with index i.
func Color(i int) color.Color { return palette[i%len(palette)] }

// New is an empty plot with a grid, and the legend at the top left. The labels of the axes name their units.
func New(title, x, y string) *plot.Plot {
	p := plot.New()
	sans := func(size vg.Length) font.Font { return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size} }
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font, p.Title.Padding = sans(11), 5
	p.Legend.TextStyle.Font, p.Legend.Padding, p.Legend.XOffs = sans(9), 2, 6
	p.Legend.Top, p.Legend.Left = true, true
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font, axis.Label.Padding = sans(10), 3
		axis.Tick.Label.Font = sans(9)
		axis.Tick.Marker = linearTicks{}
		axis.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xe8}, color.Gray{0xe8}
	p.Add(grid)
	return p
}

// Log makes an axis logarithmic for the points of Line, Curve and Marks, which
// are above 0 along it. The axis itself then counts decades: its Min and Max
// are logarithms to base 10.
func Log(axis *plot.Axis) { axis.Tick.Marker = logTicks{} }

// RoomForLegend stretches the y axis so that a legend of so many lines is above what is drawn.
func RoomForLegend(p *plot.Plot, lines int) {
	p.Y.Max = p.Y.Min + (p.Y.Max-p.Y.Min)/(1-min(0.06+0.07*float64(lines), 0.6))
}

// Line draws a line through points, the series with index i, and names it in the legend.
func Line(p *plot.Plot, i int, name string, points plotter.XYs) error {
	line, err := plotter.NewLine(onAxes(p, points))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	line.Width, line.Color = 1.5, Color(i)
	p.Add(line)
	p.Legend.Add(name, line)
	return nil
}

// Marks draws points, the series with index i, and names it in the legend.
func Marks(p *plot.Plot, i int, name string, points plotter.XYs) error {
	marks, err := plotter.NewScatter(onAxes(p, points))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	marks.GlyphStyle = mark(i)
	p.Add(marks)
	p.Legend.Add(name, marks)
	return nil
}

// Curve draws points joined by a line, the series with index i, and names it in the legend.
func Curve(p *plot.Plot, i int, name string, points plotter.XYs) error {
	line, marks, err := plotter.NewLinePoints(onAxes(p, points))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	line.Width, line.Color = 1.5, Color(i)
	marks.GlyphStyle = mark(i)
	p.Add(line, marks)
	p.Legend.Add(name, line, marks)
	return nil
}

func mark(i int) draw.GlyphStyle {
	return draw.GlyphStyle{Shape: glyphs[i%len(glyphs)], Color: Color(i), Radius: 2.8}
}

// onAxes is points in the coordinates of the axes. plot.LogScale is not used,
// as it lays out the labels of axes wrongly.
func onAxes(p *plot.Plot, points plotter.XYs) plotter.XYs {
	points = slices.Clone(points)
	for i := range points {
		if p.X.Tick.Marker == (logTicks{}) {
			points[i].X = math.Log10(points[i].X)
		}
		if p.Y.Tick.Marker == (logTicks{}) {
			points[i].Y = math.Log10(points[i].Y)
		}
	}
	return points
}

// dpi is the resolution of the pictures.
const dpi = 144

// Write draws plots in rows, all of one size, and writes a PNG.
func Write(w io.Writer, width, height vg.Length, rows ...[]*plot.Plot) error {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}
	tiles := draw.Tiles{Rows: len(rows), Cols: len(rows[0]), PadX: 14, PadY: 12, PadTop: 6, PadBottom: 4, PadLeft: 4, PadRight: 12}
	for r, cells := range plot.Align(rows, tiles, draw.New(canvas)) {
		for c, p := range rows[r] {
			if p != nil {
				p.Draw(cells[c])
			}
		}
	}
	_, err := canvas.WriteTo(w)
	return err
}
