package cpu

// Dense computes dst = x·wᵀ + bias, or x·wᵀ where bias is nil.
//
// Shapes: dst [rows, out], x [rows, in], w [out, in], bias [out]. The rows do
// not influence one another: an output is bias + Σ_k x[k]·w[k] with k
// ascending, whichever rows and columns are computed beside it.
func Dense[T Float](dst, x, w, bias []T, rows, out, in int) {
	r := 0
	for ; r+2 <= rows; r += 2 {
		o := 0
		for ; o+4 <= out; o += 4 {
			dense2x4(dst[r*out+o:], x[r*in:(r+2)*in], w[o*in:(o+4)*in], biasAt(bias, o, 4), out, in)
		}
		for ; o < out; o++ {
			dst[r*out+o] = dense1(x[r*in:(r+1)*in], w[o*in:(o+1)*in], biasAt(bias, o, 1))
			dst[(r+1)*out+o] = dense1(x[(r+1)*in:(r+2)*in], w[o*in:(o+1)*in], biasAt(bias, o, 1))
		}
	}
	for ; r < rows; r++ {
		for o := range out {
			dst[r*out+o] = dense1(x[r*in:(r+1)*in], w[o*in:(o+1)*in], biasAt(bias, o, 1))
		}
	}
}

func biasAt[T Float](bias []T, o, n int) []T {
	if bias == nil {
		return nil
	}
	return bias[o : o+n]
}

// dense1 is one output: bias + x·w.
func dense1[T Float](x, w, bias []T) T {
	var sum T
	if bias != nil {
		sum = bias[0]
	}
	w = w[:len(x)]
	for k, xk := range x {
		sum += T(xk * w[k])
	}
	return sum
}

// dense2x4 is a tile of two rows and four columns, kept in registers.
func dense2x4[T Float](dst, x, w, bias []T, stride, in int) {
	var a0, a1, a2, a3 T
	if bias != nil {
		a0, a1, a2, a3 = bias[0], bias[1], bias[2], bias[3]
	}
	b0, b1, b2, b3 := a0, a1, a2, a3
	x0, x1 := x[:in], x[in:][:in]
	w0, w1, w2, w3 := w[:in], w[in:][:in], w[2*in:][:in], w[3*in:][:in]
	for k := range x0 {
		p, q := x0[k], x1[k]
		y := w0[k]
		a0 += T(p * y)
		b0 += T(q * y)
		y = w1[k]
		a1 += T(p * y)
		b1 += T(q * y)
		y = w2[k]
		a2 += T(p * y)
		b2 += T(q * y)
		y = w3[k]
		a3 += T(p * y)
		b3 += T(q * y)
	}
	top, bottom := dst[:4], dst[stride:][:4]
	top[0], top[1], top[2], top[3] = a0, a1, a2, a3
	bottom[0], bottom[1], bottom[2], bottom[3] = b0, b1, b2, b3
}
