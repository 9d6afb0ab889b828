package cpu

// Outer adds the gradient of y = x·Wᵀ + b by W and b, from ∂L/∂y, gy [rows, out],
// whose rows are stride apart, and x [rows, in]:
//
//	gw[o][k] += Σ_r gy[r][o]·x[r][k]      gb[o] += Σ_r gy[r][o]
//
// with r ascending. gw is [out, in], gb [out]; a nil gb is left out.
func Outer[T Float](gw, gb, gy, x []T, rows, out, in, stride int) {
	if rows == 0 {
		return
	}
	gw, gy, x = gw[:out*in], gy[:(rows-1)*stride+out], x[:rows*in]
	for o := 0; o < len(gb); o += GroupWidth {
		AddRows(gb[o:], 0, gy[o:], stride, min(GroupWidth, out-o), rows)
	}
	done := outer(gw, gy, x, rows, out, in, stride)
	if done == in {
		return
	}
	for r := range rows {
		xr := x[r*in+done:][:in-done]
		for o, g := range gy[r*stride:][:out] {
			row := gw[o*in+done:][:len(xr)]
			for k, xk := range xr {
				row[k] += T(g * xk)
			}
		}
	}
}
