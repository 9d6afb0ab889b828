package main

import "strings"

func spline(w *file) {
	splineRows(w, false)
	splineRows(w, true)
	splineScatter(w)
}

// splineBasis are the numbers that B_m(t) and B_m′(t)/step are made of.
type splineBasis struct {
	one, half, sixth, thirds, minus row
	threeHalves, minusTwo, scale    row // scale is 1/step, its sign to and fro
}

func (f *function) newSplineBasis(slopes bool) (b splineBasis) {
	constant := func(x float64) row { return row{f.constant(x)} }
	b = splineBasis{one: constant(1), half: constant(0.5), sixth: constant(1. / 6), thirds: constant(2. / 3), minus: constant(-1)}
	if slopes {
		b.threeHalves, b.minusTwo, b.scale = constant(1.5), constant(-2), f.row(1)
		f.alternate(b.scale, b.minus, b.one)
		f.mulLane(b.scale, b.scale, f.number("perLength"))
	}
	return b
}

// alternate is a, b, a, b of the first lanes of a and b.
func (f *function) alternate(to, a, b row) { f.op("VZIP1 %s, %s, %s", b[0], a[0], to[0]) }

// middle puts the two lanes in the middle of from into to.
func (f *function) middle(to, from row) {
	for i := 1; i < 3; i++ {
		f.op("VMOV V%d.S[%d], V%d.S[%[2]d]", from[0], i, to[0])
	}
}

// lanesOf is the four numbers of a register.
func lanesOf(r row) (l [4]lane) {
	for i := range l {
		l[i] = lane{r[0], i}
	}
	return l
}

// at is B_m(t) and, if asked, B_m′(t)/step, of the pair at knot. With u = 1 − t they are polynomials of u, t, u and t.
func (b *splineBasis) at(f *function, knot gp, slopes bool) (values, rates [4]lane) {
	x, square, y, value := f.row(1), f.row(1), f.row(1), f.row(1)
	f.op("FMOVS (%s), F%d", knot, y[0])
	f.op("VDUP V%d.S[0], %s", y[0], y[0])
	f.sub(x, b.one, y)
	f.alternate(x, x, y)
	f.mul(square, x, x)
	f.mul(value, x, square) // x³/6
	f.mul(value, value, b.sixth)
	inner := f.row(1) // (x/2 − 1)·x² + 2/3
	f.move(y, b.minus)
	f.fma(y, x, b.half)
	f.move(inner, b.thirds)
	f.fma(inner, y, square)
	f.middle(value, inner)
	if !slopes {
		return lanesOf(value), rates
	}
	rate := square // x²/2, and (3/2·x − 2)·x
	f.mul(rate, rate, b.half)
	f.move(y, b.minusTwo)
	f.fma(y, x, b.threeHalves)
	f.mul(y, y, x)
	f.middle(rate, y)
	f.mul(rate, rate, b.scale)
	return lanesOf(value), lanesOf(rate)
}

// coefficients are where a pair's four rows of coefficients lie.
func (f *function) coefficients(data, knot, pitch gp) (c []gp) {
	c = append(c, f.gp())
	f.op("MOVW %d(%s), %s", knotBelow, knot, c[0])
	f.op("MADD %s, %s, %s, %[3]s", pitch, data, c[0])
	for m := 1; m < 4; m++ {
		c = append(c, f.sum(c[m-1], pitch, 0))
	}
	return c
}

// eachKnot runs body for every half of every pair's rows, disp bytes from rows and from
// the coefficients on, which it moves on.
func (f *function) eachKnot(slopes bool, rows []gp, body func(c []gp, values, rates [4]lane, disp int)) {
	data, knot, pairs, pitch, left, basis := f.pointer("data"), f.pointer("knots"), f.pointer("pairs"), f.scaled("row"), f.gp(), f.newSplineBasis(slopes)
	f.label("pair")
	values, rates := basis.at(f, knot, slopes)
	c := f.coefficients(data, knot, pitch)
	f.op("MOVD %s, %s", pitch, left)
	f.label("panel")
	for disp := 0; disp < panel; disp += half * quad {
		end := f.scope()
		body(c, values, rates, disp)
		end()
	}
	f.advance(panel, append(c, rows...)...)
	f.repeat(left, panel, "panel")
	f.advance(knotSize, knot)
	f.repeat(pairs, 1, "pair")
	f.ret()
}

// splineRows is φ of pairs, and with slopes φ′ too.
func splineRows(w *file, slopes bool) {
	name, parameters, perLength := "splineValuesNEON", []string{"phi"}, ""
	if slopes {
		name, parameters, perLength = "splineSlopesNEON", []string{"phi", "slope"}, ", perLength float32"
	}
	f := w.function(name, "interpolates rows of row numbers, a multiple of 16.", strings.Join(parameters, ", ")+", data, knots *float32, pairs, row int"+perLength)
	var out []gp
	for _, p := range parameters {
		out = append(out, f.pointer(p))
	}
	f.eachKnot(slopes, out, func(c []gp, values, rates [4]lane, disp int) {
		sums := make([]row, len(out))
		for o := range sums {
			sums[o] = f.row(half)
		}
		for m := range c {
			coefficient := f.loaded(half, c[m], disp)
			for o, weights := range [][4]lane{values, rates}[:len(out)] {
				if m == 0 {
					f.mulLane(sums[o], coefficient, weights[m])
				} else {
					f.fmaLane(sums[o], coefficient, weights[m])
				}
			}
		}
		for o := range sums {
			f.store(sums[o], out[o], disp)
		}
	})
}

// splineScatter adds gphi and gslope of pairs to the coefficients.
func splineScatter(w *file) {
	f := w.function("splineScatterNEON", "adds rows of row numbers, a multiple of 16.", "data, gphi, gslope, knots *float32, pairs, row int, perLength float32")
	gphi, gslope := f.pointer("gphi"), f.pointer("gslope")
	f.eachKnot(true, []gp{gphi, gslope}, func(c []gp, values, rates [4]lane, disp int) {
		value, slope := f.loaded(half, gphi, disp), f.loaded(half, gslope, disp)
		for m := range c {
			end := f.scope()
			sum := f.loaded(half, c[m], disp)
			f.fmaLane(sum, value, values[m])
			f.fmaLane(sum, slope, rates[m])
			f.store(sum, c[m], disp)
			end()
		}
	})
}
