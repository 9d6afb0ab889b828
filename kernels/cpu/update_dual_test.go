package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"painless/internal/tolerance"
)

// along holds rate against a central difference of out, what f computes, as every x
// moves along its tangent.
func along(t *testing.T, what string, f func() []float64, rate []float64, moves ...[2][]float64) {
	t.Helper()
	const h = 1e-5
	at := func(step float64) []float64 {
		for _, m := range moves {
			for i := range m[0] {
				m[0][i] += step * m[1][i]
			}
		}
		return append([]float64(nil), f()...)
	}
	up, down := at(h), at(-2*h)
	at(h)
	for i := range up {
		up[i] = (up[i] - down[i]) / (2 * h)
	}
	tolerance.Check(t, what, rate, up, 1e-7, 1e-7)
}

func TestUpdateInputDual(t *testing.T) {
	const h = updateH
	for _, floor := range []float64{0, 0.25} {
		t.Run(fmt.Sprint("floor ", floor), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			s, v := normal[float64](rng, updateAtoms*h), normal[float64](rng, updateAtoms*3*h)
			ds, dv := normal[float64](rng, len(s)), normal[float64](rng, len(v))
			lx, gx := normal[float64](rng, 2*len(s)), normal[float64](rng, 2*len(s))
			if floor > 0 {
				v[0], v[h], v[2*h] = 0, 0, 0
			}
			x, dx := make([]float64, 2*len(s)), make([]float64, 2*len(s))
			loss := func() float64 {
				UpdateInput(x, s, v, floor, h, h)
				UpdateInputTangent(dx, ds, dv, x, v, h, h)
				return dotProduct(x, lx) + dotProduct(dx, gx)
			}
			loss()
			along(t, "ẋ", func() []float64 { UpdateInput(x, s, v, floor, h, h); return x }, append([]float64(nil), dx...), [2][]float64{s, ds}, [2][]float64{v, dv})
			loss()
			ls, lv := make([]float64, len(s)), make([]float64, len(v))
			UpdateInputDualBackward(ls, lv, lx, gx, v, dv, x, dx, h, h)
			checkGradient(t, "by s", loss, s, ls)
			checkGradient(t, "by v", loss, v, lv)
		})
	}
}

// Where |v| is 0 without a floor, its rate and its gradient are taken as 0.
func TestUpdateInputDualAtZero(t *testing.T) {
	x, dx, v, dv := []float64{1, 0}, []float64{9, 9}, make([]float64, 3), []float64{1, 2, 3}
	UpdateInputTangent(dx, []float64{2}, dv, x, v, 1, 1)
	tolerance.Check(t, "ẋ", dx, []float64{2, 0}, 0, 0)
	ls, lv := []float64{0}, make([]float64, 3)
	UpdateInputDualBackward(ls, lv, []float64{3, 4}, []float64{5, 6}, v, dv, x, dx, 1, 1)
	tolerance.Check(t, "by v", lv, make([]float64, 3), 0, 0)
}

func TestUpdateVectorsDual(t *testing.T) {
	const h, rows, offset = updateH, 3*updateH + 2, updateH
	rng := rand.New(rand.NewPCG(3, 4))
	v, gates := normal[float64](rng, updateAtoms*3*h), normal[float64](rng, updateAtoms*2*h)
	dv, dgates := normal[float64](rng, len(v)), normal[float64](rng, len(gates))
	l, g := normal[float64](rng, len(v)), normal[float64](rng, len(v))
	out, dout := make([]float64, len(v)), make([]float64, len(v))
	loss := func() float64 {
		UpdateVectors(out, v, gates, &testMixing, h, h)
		UpdateVectorsTangent(dout, v, dv, gates, dgates, &testMixing, h, h)
		return dotProduct(out, l) + dotProduct(dout, g)
	}
	loss()
	along(t, "v̇", func() []float64 { UpdateVectors(out, v, gates, &testMixing, h, h); return out }, append([]float64(nil), dout...), [2][]float64{v, dv}, [2][]float64{gates, dgates})

	lv, lgates := append([]float64(nil), l...), make([]float64, updateAtoms*rows)
	UpdateVectorsDualBackward(lv, lgates[offset:], g, v, dv, gates, dgates, &testMixing, h, h, rows)
	checkGradient(t, "by v", loss, v, lv)
	packed := make([]float64, 0, len(gates))
	for i := range updateAtoms {
		packed = append(packed, lgates[i*rows+offset:][:2*h]...)
	}
	checkGradient(t, "by the gates", loss, gates, packed)
}
