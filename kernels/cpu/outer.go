package cpu

// AddOuter adds to gw [out, in] the gradient by the weight of a layer y = x·Wᵀ, from
// gy [rows, out], whose rows begin stride numbers apart, and x [rows, in]:
//
//	gw[o, k] += Σ_r gy[r, o]·x[r, k]      r ascending, from what is there
func AddOuter[T Float](gw, gy []T, stride int, x []T, rows, out, in int) {
	for o := range out {
		to := gw[o*in:][:in]
		for r := range rows {
			g, row := gy[r*stride+o], x[r*in:][:len(to)]
			for k := range to {
				to[k] += T(g * row[k])
			}
		}
	}
}

// AddColumns adds to gb [out] the gradient by the bias: gb[o] += Σ_r gy[r, o].
func AddColumns[T Float](gb, gy []T, stride, rows, out int) {
	for r := range rows {
		AddRows(gb, out, gy[r*stride:], stride, out, 1)
	}
}
