//go:build (amd64 || arm64) && !purego

package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

// bothWays runs a computation in vector code and portably, at every level, and compares
// what it returns, by the names of what.
func bothWays(t *testing.T, what []string, atol float64, run func() [][]float32) {
	t.Helper()
	got := run()
	portably(func() {
		for k, want := range run() {
			tolerance.Check(t, what[k], got[k], want, atol, 1e-5)
		}
	})
}

// Pairs of an atom with itself are among them.
func TestVectorMessageDual(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for seed := range uint64(5) {
			for _, first := range []bool{false, true} {
				c := newDualCase(newMessageCase(seed, GroupWidth, first))
				pairs := Pairs[float32]{}
				pairs.Resize(len(c.pairs.D))
				var rates []PairRate[float32]
				for p := range c.pairs.D {
					pairs.Set(p, c.pairs.I[p], c.pairs.J[p], [3]float32(narrow(c.pairs.X[p][:])), float32(c.pairs.D[p]))
					pairs.U = append(pairs.U, [3]float32(narrow(c.pairs.U[p][:])))
					rates = append(rates, PairRate[float32](narrow(c.rates[p][:])))
				}
				filter := Filter[float32]{narrow(c.filter.Phi), narrow(c.filter.Slope), c.filter.Row, c.filter.Part}
				in, tangent, l, g := narrowState(c.in), narrowState(c.tangent), narrowState(c.l), narrowState(c.g)
				bothWays(t, []string{"ṡ", "v̇", "by s", "by v", "by φ", "by φ′"}, 3e-5, func() [][]float32 {
					out, lin := narrowState(c.g), narrowState(c.l)
					if first {
						lin.V = nil
					}
					MessageTangent(out, in, tangent, pairs, rates, filter, GroupWidth)
					grad := Filter[float32]{make([]float32, len(filter.Phi)), make([]float32, len(filter.Slope)), filter.Row, filter.Part}
					MessageDualBackward(lin, grad, l, g, in, tangent, pairs, rates, filter, GroupWidth)
					return [][]float32{out.S, out.V, lin.S, lin.V, grad.Phi, grad.Slope}
				})
			}
		}
	})
}

func TestVectorUpdateDual(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for _, floor := range []float32{0, 1e-10, 0.5} {
			const atoms, h, rows = 5, GroupWidth, 3 * GroupWidth
			rng := rand.New(rand.NewPCG(5, 6))
			random := func(n int) []float32 { return normal[float32](rng, n) }
			s, v, ds, dv := random(atoms*h), random(atoms*3*h), random(atoms*h), random(atoms*3*h)
			for f := range 5 { // some vectors are zero
				v[f], v[h+f], v[2*h+f] = 0, 0, 0
			}
			if floor == 1e-10 { // and their rates are then as large as the floor is small
				dv[0], dv[h], dv[2*h] = 1e-5, 0, 0
			}
			gates, dgates, lx, gx, l, g := random(atoms*2*h), random(atoms*2*h), random(atoms*2*h), random(atoms*2*h), random(atoms*3*h), random(atoms*3*h)
			if floor == 1e-10 {
				for f := range 5 {
					lx[h+f], gx[h+f] = 1e-5*lx[h+f], 1e-5*gx[h+f]
				}
			}
			var m [3][3]float32
			for i := range m {
				m[i] = [3]float32(narrow(testMixing[i][:]))
			}
			bothWays(t, []string{"[s ; |v|]", "its rate", "by s", "by v", "v̇", "by gates", "by v through gates", "g by v"}, 3e-5, func() [][]float32 {
				x, dx := make([]float32, atoms*2*h), make([]float32, atoms*2*h)
				UpdateInput(x, s, v, floor, h, h)
				UpdateInputTangent(dx, ds, dv, x, v, h, h)
				ls, lv, gs, gv := append([]float32{}, s...), append([]float32{}, l...), append([]float32{}, s...), append([]float32{}, g...)
				UpdateInputDualBackward(ls, lv, lx, gx, v, dv, x, dx, h, h)
				UpdateInputBackward(State[float32]{gs, gv}, gx, v, floor, h, h)
				dout, lgates, through := make([]float32, len(v)), make([]float32, atoms*rows), append([]float32{}, l...)
				UpdateVectorsTangent(dout, v, dv, gates, dgates, &m, h, h)
				UpdateVectorsDualBackward(through, lgates[h:], g, v, dv, gates, dgates, &m, h, h, rows)
				return [][]float32{x, dx, ls, lv, dout, lgates, through, gv}
			})
		}
	})
}

func TestVectorSiLUDualBackward(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		const n = 1000
		grad, x, tangent, gtangent := normal[float32](rng, n), normal[float32](rng, n), normal[float32](rng, n), normal[float32](rng, n)
		for i := range x {
			x[i] *= 10
		}
		bothWays(t, []string{"by x"}, 3e-6, func() [][]float32 {
			to := append([]float32{}, grad...)
			SiLUDualBackward(to, x, tangent, gtangent)
			return [][]float32{to}
		})
		whole := append([]float32{}, grad...)
		SiLUDualBackward(whole, x, tangent, gtangent)
		for count := range 40 { // an element does not depend on where it stands
			part := append([]float32{}, grad[:count]...)
			SiLUDualBackward(part, x[:count], tangent[:count], gtangent[:count])
			assert.Equal(t, whole[:count], part)
		}
	})
}
