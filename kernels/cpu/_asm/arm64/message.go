package main

// message is both directions, with and without φv, with φ in memory.
func message(w *file) { bothMessages(w, "message", storedParameters, newStored) }

// messageTable is the same with φ out of a table.
func messageTable(w *file) { bothMessages(w, "messageTable", tabulatedParameters, newTabulated) }

// filter is where φ of a pair comes from.
type filter interface {
	begin()                            // finds the next pair's
	part(k, disp int) (phi, slope row) // of 8 features: φs for k = 0, φv or what comes after it for 1, φu for −1
	end()                              // after the last part
	addGradient(gradient gp, sums row) // puts a pair's sums over features, by u and φ′, to its gradient
}

// bothMessages writes them; parameters, forward and backward, are those of the filter.
func bothMessages(w *file, stem string, parameters [2]string, new func(f *function, first, slopes bool) filter) {
	for _, first := range []bool{true, false} {
		messageForward(w, stem, parameters[0], first, new)
		messageBackward(w, stem, parameters[1], first, new)
	}
}

func suffix(first bool) string {
	if first {
		return "FirstNEON"
	}
	return "NEON"
}

// state is where an array's scalars and vectors lie.
type state struct{ s, v gp }

func (f *function) state(s, v string) state { return state{f.pointer(s), f.pointer(v)} }

// atom is where those of an atom lie; triple is 3·number.
func (f *function) atom(a state, number, triple gp) state {
	return state{f.sum(a.s, number, panelBits), f.sum(a.v, triple, panelBits)}
}

// direction reads u of a pair, and goes on to the next one's.
func (f *function) direction(u gp) []lane {
	l := f.lanes(3, u, 0)
	f.advance(12, u)
	return l
}

// numbers reads those of a pair's atoms, and goes on to the next one's.
func (f *function) numbers(i, j gp) [2]gp {
	n := [2]gp{f.gp(), f.gp()}
	f.op("MOVW.P 4(%s), %s", i, n[0])
	f.op("MOVW.P 4(%s), %s", j, n[1])
	return n
}

// tripled makes atoms' numbers those of their vectors' rows, which are three of scalars.
func (f *function) tripled(numbers [2]gp) {
	for _, n := range numbers {
		f.op("ADD %s<<1, %[1]s, %[1]s", n)
	}
}

// ends is where the rows of I and J lie.
func (f *function) ends(base gp, numbers [2]gp) [2]gp {
	return [2]gp{f.sum(base, numbers[0], panelBits), f.sum(base, numbers[1], panelBits)}
}

// both is half of a row of both atoms.
func (f *function) both(at [2]gp, disp int) (i, j row) {
	return f.loaded(half, at[0], disp), f.loaded(half, at[1], disp)
}

// accumulate adds products to what is in memory.
func (f *function) accumulate(at gp, disp int, products ...[2]row) {
	defer f.scope()()
	sum := f.loaded(half, at, disp)
	for _, p := range products {
		f.fma(sum, p[0], p[1])
	}
	f.store(sum, at, disp)
}

// messageForward works on 8 features, so that the rows of atom I stay in registers while
// pairs that follow one another share it.
func messageForward(w *file, stem, parameters string, first bool, new func(f *function, first, slopes bool) filter) {
	f := w.function(stem+"Forward"+suffix(first), "is the forward message of 8 features; pointers are to the first of them.",
		"outS, outV, inS, inV *float32, i, j *int32, u *[3]float32, "+parameters)
	out, in := f.state("outS", "outV"), f.state("inS", "inV")
	i, j, u, left := f.pointer("i"), f.pointer("j"), f.pointer("u"), f.pointer("pairs")
	numberI, numberJ, triple := f.gp(), f.gp(), f.gp()
	outI, inI := f.stateRows(), f.stateRows()
	if first {
		inI = inI[:1]
	}
	phi := new(f, first, false)
	held := f.gp() // the atom I whose rows are in registers
	move := func(do func(r row, base gp, disp int), a state, r []row) {
		defer f.scope()()
		f.op("ADD %s<<1, %[1]s, %s", held, triple)
		at := f.atom(a, held, triple)
		for c := range r {
			if c == 0 {
				do(r[c], at.s, 0)
			} else {
				do(r[c], at.v, (c-1)*panel)
			}
		}
	}
	f.op("MOVW (%s), %s", i, numberI)
	f.op("B begin")
	f.label("other")
	move(f.store, out, outI)
	f.label("begin")
	f.op("MOVD %s, %s", numberI, held)
	move(f.load, out, outI)
	move(f.load, in, inI)

	f.label("same")
	f.op("MOVW.P 4(%s), %s", j, numberJ)
	f.op("ADD %s<<1, %[1]s, %s", numberJ, triple)
	outJ, inJ := f.atom(out, numberJ, triple), f.atom(in, numberJ, triple)
	direction := f.direction(u)
	phi.begin()
	phiS, _ := phi.part(0, 0)
	var phiV row
	if !first {
		phiV, _ = phi.part(1, 0)
	}
	phiU, _ := phi.part(-1, 0)
	phi.end()
	// An atom with itself has its rows in memory while those of J are added to.
	self := func(label string, do func()) {
		f.op("CMP %s, %s", held, numberJ)
		f.op("BNE %s", label)
		do()
		f.label(label)
	}
	self("apart", func() { move(f.store, out, outI) })
	sum := f.loaded(half, outJ.s, 0)
	f.fma(sum, inI[0], phiS)
	f.store(sum, outJ.s, 0)
	for c := range 3 {
		end := f.scope()
		sum := f.loaded(half, outJ.v, c*panel)
		f.fmsLane(sum, phiU, direction[c])
		if !first {
			f.fma(sum, inI[1+c], phiV)
		}
		f.store(sum, outJ.v, c*panel)
		end()
	}
	self("next", func() { move(f.load, out, outI) })
	f.load(sum, inJ.s, 0)
	f.fma(outI[0], sum, phiS)
	for c := range 3 {
		f.fmaLane(outI[1+c], phiU, direction[c])
		if !first {
			f.load(sum, inJ.v, c*panel)
			f.fma(outI[1+c], sum, phiV)
		}
	}
	f.op("SUBS $1, %s, %[1]s", left)
	f.op("BEQ done")
	f.op("MOVW.W 4(%s), %s", i, numberI)
	f.op("CMP %s, %s", held, numberI)
	f.op("BEQ same")
	f.op("B other")
	f.label("done")
	move(f.store, out, outI)
	f.ret()
}

// stateRows are registers for half of an atom's rows: s, x, y and z.
func (f *function) stateRows() (r []row) {
	for range 4 {
		r = append(r, f.row(half))
	}
	return r
}

func messageBackward(w *file, stem, parameters string, first bool, new func(f *function, first, slopes bool) filter) {
	f := w.function(stem+"Backward"+suffix(first), "is the backward message of 16 features; pointers are to the first of them.",
		"ginS, ginV, grad, gS, gV, inS, inV *float32, i, j *int32, u *[3]float32, "+parameters)
	grad, g, in, gin := f.pointer("grad"), f.state("gS", "gV"), state{s: f.pointer("inS")}, state{}
	if !first {
		in.v, gin = f.pointer("inV"), f.state("ginS", "ginV")
	}
	i, j, u, left := f.pointer("i"), f.pointer("j"), f.pointer("u"), f.pointer("pairs")
	b := backward{function: f, filter: new(f, first, true), first: first}

	f.label("pair")
	numbers := f.numbers(i, j)
	sums := f.row(4) // over features: x, y, z and d
	f.zero(sums...)
	for c := range b.sumU {
		b.sumU[c] = all(sums[c], half)
	}
	b.sumD, b.direction = all(sums[3], half), f.direction(u)
	b.begin()
	each := func(do func(g, in, gin [2]gp, disp int), at func(a state) gp) {
		defer f.scope()()
		g, in, gin := f.ends(at(g), numbers), f.ends(at(in), numbers), f.ends(at(gin), numbers)
		for disp := 0; disp < panel; disp += half * quad {
			end := f.scope()
			do(g, in, gin, disp)
			end()
		}
	}
	each(b.scalars, func(a state) gp { return a.s })
	f.tripled(numbers)
	each(b.vectors, func(a state) gp { return a.v })
	b.end()
	f.addp(sums[:1], sums[:1], sums[1:2])
	f.addp(sums[2:3], sums[2:3], sums[3:])
	f.addp(sums[:1], sums[:1], sums[2:3])
	b.addGradient(grad, sums[:1])
	f.repeat(left, 1, "pair")
	f.ret()
}

// backward is what both halves of a pair's features share. Rows of atoms are of I and of J.
type backward struct {
	*function
	filter
	first     bool
	direction []lane
	sumD      row    // each half adds to one register
	sumU      [3]row // and to one of x, y and z
}

func (b *backward) scalars(g, in, gin [2]gp, disp int) {
	gi, gj := b.both(g, disp)
	phiS, slopeS := b.part(0, disp)
	xi, xj := b.both(in, disp)
	b.mul(xj, xj, gi)
	b.fma(xj, xi, gj)
	b.fma(b.sumD, xj, slopeS)
	if !b.first {
		b.accumulate(gin[0], disp, [2]row{gj, phiS})
		b.accumulate(gin[1], disp, [2]row{gi, phiS})
	}
}

func (b *backward) vectors(g, in, gin [2]gp, disp int) {
	phiU, slopeU := b.part(-1, disp)
	along := b.row(half)      // u·(g_i − g_j)
	var phiV, slopeV, dot row // g_i·v_j + g_j·v_i
	if !b.first {
		phiV, slopeV = b.part(1, disp)
		dot = b.row(half)
	}
	for c := range 3 {
		end := b.scope()
		at := c*panel + disp
		gi, gj := b.both(g, at)
		d := b.row(half)
		b.sub(d, gi, gj)
		b.fma(b.sumU[c], phiU, d)
		if c == 0 {
			b.mulLane(along, d, b.direction[c])
		} else {
			b.fmaLane(along, d, b.direction[c])
		}
		if !b.first {
			xj := d
			b.load(xj, in[1], at)
			if c == 0 {
				b.mul(dot, gi, xj)
			} else {
				b.fma(dot, gi, xj)
			}
			b.fma(dot, gj, b.loaded(half, in[0], at))
			b.accumulate(gin[0], at, [2]row{gj, phiV})
			b.accumulate(gin[1], at, [2]row{gi, phiV})
		}
		end()
	}
	b.fma(b.sumD, along, slopeU)
	if !b.first {
		b.fma(b.sumD, dot, slopeV)
	}
}
