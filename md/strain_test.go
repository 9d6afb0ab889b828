package md

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/vec"
)

// Small rates have a series of their own, which is as exact as the functions that it stands for.
func TestGrowth(t *testing.T) {
	for _, rate := range []float64{0, 1e-9, -1e-5, 2e-4, -0.00399, 0.00401, -0.0041, 0.3, -2} {
		const dt = 0.5
		x := rate * dt
		assert.InEpsilon(t, math.Exp(x), exp(x), 3e-16)
		grow, push := growth(rate, dt)
		assert.InEpsilon(t, math.Exp(x), grow, 1e-15)
		want := dt
		if rate != 0 {
			want = math.Expm1(x) / rate
		}
		assert.InEpsilon(t, want, push, 1e-15, "%v", rate)
	}
}

// e^ε and e^−ε are each other's inverse, with the determinant that the trace gives, and
// those of the strain's own axes.
func TestExponentials(t *testing.T) {
	for _, e := range [][3][3]float64{
		{},
		{{1e-5, 0, 0}, {0, 1e-5, 0}, {0, 0, 1e-5}},
		{{1e-5, 0, 0}, {0, -2e-4, 0}, {0, 0, 0.1}},
		{{1e-5, 2e-5, 0}, {2e-5, -2e-4, 3e-6}, {0, 3e-6, 1e-5}},
		{{0.2, 0.1, -0.3}, {0.1, -0.4, 0.05}, {-0.3, 0.05, 0.1}},
	} {
		forward, back := exponentials(e)
		trace := e[0][0] + e[1][1] + e[2][2]
		assert.InEpsilon(t, math.Exp(trace), vec.Determinant(&forward), 1e-14)
		assert.InEpsilon(t, math.Exp(-trace), vec.Determinant(&back), 1e-14)
		for a := range 3 {
			row := vec.RowTimes(forward[a], &back)
			for b := range 3 {
				one := 0.0
				if a == b {
					one = 1
				}
				assert.InDelta(t, one, row[b], 1e-15)
			}
		}
	}
	// Along (1, 1, 0) and (1, −1, 0).
	forward, back := exponentials([3][3]float64{{0.1, 0.3, 0}, {0.3, 0.1, 0}, {0, 0, 0}})
	assert.InDelta(t, (math.Exp(0.4)+math.Exp(-0.2))/2, forward[0][0], 1e-15)
	assert.InDelta(t, (math.Exp(-0.4)-math.Exp(0.2))/2, back[0][1], 1e-15)
	assert.InDelta(t, 1, forward[2][2], 1e-15)
}
