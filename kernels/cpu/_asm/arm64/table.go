package main

// The layout of a Knot: the share of the interval, and the knot below.
const knotBelow, knotSize = 4, 8

// powers is the coefficients that an interval has of a curve.
const powers = 5

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
	f.op("ADD %s<<2, %[1]s, %[1]s", c) // times powers
	f.op("MADD %s, %s, %s, %[3]s", row, data, c)
	f.op("MOVD %s, %s", row, left)
	f.label("panel")
	value, rate := f.curve(panel/quad, c, 0, t, slopes)
	f.store(value, dst, 0)
	f.advance(panel, dst)
	if slopes {
		f.mulLane(rate, rate, scale)
		f.store(rate, slope, 0)
		f.advance(panel, slope)
	}
	f.advance(powers*panel, c)
	f.repeat(left, panel, "panel")
	f.advance(knotSize, knot)
	f.repeat(pairs, 1, "pair")
	f.ret()
}

// curve is n registers of a polynomial at t, whose coefficients begin disp bytes from c
// on, and, if asked, of its derivative by t.
func (f *function) curve(n int, c gp, disp int, t lane, slopes bool) (value, rate row) {
	value, next := f.loaded(n, c, disp), f.row(n)
	before := f.vecs // of what is free in the end
	if rate = next; slopes {
		rate = f.row(n)
	} else {
		before -= n
	}
	for power := powers - 2; power >= 0; power-- {
		f.load(next, c, disp+(powers-1-power)*panel)
		f.fmaLane(next, value, t)
		if !slopes {
			value, next = next, value
			continue
		}
		if power < powers-2 {
			f.fmaLane(value, rate, t)
		}
		value, rate, next = next, value, rate // the value before is what the rate becomes
	}
	f.vecs = before
	return value, rate
}
