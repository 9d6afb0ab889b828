package main

func messageDual(w *file) {
	for _, first := range []bool{true, false} {
		messageTangent(w, first)
		messageDualBackward(w, first)
	}
}

// dual is what the kernels of tangents share in a pair. There are too many arrays for
// registers: their pointers are read anew.
type dual struct {
	*function
	first     bool
	part      gp
	numbers   [2]gp
	direction []lane // u
	rates     []lane // u̇, ḋ
}

// ends is where an array's rows of both atoms lie.
func (d *dual) ends(name string) [2]gp {
	base := d.pointer(name)
	i := d.sum(base, d.numbers[0], panelBits)
	d.op("ADD %s<<%d, %s, %[3]s", d.numbers[1], panelBits, base)
	return [2]gp{i, base}
}

// at runs do with where a part of a pair's row lies: 0 is φs, and −1 φu.
func (d *dual) at(base gp, part int, do func(at gp)) {
	if part < 0 {
		if part = 2; d.first {
			part = 1
		}
	}
	gps := d.gps
	for range part {
		base = d.sum(base, d.part, 0)
	}
	do(base)
	d.gps = gps
}

// value is half of a part of φ.
func (d *dual) value(phi gp, part, disp int) (r row) {
	d.at(phi, part, func(at gp) { r = d.loaded(half, at, disp) })
	return r
}

// rated is ḋφ′ of a part.
func (d *dual) rated(slope gp, part, disp int) row {
	r := d.value(slope, part, disp)
	d.mulLane(r, r, d.rates[3])
	return r
}

// put stores half of a part.
func (d *dual) put(r row, base gp, part, disp int) {
	d.at(base, part, func(at gp) { d.store(r, at, disp) })
}

// eachPair runs scalars and then vectors for both halves of every pair's features, the
// latter with the numbers of the atoms' vectors, and moves rows on by a pair.
func (w *file) eachPair(name, parameters string, first bool, rows []string, scalars, vectors func(d *dual, rows []gp, disp int)) {
	f := w.function(name+suffix(first), "is "+name+"Generic for 16 features; pointers are to the first of them, and rows of all parts as those of phi.",
		parameters+" *float32, i, j *int32, u *[3]float32, rates *[4]float32, phi, slope *float32, pairs, row, part int")
	i, j, u, rates, part, left := f.pointer("i"), f.pointer("j"), f.pointer("u"), f.pointer("rates"), f.scaled("part"), f.pointer("pairs")
	var pointers []gp
	for _, name := range rows {
		pointers = append(pointers, f.pointer(name))
	}
	f.label("pair")
	d := &dual{f, first, part, f.numbers(i, j), f.direction(u), f.lanes(4, rates, 0)}
	f.advance(4*4, rates)
	for k, body := range []func(d *dual, rows []gp, disp int){scalars, vectors} {
		if k == 1 {
			f.tripled(d.numbers)
		}
		for disp := 0; disp < panel; disp += half * quad {
			end := f.scope()
			body(d, pointers, disp)
			end()
		}
	}
	f.advance(f.scaled("row"), pointers...)
	f.repeat(left, 1, "pair")
	f.ret()
}

func messageTangent(w *file, first bool) {
	w.eachPair("messageTangent", "outS, outV, inS, inV, tangentS, tangentV", first, []string{"phi", "slope"}, func(d *dual, rows []gp, disp int) {
		out, in := d.ends("outS"), d.ends("inS")
		xi, xj := d.both(in, disp)
		slopeS := d.rated(rows[1], 0, disp)
		if first {
			d.accumulate(out[0], disp, [2]row{xj, slopeS})
			d.accumulate(out[1], disp, [2]row{xi, slopeS})
			return
		}
		ti, tj := d.both(d.ends("tangentS"), disp)
		phiS := d.value(rows[0], 0, disp)
		d.accumulate(out[0], disp, [2]row{xj, slopeS}, [2]row{tj, phiS})
		d.accumulate(out[1], disp, [2]row{xi, slopeS}, [2]row{ti, phiS})
	}, func(d *dual, rows []gp, disp int) {
		out := d.ends("outV")
		phiU, slopeU := d.value(rows[0], -1, disp), d.rated(rows[1], -1, disp)
		var phiV, slopeV row
		var in, tangent [2]gp
		if !first {
			phiV, slopeV = d.value(rows[0], 1, disp), d.rated(rows[1], 1, disp)
			in, tangent = d.ends("inV"), d.ends("tangentV")
		}
		for c := range 3 {
			at := c*panel + disp
			end := d.scope()
			push := d.row(half)
			d.mulLane(push, slopeU, d.direction[c])
			d.fmaLane(push, phiU, d.rates[c])
			for to, add := range []func(to, a, b row){d.add, d.sub} { // J after I is stored: they may be one atom
				end := d.scope()
				sum := d.loaded(half, out[to], at)
				add(sum, sum, push)
				if !first {
					d.fma(sum, d.loaded(half, in[1-to], at), slopeV)
					d.fma(sum, d.loaded(half, tangent[1-to], at), phiV)
				}
				d.store(sum, out[to], at)
				end()
			}
			end()
		}
	})
}

func messageDualBackward(w *file, first bool) {
	rows := []string{"phi", "slope", "gphi", "gslope"}
	w.eachPair("messageDualBackward", "linS, linV, gphi, gslope, lS, lV, gS, gV, inS, inV, tangentS, tangentV", first, rows, dualScalars, dualVectors)
}

// dualScalars is the parts φs of ∂L/∂φ and ∂L/∂φ′, and lin.s.
func dualScalars(d *dual, rows []gp, disp int) {
	gi, gj := d.both(d.ends("gS"), disp)
	li, lj := d.both(d.ends("lS"), disp)
	value, slope := d.row(half), d.row(half)
	end := d.scope()
	xi, xj := d.both(d.ends("inS"), disp)
	d.mul(value, li, xj)
	d.fma(value, lj, xi)
	d.mul(slope, gi, xj)
	d.fma(slope, gj, xi)
	if !d.first {
		ti, tj := d.both(d.ends("tangentS"), disp)
		d.fma(value, gi, tj)
		d.fma(value, gj, ti)
	}
	end()
	d.mulLane(slope, slope, d.rates[3])
	d.put(value, rows[2], 0, disp)
	d.put(slope, rows[3], 0, disp)
	phiS, slopeS, lin := d.value(rows[0], 0, disp), d.rated(rows[1], 0, disp), d.ends("linS")
	d.accumulate(lin[0], disp, [2]row{phiS, lj}, [2]row{slopeS, gj})
	d.accumulate(lin[1], disp, [2]row{phiS, li}, [2]row{slopeS, gi})
}

// dualVectors is the other parts, and lin.v.
func dualVectors(d *dual, rows []gp, disp int) {
	g, l := d.ends("gV"), d.ends("lV")
	var in, tangent, lin [2]gp
	valueU, slopeU := d.row(half), d.row(half)
	d.zero(valueU...)
	d.zero(slopeU...)
	var valueV, rateV, phiV, slopeV row // of which rateV is by φv′
	if !d.first {
		in, tangent, lin = d.ends("inV"), d.ends("tangentV"), d.ends("linV")
		valueV, rateV, phiV, slopeV = d.row(half), d.row(half), d.value(rows[0], 1, disp), d.rated(rows[1], 1, disp)
		d.zero(valueV...)
		d.zero(rateV...)
	}
	for c := range 3 {
		end, at := d.scope(), c*panel+disp
		gi, gj := d.both(g, at)
		li, lj := d.both(l, at)
		x := d.row(half)
		d.sub(x, gi, gj)
		d.fmaLane(slopeU, x, d.direction[c])
		d.fmaLane(valueU, x, d.rates[c])
		d.sub(x, li, lj)
		d.fmaLane(valueU, x, d.direction[c])
		if !d.first {
			for to, from := range []struct{ l, g row }{{lj, gj}, {li, gi}} { // what atom to gets
				d.load(x, in[to], at)
				d.fma(valueV, from.l, x)
				d.fma(rateV, from.g, x)
				d.load(x, tangent[to], at)
				d.fma(valueV, from.g, x)
				d.accumulate(lin[to], at, [2]row{phiV, from.l}, [2]row{slopeV, from.g})
			}
		}
		end()
	}
	d.mulLane(slopeU, slopeU, d.rates[3])
	d.put(valueU, rows[2], -1, disp)
	d.put(slopeU, rows[3], -1, disp)
	if !d.first {
		d.mulLane(rateV, rateV, d.rates[3])
		d.put(valueV, rows[2], 1, disp)
		d.put(rateV, rows[3], 1, disp)
	}
}
