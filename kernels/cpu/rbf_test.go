package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

func testRBFParams() *RBFParams[float64] {
	p := &RBFParams[float64]{Cutoff: 5}
	for n := range 7 {
		p.Centers = append(p.Centers, 5*float64(n)/6)
		p.Widths = append(p.Widths, 0.5+0.1*float64(n))
	}
	return p
}

func TestRBF(t *testing.T) {
	p := testRBFParams()
	for _, d := range []float64{0.5, 1, 2.345, 4.9, 4.999999, 5, 5.1} {
		e, slope := make([]float64, 7), make([]float64, 7)
		p.RBF(e, slope, []float64{d})
		values := make([]float64, 7)
		p.RBF(values, nil, []float64{d})
		assert.Equal(t, e, values, "with and without slope")

		want := make([]float64, 7)
		for n := range want {
			if d < p.Cutoff {
				want[n] = math.Exp(-math.Pow((d-p.Centers[n])/p.Widths[n], 2)) * math.Pow(math.Cos(math.Pi*d/10), 2) // ½(cos 2x+1) = cos² x
			}
		}
		tolerance.Check(t, "e(d)", e, want, 1e-14, 1e-12)
		if d == 5 { // the envelope is C¹ there: both derivatives are 0
			assert.Equal(t, make([]float64, 7), slope)
			continue
		}
		const h = 1e-6
		up, down, numeric := make([]float64, 7), make([]float64, 7), make([]float64, 7)
		p.RBF(up, nil, []float64{d + h})
		p.RBF(down, nil, []float64{d - h})
		for n := range numeric {
			numeric[n] = (up[n] - down[n]) / (2 * h)
		}
		tolerance.Check(t, "e′(d)", slope, numeric, 1e-8, 0)
	}
}

func TestRBFFloat32(t *testing.T) {
	p := testRBFParams()
	single := &RBFParams[float32]{Cutoff: 5}
	for n := range p.Centers {
		single.Centers = append(single.Centers, float32(p.Centers[n]))
		single.Widths = append(single.Widths, float32(p.Widths[n]))
	}
	for d := 0.3; d < 5.2; d += 0.01 {
		e, slope, e32, slope32 := make([]float64, 7), make([]float64, 7), make([]float32, 7), make([]float32, 7)
		p.RBF(e, slope, []float64{float64(float32(d))})
		single.RBF(e32, slope32, []float32{float32(d)})
		tolerance.Check(t, "e(d)", widen(e32), e, 1e-6, 0)
		tolerance.Check(t, "e′(d)", widen(slope32), slope, 4e-6, 0)
	}
}
