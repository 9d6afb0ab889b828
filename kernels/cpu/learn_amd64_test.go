//go:build !purego

package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
	"painless/internal/tolerance"
)

func TestVectorOuter(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			rows, out, in := 1+rng.IntN(40), 1+rng.IntN(70), 1+rng.IntN(70)
			stride := out + rng.IntN(5)
			gy, x := normal[float32](rng, rows*stride), normal[float32](rng, rows*in)
			got, want := normal[float32](rng, out*in), make([]float32, out*in)
			copy(want, got)
			bias := make([]float32, out)
			Outer(got, bias, gy, x, rows, out, in, stride)
			portably(func() { Outer(want, bias, gy, x, rows, out, in, stride) })
			tolerance.Check(t, fmt.Sprint(rows, out, in), got, want, 4*0x1p-24*float64(rows+1), 0)
		}
	})
}

func TestVectorMessageLearn(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for _, parts := range []int{2, 3} {
			const count, n, h = 7, 40, GroupWidth
			var list atoms.Pairs[float32]
			list.Resize(n)
			for k, p := 0, randomPairs(rng, n, count); k < n; k++ {
				x := [3]float32{float32(p.X[k][0]), float32(p.X[k][1]), float32(p.X[k][2])}
				list.Set(k, p.I[k], p.J[k], x, atoms.Distance(x))
			}
			pairs := directed(list)
			in := State[float32]{normal[float32](rng, count*h), normal[float32](rng, count*3*h)}
			if parts == 2 {
				in.V = nil
			}
			g := State[float32]{normal[float32](rng, count*h), normal[float32](rng, count*3*h)}
			filter := Filter[float32]{Phi: normal[float32](rng, n*parts*h), Row: parts * h, Part: h}
			run := func() (State[float32], []float32) {
				gin, gphi := State[float32]{append([]float32{}, g.S...), append([]float32{}, g.V...)}, make([]float32, n*parts*h)
				MessageLearn(gin, gphi, g, in, pairs, filter, h)
				return gin, gphi
			}
			got, gotPhi := run()
			var want State[float32]
			var wantPhi []float32
			portably(func() { want, wantPhi = run() })
			tolerance.Check(t, "s", got.S, want.S, 1e-5, 1e-5)
			tolerance.Check(t, "v", got.V, want.V, 1e-5, 1e-5)
			tolerance.Check(t, "φ", gotPhi, wantPhi, 1e-5, 1e-5)
		}
	})
}

func TestVectorMoments(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		const intervals, parts, h, n = 9, 3, 40, 50
		s := NewSpline[float32](intervals, parts, h, 4)
		var knots []Knot[float32]
		for range n {
			knots = append(knots, NewKnot(rng.Float32()*4, intervals/4., intervals))
		}
		gphi := normal[float32](rng, n*parts*GroupWidth)
		got, want := s.NewMoments(), s.NewMoments()
		for group := range 3 {
			s.Add(got, gphi, knots, group)
			portably(func() { s.Add(want, gphi, knots, group) })
		}
		tolerance.Check(t, "moments", got.data, want.data, 1e-5, 1e-6)
		assert.NotZero(t, got.data)
	})
}
