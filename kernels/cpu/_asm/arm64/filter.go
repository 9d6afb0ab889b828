package main

// stored is φ and φ′ of pairs, row apart, their parts part apart.
type stored struct {
	*function
	first, slopes bool
	phi, slope    gp
	by            gp
	at            [2][]gp // where the pair's parts lie
}

var storedParameters = [2]string{"phi *float32, pairs, row, part int", "phi, slope *float32, pairs, row, part int"}

func newStored(f *function, first, slopes bool) filter {
	x := &stored{function: f, first: first, slopes: slopes, phi: f.pointer("phi"), by: f.scaled("part")}
	if slopes {
		x.slope = f.pointer("slope")
	}
	defer func(before int) { f.gps = before }(f.gps)
	f.op("MOVD %s, row+%d(FP)", f.scaled("row"), f.offset("row")) // there is no register for it
	return x
}

func (x *stored) begin() {
	parts := func(base gp) []gp {
		p := []gp{base, x.sum(base, x.by, 0)}
		if !x.first {
			p = append(p, x.sum(p[1], x.by, 0))
		}
		return p
	}
	if x.at[0] = parts(x.phi); x.slopes {
		x.at[1] = parts(x.slope)
	}
}

func (x *stored) part(k, disp int) (phi, slope row) {
	if k < 0 {
		k += len(x.at[0])
	}
	phi = x.loaded(half, x.at[0][k], disp)
	if x.slopes {
		slope = x.loaded(half, x.at[1][k], disp)
	}
	return phi, slope
}

func (x *stored) end() {
	defer x.scope()()
	pitch := x.pointer("row")
	if x.advance(pitch, x.phi); x.slopes {
		x.advance(pitch, x.slope)
	}
}

func (x *stored) addGradient(gradient gp, sums row) {
	defer x.scope()()
	before := x.loaded(1, gradient, 0)
	x.add(before, before, sums)
	x.store(before, gradient, 0)
	x.advance(quad, gradient)
}

// tabulated is φ, and its derivatives by t, of the pairs' knots in a table.
type tabulated struct {
	*function
	slopes               bool
	parts                int
	knot, data, interval gp
	at                   gp // where the pair's coefficients lie
	t                    lane
	scale                row // of a pair's sums: that of φ′ becomes one by d
}

var tabulatedParameters = [2]string{"knots, data *float32, pairs int", "knots, data *float32, pairs int, perLength float32"}

func newTabulated(f *function, first, slopes bool) filter {
	x := &tabulated{function: f, slopes: slopes, parts: 3, knot: f.pointer("knots"), data: f.pointer("data"), interval: f.gp(), at: f.gp(), t: lane{f.row(1)[0], 0}}
	if first {
		x.parts = 2
	}
	f.op("MOVD $%d, %s", powers*x.parts*panel, x.interval)
	if slopes {
		x.scale = row{f.constant(1)}
		f.op("VMOV V%d.S[0], V%d.S[3]", f.number("perLength").vec, x.scale[0])
	}
	return x
}

func (x *tabulated) begin() {
	x.op("MOVW %d(%s), %s", knotBelow, x.knot, x.at)
	x.op("FMOVS (%s), F%d", x.knot, x.t.vec)
	x.op("MADD %s, %s, %s, %[3]s", x.interval, x.data, x.at)
	x.advance(knotSize, x.knot)
}

func (x *tabulated) part(k, disp int) (phi, slope row) {
	if k < 0 {
		k += x.parts
	}
	return x.curve(half, x.at, powers*k*panel+disp, x.t, x.slopes)
}

func (x *tabulated) end() {}

func (x *tabulated) addGradient(gradient gp, sums row) {
	defer x.scope()()
	before := x.loaded(1, gradient, 0)
	x.fma(before, sums, x.scale)
	x.store(before, gradient, 0)
	x.advance(quad, gradient)
}
