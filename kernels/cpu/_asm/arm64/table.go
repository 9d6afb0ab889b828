package main

// The layout of a Knot: the share of the interval, and the knot below.
const knotBelow, knotSize = 4, 8

// table is, per pair, the polynomials of its interval at its t, and with slopes their
// derivatives, both by Horner's rule.
func table(w *file) {
	tableRows(w, false)
	tableRows(w, true)
}

func tableRows(w *file, slopes bool) {
	name, parameters, perLength := "tableRowsNEON", "dst", ""
	if slopes {
		name, parameters, perLength = "tableSlopesNEON", "dst, slope", ", perLength float32"
	}
	f := w.function(name, "interpolates rows of row numbers, a multiple of 16.", parameters+" *float32, data, knots *float32, pairs, row int"+perLength)
	dst, data, knot, pairs, row := f.pointer("dst"), f.pointer("data"), f.pointer("knots"), f.pointer("pairs"), f.scaled("row")
	var slope gp
	var scale lane
	if slopes {
		slope, scale = f.pointer("slope"), f.number("perLength")
	}
	f.label("pair")
	t, c, left := lane{f.row(1)[0], 0}, f.gp(), f.gp()
	f.op("FMOVS (%s), F%d", knot, t.vec)
	f.op("MOVW %d(%s), %s", knotBelow, knot, c)
	f.op("ADD %s<<2, %[1]s, %[1]s", c) // the five coefficients of an interval
	f.op("MADD %s, %s, %s, %[3]s", row, data, c)
	f.op("MOVD %s, %s", row, left)
	f.label("panel")
	const n = panel / quad
	value, rate, next := f.loaded(n, c, 0), f.row(n), f.row(n)
	for power := 3; power >= 0; power-- {
		f.load(next, c, (4-power)*panel)
		f.fmaLane(next, value, t)
		if slopes && power < 3 {
			f.fmaLane(value, rate, t)
		}
		value, rate, next = next, value, rate // the value before is what the rate becomes
	}
	f.store(value, dst, 0)
	f.advance(panel, dst)
	if slopes {
		f.mulLane(rate, rate, scale)
		f.store(rate, slope, 0)
		f.advance(panel, slope)
	}
	f.advance(5*panel, c)
	f.repeat(left, panel, "panel")
	f.advance(knotSize, knot)
	f.repeat(pairs, 1, "pair")
	f.ret()
}
