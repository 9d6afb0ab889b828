package plots

import (
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

func TestSave(t *testing.T) {
	p := New("time of a call", "structures in a batch", "ms")
	Grid(p)
	Log(&p.X)
	Log(&p.Y)
	require.NoError(t, Curve(p, 0, "tiny", plotter.XYs{{X: 1, Y: 0.1}, {X: 32, Y: 1.5}}))
	path := filepath.Join(t.TempDir(), "p.png")
	require.NoError(t, Save(path, 360, 216, []*plot.Plot{p, nil}))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	require.NoError(t, err)
	assert.Equal(t, 720, picture.Bounds().Dx())
	assert.Equal(t, 432, picture.Bounds().Dy())
	drawn := false
	for x := range 360 {
		for y := range 432 {
			drawn = drawn || picture.At(x, y) == Color(0)
		}
	}
	assert.True(t, drawn, "the curve's colour is in the picture")
	assert.Error(t, Curve(p, 0, "nothing", plotter.XYs{{X: 1, Y: math.NaN()}}))
	assert.Error(t, Save(filepath.Join(t.TempDir(), "none", "p.png"), 360, 216, []*plot.Plot{p}))
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		labels []string
	}{
		{1, 32, []string{"1", "2", "5", "10", "20"}},
		{0.02, 0.06, []string{"0.02", "0.05"}},
		{1e-6, 1e-3, []string{"1e-6", "1e-5", "1e-4", "0.001"}},
		{1e-8, 1e8, []string{"1e-6", "0.001", "1", "1000", "1e6"}},
	} {
		var labels []string
		for _, tick := range (logTicks{}).Ticks(c.lo, c.hi) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		assert.Equal(t, c.labels, labels)
	}
}
