package plots

import (
	"bytes"
	"image/color"
	"image/png"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

func TestWrite(t *testing.T) {
	p := New("time of a call", "structures in a batch", "ms")
	Log(&p.X)
	Log(&p.Y)
	require.NoError(t, Curve(p, 0, "tiny", plotter.XYs{{X: 1, Y: 0.1}, {X: 32, Y: 1.5}}))
	require.NoError(t, Line(p, 2, "limit", plotter.XYs{{X: 1, Y: 0.05}, {X: 32, Y: 1.6}}))
	require.NoError(t, Marks(p, 1, "measured", plotter.XYs{{X: 4, Y: 0.4}}))
	require.NoError(t, Band(p, 3, plotter.XYs{{X: 1, Y: 0.2}, {X: 32, Y: 0.8}}, plotter.XYs{{X: 1, Y: 0.4}, {X: 32, Y: 1.2}}))
	var file bytes.Buffer
	require.NoError(t, Write(&file, 360, 216, []*plot.Plot{p, nil}))
	picture, err := png.Decode(&file)
	require.NoError(t, err)
	assert.Equal(t, 720, picture.Bounds().Dx())
	assert.Equal(t, 432, picture.Bounds().Dy())
	drawn := map[color.Color]bool{}
	for x := range 360 {
		for y := range 432 {
			drawn[picture.At(x, y)] = true
		}
	}
	shaded := false
	for c := range drawn {
		r, g, b, _ := c.RGBA() // Color(3) at 22 % on white
		shaded = shaded || r>>8 == 0xf3 && g>>8 == 0xe1 && b>>8 == 0xeb
	}
	assert.True(t, shaded, "a light shade of the band's colour")
	assert.True(t, drawn[Color(0)] && drawn[Color(1)] && drawn[Color(2)], "the series' colours are in the picture")
	assert.ErrorContains(t, Band(p, 0, plotter.XYs{{X: 1, Y: 0}}, plotter.XYs{{X: 1, Y: 1}}), "band")
	for _, draw := range []func(*plot.Plot, int, string, plotter.XYs) error{Line, Marks, Curve} {
		assert.ErrorContains(t, draw(p, 0, "no number", plotter.XYs{{X: 1, Y: math.NaN()}}), "no number")
		assert.ErrorContains(t, draw(p, 0, "zero", plotter.XYs{{X: 1, Y: 0}}), "zero", "which has no logarithm")
	}
	closed, out := io.Pipe()
	require.NoError(t, closed.Close())
	assert.ErrorIs(t, Write(out, 360, 216, []*plot.Plot{p}), io.ErrClosedPipe)
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		labels []string
	}{
		{1, 32, []string{"1", "2", "5", "10", "20"}},
		{0.02, 0.06, []string{"0.02", "0.03", "0.04", "0.05", "0.06"}},
		{1e-6, 1e-3, []string{"1e-6", "1e-5", "1e-4", "0.001"}},
		{1e-8, 1e8, []string{"1e-6", "0.001", "1", "1000", "1e6"}},
	} {
		var labels []string
		for _, tick := range (logTicks{}).Ticks(math.Log10(c.lo), math.Log10(c.hi)) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		assert.Equal(t, c.labels, labels)
	}
}

func TestLinearTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		labels []string
	}{
		{0, 10, []string{"0", "2", "4", "6", "8", "10"}},
		{-0.33, 0.91, []string{"-0.2", "0", "0.2", "0.4", "0.6", "0.8"}},
		{0.1, 0.7, []string{"0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"}},
		{96, 704, []string{"100", "200", "300", "400", "500", "600", "700"}},
		{-1.1e-7, 2.9e-7, []string{"-1e-07", "0", "1e-07", "2e-07"}},
		{12345678, 12345698, []string{"12345680", "12345685", "12345690", "12345695"}},
	} {
		var labels []string
		for _, tick := range (linearTicks{}).Ticks(c.lo, c.hi) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		assert.Equal(t, c.labels, labels)
	}
	assert.Empty(t, linearTicks{}.Ticks(1, 1))
}
