package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

func testDense[T Float](t *testing.T, epsilon float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][3]int{{1, 1, 1}, {2, 4, 3}, {3, 5, 7}, {7, 9, 20}, {32, 128, 20}, {5, 384, 128}, {33, 1, 8}, {0, 4, 4}} {
		rows, out, in := shape[0], shape[1], shape[2]
		x, w, bias := normal[T](rng, rows*in), normal[T](rng, out*in), normal[T](rng, out)
		for _, b := range [][]T{bias, nil} {
			want, got := make([]float64, rows*out), make([]T, rows*out)
			for r := range rows {
				for o := range out {
					want[r*out+o] = dotProduct(widen(x[r*in:(r+1)*in]), widen(w[o*in:(o+1)*in]))
					if b != nil {
						want[r*out+o] += float64(b[o])
					}
				}
			}
			layer := NewLinear(w, b, out, in)
			layer.Apply(got, x, rows)
			// Sums of in terms of size 1 pass through values of size √in, and round as often.
			tolerance.Check(t, fmt.Sprint("dense", shape), widen(got), want, 4*epsilon*float64(in+1), 0)

			alone := make([]T, out)
			for r := range rows {
				layer.Apply(alone, x[r*in:], 1)
				assert.Equal(t, alone, got[r*out:(r+1)*out], "a row does not depend on the others")
			}
		}
	}
}

func TestDenseFloat32(t *testing.T) { testDense[float32](t, 0x1p-24) }
func TestDenseFloat64(t *testing.T) { testDense[float64](t, 0x1p-53) }

// A layer is set anew by parts of its outputs, and of its inputs by the transpose.
func TestDenseSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, shape := range [][2]int{{2, 1}, {7, 5}, {48, 20}, {33, 17}} {
		out, in := shape[0], shape[1]
		w, bias, cut := normal[float64](rng, out*in), normal[float64](rng, out), out/3
		want := NewLinear(w, bias, out, in)
		got := NewLinear(normal[float64](rng, out*in), nil, out, in)
		got.Set(w[:cut*in], 0)
		got.Set(w[cut*in:], cut)
		got.SetBias(bias[:cut], 0)
		got.SetBias(bias[cut:], cut)
		assert.Equal(t, want, got)

		tangent := got.Tangent()
		assert.Equal(t, NewLinear(w, nil, out, in), tangent)
		got.Set(w[in:2*in], 0)
		assert.Equal(t, got.panels, tangent.panels, "shared")

		transposed := make([]float64, in*out)
		for o := range out {
			for k := range in {
				transposed[k*out+o] = w[o*in+k]
			}
		}
		back := NewLinear(normal[float64](rng, in*out), nil, in, out)
		back.SetTransposed(w[:cut*in], 0)
		back.SetTransposed(w[cut*in:], cut)
		assert.Equal(t, NewLinear(transposed, nil, in, out), back)
	}
}

// BenchmarkDense is the products of the original student's filter and update networks.
func BenchmarkDense(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, shape := range [][3]int{{32, 128, 20}, {32, 384, 128}, {32, 128, 256}} {
		rows, out, in := shape[0], shape[1], shape[2]
		x, w, bias := normal[float32](rng, rows*in), normal[float32](rng, out*in), normal[float32](rng, out)
		dst := make([]float32, rows*out)
		layer := NewLinear(w, bias, out, in)
		b.Run(fmt.Sprintf("backend=cpu/rows=%d/out=%d/in=%d", rows, out, in), func(b *testing.B) {
			for b.Loop() {
				layer.Apply(dst, x, rows)
			}
			b.ReportMetric(2*float64(b.N)*float64(rows*out*in)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// BenchmarkFloor is what the machine can do on one core: multiply-adds on
// operands in the first-level cache, and copying memory.
func BenchmarkFloor(b *testing.B) {
	const rows, in = 12, 256
	rng := rand.New(rand.NewPCG(3, 4))
	layer := NewLinear(normal[float32](rng, 2*panelWidth*in), nil, 2*panelWidth, in)
	x, dst := normal[float32](rng, rows*in), make([]float32, rows*2*panelWidth)
	b.Run("backend=cpu/fma", func(b *testing.B) {
		for b.Loop() {
			layer.Apply(dst, x, rows)
		}
		b.ReportMetric(float64(b.N)*rows*in*2*panelWidth/b.Elapsed().Seconds()/1e9, "GFMA/s")
	})
	from, to := make([]float32, 64<<20), make([]float32, 64<<20)
	b.Run("backend=cpu/copy", func(b *testing.B) {
		for b.Loop() {
			copy(to, from)
		}
		b.ReportMetric(2*4*float64(b.N)*float64(len(from))/b.Elapsed().Seconds()/1e9, "GB/s")
	})
}
