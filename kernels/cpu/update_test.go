package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

const updateAtoms, updateH = 4, 5

var testMixing = [3][3]float64{{0.7, -0.2, 0.1}, {0.3, 0.5, -0.4}, {-0.6, 0.2, 0.9}}

func TestUpdateInput(t *testing.T) {
	const h = updateH
	rng := rand.New(rand.NewPCG(1, 2))
	s, v := normal[float64](rng, updateAtoms*h), normal[float64](rng, updateAtoms*3*h)
	weight := normal[float64](rng, updateAtoms*2*h)
	x := make([]float64, updateAtoms*2*h)
	energy := func() float64 {
		UpdateInput(x, s, v, 0, h, h)
		return dotProduct(x, weight)
	}
	energy()
	for i := range updateAtoms {
		for f := range h {
			assert.Equal(t, s[i*h+f], x[2*i*h+f])
			a, b, c := v[(3*i)*h+f], v[(3*i+1)*h+f], v[(3*i+2)*h+f]
			assert.InDelta(t, math.Hypot(math.Hypot(a, b), c), x[(2*i+1)*h+f], 1e-14)
		}
	}
	gs, gv := make([]float64, len(s)), make([]float64, len(v))
	UpdateInputBackward(State[float64]{gs, gv}, weight, v, 0, h, h)
	checkGradient(t, "∂E/∂s", energy, s, gs)
	checkGradient(t, "∂E/∂v", energy, v, gv)
}

// A floor makes |v| smooth: at v = 0 too its gradient is that of the norm.
func TestUpdateInputWithAFloor(t *testing.T) {
	const h, floor = updateH, 0.25
	rng := rand.New(rand.NewPCG(5, 6))
	s, v, weight := make([]float64, h), normal[float64](rng, 3*h), normal[float64](rng, 2*h)
	v[0], v[h], v[2*h] = 0, 0, 0
	x := make([]float64, 2*h)
	energy := func() float64 {
		UpdateInput(x, s, v, floor, h, h)
		return dotProduct(x, weight)
	}
	energy()
	assert.Equal(t, 0.5, x[h])
	gs, gv := make([]float64, len(s)), make([]float64, len(v))
	UpdateInputBackward(State[float64]{gs, gv}, weight, v, floor, h, h)
	checkGradient(t, "∂E/∂v", energy, v, gv)
}

// The gradient of |v| at v = 0 is taken as 0.
func TestUpdateInputBackwardAtZero(t *testing.T) {
	gs, gv := make([]float64, 2), make([]float64, 6)
	UpdateInputBackward(State[float64]{gs, gv}, []float64{1, 2, 3, 4}, []float64{0, 5, 0, 0, 0, 0}, 0, 2, 2)
	assert.Equal(t, []float64{1, 2}, gs)
	assert.Equal(t, []float64{0, 4, 0, 0, 0, 0}, gv)
}

func TestUpdateVectors(t *testing.T) {
	const h = updateH
	rng := rand.New(rand.NewPCG(3, 4))
	v, gates := normal[float64](rng, updateAtoms*3*h), normal[float64](rng, updateAtoms*2*h)
	weight, out := normal[float64](rng, len(v)), make([]float64, len(v))
	energy := func() float64 {
		UpdateVectors(out, v, gates, &testMixing, h, h)
		return dotProduct(out, weight)
	}
	energy()
	want := make([]float64, len(v))
	for i := range updateAtoms {
		for f := range h {
			for a := range 3 {
				mixed := 0.0
				for b := range 3 {
					mixed += testMixing[a][b] * v[(3*i+b)*h+f]
				}
				want[(3*i+a)*h+f] = v[(3*i+a)*h+f]*gates[2*i*h+f] + mixed*gates[(2*i+1)*h+f]
			}
		}
	}
	tolerance.Check(t, "v", out, want, 1e-14, 0)

	g := State[float64]{normal[float64](rng, updateAtoms*h), append([]float64(nil), weight...)}
	gy := make([]float64, updateAtoms*3*h)
	UpdateOutputBackward(gy, g, v, gates, &testMixing, h, h)
	checkGradient(t, "∂E/∂v", energy, v, g.V)
	packed := make([]float64, 0, len(gates))
	for i := range updateAtoms {
		assert.Equal(t, g.S[i*h:][:h], gy[3*i*h:][:h], "∂E/∂a is ∂E/∂s")
		packed = append(packed, gy[(3*i+1)*h:][:2*h]...)
	}
	checkGradient(t, "∂E/∂gates", energy, gates, packed)
}

func TestUpdateOutput(t *testing.T) {
	const h, full, first = 3, updateH, 1 // features 1 to 3 of 5
	rng := rand.New(rand.NewPCG(7, 8))
	s, v, y := normal[float64](rng, updateAtoms*h), normal[float64](rng, updateAtoms*3*h), normal[float64](rng, updateAtoms*3*full)
	before := append([]float64(nil), s...)
	gates, out, want := make([]float64, updateAtoms*2*full), make([]float64, len(v)), make([]float64, len(v))
	UpdateOutput(s, out, v, gates[first:], y[first:], &testMixing, h, full)
	for i := range updateAtoms {
		for f := range h {
			assert.Equal(t, before[i*h+f]+y[3*i*full+first+f], s[i*h+f])
			for part := range 2 {
				assert.Equal(t, y[(3*i+1+part)*full+first+f], gates[(2*i+part)*full+first+f])
			}
		}
	}
	UpdateVectors(want, v, gates[first:], &testMixing, h, full)
	assert.Equal(t, want, out)
}
