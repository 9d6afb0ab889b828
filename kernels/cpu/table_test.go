package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/spline"
	"painless/internal/tolerance"
)

// A table of polynomials of degree 4 and less is those polynomials, and its
// slopes are their derivatives.
func testTable[T Float](t *testing.T, atol float64) {
	const intervals, cutoff = 9, 5.0
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{2, 32}, {3, 32}, {3, 20}, {2, 5}} {
		parts, h := shape[0], shape[1]
		curves := normal[float64](rng, parts*h*5)
		// at is a curve and its first two derivatives, times steps to the power of them.
		at := func(curve int, x, step float64) (y, dy, ddy float64) {
			for n, c := range curves[5*curve : 5*curve+5] {
				c *= math.Pow(0.3, float64(n))
				y += c * math.Pow(x, float64(n))
				if n > 0 {
					dy += c * float64(n) * math.Pow(x, float64(n-1)) * step
				}
				if n > 1 {
					ddy += c * float64(n*(n-1)) * math.Pow(x, float64(n-2)) * step * step
				}
			}
			return y, dy, ddy
		}
		n := (intervals + 1) * parts * h
		values, slopes, curvatures := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range values {
			x := cutoff * float64(i/(parts*h)) / intervals
			values[i], slopes[i], curvatures[i] = at(i%(parts*h), x, cutoff/intervals)
		}
		table := NewTable[T](spline.Quartic(values, slopes, curvatures, parts*h), intervals+1, parts, h, cutoff/intervals)

		distances := []float64{0, cutoff / intervals, 3 * cutoff / intervals, cutoff}
		for range 30 {
			distances = append(distances, cutoff*rng.Float64())
		}
		var knots []Knot[T]
		for _, d := range distances {
			knots = append(knots, NewKnot(T(d), intervals/cutoff, intervals))
		}
		row := parts * GroupWidth
		phi, slope, same := make([]T, len(distances)*row), make([]T, len(distances)*row), make([]T, len(distances)*row)
		for group := range Groups(h) {
			table.ValuesAndSlopes(phi, slope, knots, group)
			table.Values(same, knots, group)
			assert.Equal(t, phi, same)
			for p, d := range distances {
				for part := range parts {
					for f := group * GroupWidth; f < min(h, (group+1)*GroupWidth); f++ {
						y, dy, _ := at(part*h+f, float64(T(d)), 1)
						i := p*row + part*GroupWidth + f%GroupWidth
						what := fmt.Sprintf("parts %d, feature %d, d = %v", part, f, d)
						assert.True(t, tolerance.Close(float64(phi[i]), y, atol, atol), "φ of %s: %v, expected %v", what, phi[i], y)
						assert.True(t, tolerance.Close(float64(slope[i]), dy, 4*atol, 4*atol), "φ′ of %s: %v, expected %v", what, slope[i], dy)
					}
				}
			}
		}
	}
}

func TestTableFloat32(t *testing.T) { testTable[float32](t, 5e-6) }
func TestTableFloat64(t *testing.T) { testTable[float64](t, 1e-13) }

// At the knots, the cutoff included, the table is what was put in, to the bit.
func TestTableIsExactAtItsKnots(t *testing.T) {
	const knots, parts, h = 5, 2, 16
	rng := rand.New(rand.NewPCG(1, 2))
	polynomials := make([][coefficients]float64, knots*parts*h)
	for i := range polynomials {
		polynomials[i] = [coefficients]float64(normal[float64](rng, coefficients))
	}
	table := NewTable[float32](polynomials, knots, parts, h, 1)
	phi, slope := make([]float32, parts*GroupWidth), make([]float32, parts*GroupWidth)
	for k := range knots {
		table.ValuesAndSlopes(phi, slope, []Knot[float32]{NewKnot(float32(k), 1, knots-1)}, 0)
		for i, c := range polynomials[k*parts*h:][:parts*h] {
			assert.Equal(t, float32(c[0]), phi[i])
			assert.Equal(t, float32(c[1]), slope[i])
		}
	}
}
