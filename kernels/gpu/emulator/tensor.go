package emulator

import (
	"fmt"
	"math"
	"math/bits"
)

// multiply is mma.sync of 16×8 by 8×8: d = a·b + c, of which each lane has a few elements (PTX ISA, "Matrix Fragments for mma.m16n8k8"):
// with g = lane/4 and t = lane%4, a{g, t}, {g+8, t}, {g, t+4} and {g+8, t+4}, b{t, g} and {t+4, g}, c and d{g, 2t}, {g, 2t+1}, {g+8, 2t} and
// {g+8, 2t+1}.
//
// Of a and b TF32 has the upper 19 bits; a GPU ignores the others. Products are exact. How a GPU rounds their sum is not published: what was
// measured are terms that are aligned to the largest of them and cut off (Fasi, Higham, Mikaitis and Pranesh, "Numerical behavior of NVIDIA tensor cores",
// 2021). Here the sum of c and the eight products is float64's, in their order, and is cut off, not rounded, to float32: a bias like hardware's,
// never its bits.
func (d *decoder) multiply(s *statement) (func(w *warp, mask uint32), cost, error) {
	const opcode = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
	if s.opcode != opcode || len(s.operands) != 4 {
		return nil, cost{}, fmt.Errorf("the emulator knows %s with 4 operands", opcode)
	}
	var fragments [4][]register
	for i, count := range [4]int{4, 4, 2, 4} {
		r, err := d.values(s.operands[i], count, elements["b32"], i == 0)
		if err != nil {
			return nil, cost{}, err
		}
		fragments[i] = r
	}
	to, a, b, c := fragments[0], fragments[1], fragments[2], fragments[3]
	return func(w *warp, mask uint32) {
		if mask != full {
			w.fail(bits.TrailingZeros32(mask), fmt.Sprintf("mma among all lanes, of which only %#x are here", mask))
			return
		}
		var left [16][8]float64
		var right [8][8]float64
		var sum [16][8]uint32
		for lane := range lanes {
			g, t := lane/4, lane%4
			for i, r := range a {
				left[g+i%2*8][t+i/2*4] = tf32(r.get(w, lane))
			}
			for i, r := range b {
				right[g][t+i*4] = tf32(r.get(w, lane))
			}
			for i, r := range c {
				sum[g+i/2*8][2*t+i%2] = uint32(r.get(w, lane))
			}
		}
		for i := range sum {
			for j := range sum[i] {
				x, row, column := float64(math.Float32frombits(sum[i][j])), &left[i], &right[j]
				for k := range row {
					x += row[k] * column[k]
				}
				sum[i][j] = cut(x)
			}
		}
		for lane := range lanes {
			for i, r := range to {
				r.set(w, lane, uint64(sum[lane/4+i/2*8][2*(lane%4)+i%2]))
			}
		}
	}, cost{flops: 2 * 16 * 8 * 8 / lanes}, nil
}

// tf32 is what a tensor core reads of a register.
func tf32(x uint64) float64 { return float64(f32(x &^ (1<<13 - 1))) }

// nearest is cvt.rna.tf32.f32: TF32's number that is nearest to x, of two as near the one away from 0. The bits below are 0 here, and
// undefined by the manual.
func nearest(x uint64) uint64 {
	if x>>23&0xff == 0xff { // infinite, or none
		return x &^ (1<<13 - 1)
	}
	return (x + 1<<12) &^ (1<<13 - 1)
}

// cut is the float32 next to x that is no larger in size.
func cut(x float64) uint32 {
	y := float32(x)
	if math.Abs(float64(y)) > math.Abs(x) {
		return math.Float32bits(y) - 1
	}
	return math.Float32bits(y)
}
