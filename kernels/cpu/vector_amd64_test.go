//go:build !purego

package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
	"painless/internal/spline"
	"painless/internal/tolerance"
)

// atEveryLevel runs a test with each set of instructions that the machine has.
func atEveryLevel(t *testing.T, test func(t *testing.T)) {
	best := detect()
	if best == portable {
		t.Skip("no AVX2: there is no vector code to test on this machine")
	}
	for l := avx2; l <= best; l++ {
		t.Run(map[level]string{avx2: "AVX2", avx512: "AVX512"}[l], func(t *testing.T) {
			defer func(before level) { vectors = before }(vectors)
			vectors = l
			test(t)
		})
	}
}

// portably runs do without vector code.
func portably(do func()) {
	defer func(before level) { vectors = before }(vectors)
	vectors = portable
	do()
}

func TestVectorDense(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			rows, out, in := rng.IntN(40), 1+rng.IntN(70), 1+rng.IntN(70)
			layer := NewLinear(normal[float32](rng, out*in), normal[float32](rng, out), out, in)
			x := normal[float32](rng, rows*in)
			got, want := make([]float32, rows*out), make([]float32, rows*out)
			layer.Apply(got, x, rows)
			portably(func() { layer.Apply(want, x, rows) })
			tolerance.Check(t, fmt.Sprint(rows, out, in), got, want, 4*0x1p-24*float64(in+1), 0)
			alone := make([]float32, out)
			for r := range rows {
				layer.Apply(alone, x[r*in:], 1)
				assert.Equal(t, alone, got[r*out:(r+1)*out], "a row does not depend on the others")
			}
		}
	})
}

// SiLU is within 5 roundings of float32 (and 2e-38·abs x), its slope within 3e-7.
func TestVectorSiLU(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		var x []float32
		for v := float32(-100); v <= 100; v += 0.0137 {
			x = append(x, v)
		}
		x = append(x, 0, float32(math.Inf(1)), 1e-30, -1e-30, 88, -88, 1e30, -1e30)
		value, slope := make([]float32, len(x)), make([]float32, len(x))
		for i := range slope {
			slope[i] = 1
		}
		SiLU(value, x)
		SiLUBackward(slope[:len(x)-8], x[:len(x)-8])
		for i, xi := range x {
			want := float64(xi) / (1 + math.Exp(-float64(xi)))
			if math.IsInf(want, 1) {
				assert.Equal(t, want, float64(value[i]))
				continue
			}
			assert.True(t, tolerance.Close(float64(value[i]), want, 2e-38*math.Max(1, math.Abs(float64(xi))), 5*0x1p-24), "silu(%v) = %v, expected %v", xi, value[i], want)
			if i < len(x)-8 {
				sigma := 1 / (1 + math.Exp(-float64(xi)))
				assert.True(t, tolerance.Close(float64(slope[i]), sigma+float64(xi)*sigma*(1-sigma), 3e-7, 0), "silu′(%v) = %v", xi, slope[i])
			}
		}
		// An element does not depend on where it stands.
		for n := range 40 {
			part := make([]float32, n)
			SiLU(part, x[7000:7000+n])
			assert.Equal(t, value[7000:7000+n], part)
		}
		nan := []float32{float32(math.NaN())}
		SiLU(nan, nan)
		assert.True(t, math.IsNaN(float64(nan[0])))
	})
}

func TestVectorTable(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		for _, parts := range []int{2, 3} {
			const intervals, h = 12, 40
			// Curves a·sin(d + b): noise at the knots would make the coefficients large, and their rounding with them.
			const step = 5. / intervals
			n := parts * h
			a, b := normal[float64](rng, n), normal[float64](rng, n)
			var values, slopes, curvatures []float64
			for k := range intervals + 1 {
				for i := range n {
					sin, cos := math.Sincos(step*float64(k) + b[i])
					values, slopes, curvatures = append(values, a[i]*sin), append(slopes, a[i]*cos*step), append(curvatures, -a[i]*sin*step*step)
				}
			}
			table := NewTable[float32](spline.Quartic(values, slopes, curvatures, n), intervals+1, parts, h, step)
			for _, pairs := range []int{0, 1, 7, 32} {
				knots := make([]Knot[float32], pairs)
				for p := range knots {
					knots[p] = NewKnot(5*rng.Float32(), intervals/5., intervals)
				}
				size := pairs * parts * GroupWidth
				phi, slope, only := make([]float32, size), make([]float32, size), make([]float32, size)
				wantPhi, wantSlope := make([]float32, size), make([]float32, size)
				for group := range Groups(h) {
					table.ValuesAndSlopes(phi, slope, knots, group)
					table.Values(only, knots, group)
					portably(func() { table.ValuesAndSlopes(wantPhi, wantSlope, knots, group) })
					tolerance.Check(t, "φ", phi, wantPhi, 1e-6, 0)
					tolerance.Check(t, "φ′", slope, wantSlope, 1e-5, 0)
					assert.Equal(t, phi, only)
				}
			}
		}
	})
}

func narrow(x []float64) []float32 {
	if x == nil {
		return nil
	}
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func narrowState(s State[float64]) State[float32] { return State[float32]{narrow(s.S), narrow(s.V)} }

// Pairs of an atom with itself are among them.
func TestVectorMessage(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for seed := range uint64(10) {
			for _, h := range []int{16, 32, 48} {
				for _, first := range []bool{false, true} {
					c := newMessageCase(seed, h, first)
					var list atoms.Pairs[float32]
					list.Resize(len(c.pairs.D))
					for p := range c.pairs.D {
						x := [3]float32(narrow(c.pairs.X[p][:]))
						list.Set(p, c.pairs.I[p], c.pairs.J[p], x, atoms.Distance(x))
					}
					pairs := directed(list)
					for lo := 0; lo < h; lo += GroupWidth {
						filter := Filter[float32]{narrow(c.filter.Phi[lo:]), narrow(c.filter.Slope[lo:]), c.filter.Row, c.filter.Part}
						group := func(a State[float64]) State[float32] {
							part, _ := c.features(a, lo, lo+GroupWidth)
							return narrowState(part)
						}
						in, g := group(c.in), group(c.g)
						forward := func() State[float32] {
							out := State[float32]{group(c.in).S, make([]float32, 3*len(in.S))}
							copy(out.V, in.V)
							MessageForward(out, in, pairs, filter, GroupWidth)
							return out
						}
						backward := func() (gin State[float32], grad []PairGrad[float32]) {
							grad, gin = make([]PairGrad[float32], len(pairs.D)), group(c.g)
							MessageBackward(gin, grad, g, in, pairs, filter, GroupWidth)
							return gin, grad
						}
						out := forward()
						gin, grad := backward()
						portably(func() {
							want := forward()
							tolerance.Check(t, "s", out.S, want.S, 2e-5, 1e-6)
							tolerance.Check(t, "v", out.V, want.V, 2e-5, 1e-6)
							wantGin, wantGrad := backward()
							tolerance.Check(t, "∂E/∂s", gin.S, wantGin.S, 2e-5, 1e-6)
							tolerance.Check(t, "∂E/∂v", gin.V, wantGin.V, 2e-5, 1e-6)
							for p := range grad {
								tolerance.Check(t, "∂E/∂u, ∂E/∂d", grad[p][:], wantGrad[p][:], 1e-4, 1e-6)
							}
						})
					}
				}
			}
		}
	})
}

// The message adds in the order in which it adds what a table made aside: but for
// the derivatives, which are scaled later, the same bits come out.
func TestVectorTableMessage(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for seed := range uint64(10) {
			for _, first := range []bool{false, true} {
				c := newTableCase[float32](seed, GroupWidth, first)
				out := c.forward(false)
				assert.Equal(t, c.forward(true), out)
				gin, grad := c.backward(false)
				same, near := c.backward(true)
				assert.Equal(t, same, gin)
				portably(func() {
					want := c.forward(false)
					tolerance.Check(t, "s", out.S, want.S, 2e-5, 1e-6)
					tolerance.Check(t, "v", out.V, want.V, 2e-5, 1e-6)
					wantGin, wantGrad := c.backward(false)
					tolerance.Check(t, "∂E/∂s", gin.S, wantGin.S, 2e-5, 1e-6)
					tolerance.Check(t, "∂E/∂v", gin.V, wantGin.V, 2e-5, 1e-6)
					for p := range grad {
						tolerance.Check(t, "∂E/∂u, ∂E/∂d", grad[p][:], wantGrad[p][:], 1e-4, 1e-5)
						tolerance.Check(t, "∂E/∂u, ∂E/∂d", grad[p][:], near[p][:], 1e-4, 1e-5)
					}
				})
			}
		}
	})
}

// Gradients are the same to the bit; the virial is summed in another order.
func TestVectorPairGradients(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for n := range 40 {
			x, d := make([][3]float32, n), make([]float32, n)
			first, second := make([]PairGrad[float32], n), make([]PairGrad[float32], n)
			for p := range n {
				x[p] = [3]float32(normal[float32](rng, 3))
				d[p] = atoms.Distance(x[p])
				first[p], second[p] = PairGrad[float32](normal[float32](rng, 4)), PairGrad[float32](normal[float32](rng, 4))
			}
			run := func() (sum []PairGrad[float32], forces [][3]float32, virial [3][3]float64) {
				sum, forces = append(sum, first...), make([][3]float32, n+1)
				AddPairGrads(sum, second)
				return sum, forces, PairGradients(forces[:n], x, d, sum)
			}
			sum, forces, virial := run()
			portably(func() {
				wantSum, wantForces, want := run()
				assert.Equal(t, wantSum, sum)
				assert.Equal(t, wantForces, forces, "and none beyond")
				for a := range want {
					tolerance.Check(t, "virial", virial[a][:], want[a][:], 1e-13*float64(n), 1e-13)
				}
			})
		}
	})
}

// Directions and knots are the same to the bit.
func TestVectorPlaces(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		const intervals, cutoff = 128, 5
		rng := rand.New(rand.NewPCG(7, 8))
		for n := range 20 {
			var list atoms.Pairs[float32]
			list.Resize(n)
			for p := range n {
				x := [3]float32(normal[float32](rng, 3))
				list.Set(p, 0, 1, x, min(cutoff, 2*atoms.Distance(x)))
			}
			if n > 0 {
				list.D[n/2] = cutoff
			}
			run := func() ([][3]float32, []Knot[float32]) {
				knots := make([]Knot[float32], n+1)
				PlaceKnots(knots[:n], list.D, intervals/cutoff, intervals)
				return directed(list).U, knots
			}
			u, knots := run()
			portably(func() {
				wantU, want := run()
				assert.Equal(t, wantU, u)
				assert.Equal(t, want, knots, "and none beyond")
			})
		}
	})
}

func TestVectorUpdate(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for _, h := range []int{16, 32, 48, 20} {
			const atoms = 3
			rng := rand.New(rand.NewPCG(5, uint64(h)))
			s, v, gates := normal[float32](rng, atoms*h), normal[float32](rng, atoms*3*h), normal[float32](rng, atoms*2*h)
			for f := range 5 { // some vectors are zero, or nearly
				v[f], v[h+f], v[2*h+f] = 0, 0, 0
				v[3*h+f], v[4*h+f], v[5*h+f] = 1e-15, 0, 0
			}
			gx, gv := normal[float32](rng, atoms*2*h), normal[float32](rng, atoms*3*h)
			var m [3][3]float32
			for i := range m {
				m[i] = [3]float32(narrow(testMixing[i][:]))
			}
			y := normal[float32](rng, atoms*3*h)
			run := func() [][]float32 {
				x, out, kept := make([]float32, atoms*2*h), make([]float32, atoms*3*h), make([]float32, atoms*2*h)
				UpdateInput(x, s, v, 0, h, h)
				UpdateVectors(out, v, gates, &m, h, h)
				sum := State[float32]{append([]float32(nil), s...), make([]float32, len(v))}
				UpdateOutput(sum.S, sum.V, v, kept, y, &m, h, h)
				g, gy := State[float32]{append([]float32(nil), s...), append([]float32(nil), gv...)}, make([]float32, atoms*3*h)
				UpdateOutputBackward(gy, g, v, gates, &m, h, h)
				back := State[float32]{append([]float32(nil), g.S...), append([]float32(nil), g.V...)}
				UpdateInputBackward(back, gx, v, 0, h, h)
				return [][]float32{x, out, sum.S, sum.V, kept, gy, g.V, back.S, back.V}
			}
			got := run()
			portably(func() {
				for k, want := range run() {
					tolerance.Check(t, []string{"[s ; |v|]", "v", "s + a", "v by y", "gates", "∂E/∂y", "∂E/∂v by the gates", "∂E/∂s", "∂E/∂v"}[k], got[k], want, 1e-5, 1e-6)
				}
			})
			assert.NotContains(t, got[8], float32(math.NaN()))
		}
	})
}
