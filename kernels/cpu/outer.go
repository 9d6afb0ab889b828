package cpu

// AddOuter adds to gw [out, in] the gradient by the weight of a layer y = x·Wᵀ, from
// gy [rows, out], whose rows begin stride numbers apart, and x [rows, in]:
//
//	gw[o, k] += Σ_r gy[r, o]·x[r, k]      r ascending, from what is there
func AddOuter[T Float](gw, gy []T, stride int, x []T, rows, out, in int) {
	for o := range out {
		to := gw[o*in:][:in]
		r := 0
		for ; r+4 <= rows; r += 4 { // so that gw is read and written a quarter as often
			g0, g1, g2, g3 := gy[r*stride+o], gy[(r+1)*stride+o], gy[(r+2)*stride+o], gy[(r+3)*stride+o]
			x0, x1, x2, x3 := x[r*in:][:len(to)], x[(r+1)*in:][:len(to)], x[(r+2)*in:][:len(to)], x[(r+3)*in:][:len(to)]
			for k, sum := range to {
				sum += T(g0 * x0[k])
				sum += T(g1 * x1[k])
				sum += T(g2 * x2[k])
				to[k] = sum + T(g3*x3[k])
			}
		}
		for ; r < rows; r++ {
			g, row := gy[r*stride+o], x[r*in:][:len(to)]
			for k := range to {
				to[k] += T(g * row[k])
			}
		}
	}
}

// AddColumns adds to gb [out] the gradient by the bias: gb[o] += Σ_r gy[r, o].
func AddColumns[T Float](gb, gy []T, stride, rows, out int) {
	for o := 0; o < out; o += GroupWidth {
		AddRows(gb[o:], 0, gy[o:], stride, min(GroupWidth, out-o), rows)
	}
}
