package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

func testOuter[T Float](t *testing.T, epsilon float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][3]int{{1, 1, 1}, {5, 3, 7}, {7, 16, 20}, {51, 48, 64}, {4, 64, 128}, {66, 33, 17}, {0, 4, 4}} {
		rows, out, in := shape[0], shape[1], shape[2]
		stride := out + 3
		gy, x, gw, gb := normal[T](rng, rows*stride), normal[T](rng, rows*in), normal[T](rng, out*in), normal[T](rng, out)
		wantW, wantB := widen(gw), widen(gb)
		for r := range rows {
			for o := range out {
				wantB[o] += float64(gy[r*stride+o])
				for k := range in {
					wantW[o*in+k] += float64(gy[r*stride+o]) * float64(x[r*in+k])
				}
			}
		}
		alone := append([]T(nil), gw...)
		Outer(gw, gb, gy, x, rows, out, in, stride)
		Outer(alone, nil, gy, x, rows, out, in, stride)
		assert.Equal(t, gw, alone)
		tolerance.Check(t, fmt.Sprint("by the weight", shape), widen(gw), wantW, 4*epsilon*float64(rows+1), 0)
		tolerance.Check(t, fmt.Sprint("by the bias", shape), widen(gb), wantB, 4*epsilon*float64(rows+1), 0)
	}
}

func TestOuterFloat32(t *testing.T) { testOuter[float32](t, 0x1p-24) }
func TestOuterFloat64(t *testing.T) { testOuter[float64](t, 0x1p-53) }
