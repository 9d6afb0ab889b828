package main

import "math"

// siluConstants are the numbers that sigmoid needs, in registers.
type siluConstants struct {
	most, least, log2e, ln2High, ln2Low, one vec
	exp                                      []vec // 1/n!, n ≥ 2
}

// Terms of e^r up to r⁶/6!: on |r| ≤ ½ ln 2 they leave an error of 2e-8.
const expDegree = 6

func newSiluConstants(f *function) (c siluConstants) {
	high := math.Float64frombits(math.Float64bits(math.Ln2) &^ (1<<37 - 1)) // 16 bits, so that n·high is exact
	c = siluConstants{most: f.constant(87), least: f.constant(-87), log2e: f.constant(math.Log2E),
		ln2High: f.constant(high), ln2Low: f.constant(math.Ln2 - high), one: f.constant(1)}
	for n, factorial := 2, 2.0; n <= expDegree; n++ {
		c.exp = append(c.exp, f.constant(1/factorial))
		factorial *= float64(n + 1)
	}
	return c
}

// sigmoid is σ(x) = 1/(1 + e^−x), and e^−x: e^y = 2^n·e^r with y = n·ln 2 + r.
func (c *siluConstants) sigmoid(f *function, x row) (sigma, exp row) {
	n := len(x)
	y, p, next, whole := f.row(n), f.row(n), f.row(n), f.row(n)
	f.neg(y, x)
	f.min(y, y, all(c.most, n))
	f.max(y, y, all(c.least, n))
	f.mul(p, y, all(c.log2e, n))
	f.round(whole, p)
	f.float(p, whole)
	f.fms(y, p, all(c.ln2High, n))
	f.fms(y, p, all(c.ln2Low, n))
	f.move(p, all(c.exp[len(c.exp)-1], n))
	for i := len(c.exp) - 2; i >= -2; i-- {
		coefficient := c.one // of r¹ and of r⁰
		if i >= 0 {
			coefficient = c.exp[i]
		}
		f.move(next, all(coefficient, n))
		f.fma(next, y, p)
		p, next = next, p
	}
	for q := range whole { // into the exponent: p·2^n
		f.op("VSHL $23, %s, %[1]s", whole[q])
		f.op("VADD %s, %s, %[2]s", whole[q], p[q])
	}
	sigma = next
	f.add(sigma, all(c.one, n), p)
	f.div(sigma, all(c.one, n), sigma)
	return sigma, p
}

// eachHalf runs body for every 8 of n numbers, a multiple of 8, at pointers.
func eachHalf(f *function, body func(), pointers ...gp) {
	left := f.pointer("n")
	f.label("next")
	body()
	f.advance(half*quad, pointers...)
	f.repeat(left, half*quad/4, "next")
	f.ret()
}

func silu(w *file) {
	siluForward(w)
	siluBackward(w)
	siluDualBackward(w)
}

func siluForward(w *file) {
	f := w.function("siluNEON", "is silu on n numbers, a multiple of 8.", "dst, x *float32, n int")
	dst, from, c := f.pointer("dst"), f.pointer("x"), newSiluConstants(f)
	eachHalf(f, func() {
		x := f.loaded(half, from, 0)
		sigma, _ := c.sigmoid(f, x)
		f.mul(sigma, sigma, x)
		f.store(sigma, dst, 0)
	}, from, dst)
}

// siluBackward is dst ⊙= silu′(x) = σ + x·σ·(1−σ).
func siluBackward(w *file) {
	f := w.function("siluBackwardNEON", "is siluBackward on n numbers, a multiple of 8.", "dst, x *float32, n int")
	dst, from, c := f.pointer("dst"), f.pointer("x"), newSiluConstants(f)
	eachHalf(f, func() {
		x, grad := f.loaded(half, from, 0), f.loaded(half, dst, 0)
		sigma, slope := c.sigmoid(f, x)
		f.mul(slope, slope, sigma) // 1 − σ = σ·e^−x, without cancellation
		f.mul(slope, slope, x)
		f.mul(slope, slope, sigma)
		f.add(slope, slope, sigma)
		f.mul(grad, grad, slope)
		f.store(grad, dst, 0)
	}, from, dst)
}

// siluDualBackward is grad = grad ⊙ silu′(x) + gtangent ⊙ silu″(x) ⊙ tangent with
// silu″ = σ(1−σ)(2 + x(1−σ) − xσ).
func siluDualBackward(w *file) {
	f := w.function("siluDualBackwardNEON", "is SiLUDualBackward on n numbers, a multiple of 8.", "grad, x, tangent, gtangent *float32, n int")
	grad, from, tangent, gtangent := f.pointer("grad"), f.pointer("x"), f.pointer("tangent"), f.pointer("gtangent")
	c, two := newSiluConstants(f), f.constant(2)
	eachHalf(f, func() {
		x := f.loaded(half, from, 0)
		sigma, rest := c.sigmoid(f, x)
		product, curvature, by := f.row(half), f.row(half), f.row(half)
		f.mul(rest, rest, sigma) // 1 − σ = σ·e^−x, without cancellation
		f.mul(product, rest, sigma)
		f.sub(rest, rest, sigma)
		f.move(curvature, all(two, half))
		f.fma(curvature, rest, x)
		f.mul(curvature, curvature, product)
		f.load(by, gtangent, 0)
		f.mul(curvature, curvature, by)
		f.fma(sigma, product, x) // σ + x·σ·(1−σ)
		f.load(by, grad, 0)
		f.mul(sigma, sigma, by)
		f.load(by, tangent, 0)
		f.fma(sigma, curvature, by)
		f.store(sigma, grad, 0)
	}, grad, from, tangent, gtangent)
}
