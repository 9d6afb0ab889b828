package main

// update is the kernels of atoms one after another, 16 features of each.
func update(w *file) {
	updateInput(w)
	updateVectors(w)
	updateOutput(w)
	updateOutputBackward(w)
	updateInputBackward(w)
}

// vectorsAt is a parameter that moves by the vectors of an atom, x, y and z.
func (f *function) vectorsAt(name string) (gp, strided) {
	p := f.pointer(name)
	return p, strided{p, 3 * panel}
}

// components is half of x, y and z of the vectors at base.
func (f *function) components(base gp, disp int) (r [3]row) {
	for c := range r {
		r[c] = f.loaded(half, base, c*panel+disp)
	}
	return r
}

// dot is a·b, of which a and b are x, y and z.
func (f *function) dot(a, b [3]row) row {
	sum := f.row(half)
	f.mul(sum, a[0], b[0])
	f.fma(sum, a[1], b[1])
	f.fma(sum, a[2], b[2])
	return sum
}

// addDot is sum += a·b.
func (f *function) addDot(sum row, a, b [3]row) {
	for c := range a {
		f.fma(sum, a[c], b[c])
	}
}

// floored is |v|² + floor, of which floor is a parameter.
func (f *function) floored(r [3]row, floor vec) row {
	n := f.dot(r, r)
	f.add(n, n, all(floor, half))
	return n
}

// everywhere is a parameter in all lanes of a register.
func (f *function) everywhere(name string) vec {
	l := f.number(name)
	f.op("VDUP V%d.S[0], %s", l.vec, l.vec)
	return l.vec
}

func updateInput(w *file) {
	f := w.function("updateInputNEON", "is s and |v| of atoms, x and norm row numbers apart.", "x, norm, s, v *float32, atoms, row int, floor float32")
	x, norm, s, pitch, floor := f.pointer("x"), f.pointer("norm"), f.pointer("s"), f.scaled("row"), f.everywhere("floor")
	from, next := f.vectorsAt("v")
	eachAtom(f, []strided{next, {s, panel}, {x, pitch}, {norm, pitch}}, func(disp int) {
		f.store(f.loaded(half, s, disp), x, disp)
		n := f.floored(f.components(from, disp), floor)
		f.sqrt(n, n)
		f.store(n, norm, disp)
	})
}

// mixing is the matrix M [3, 3], its elements in lanes.
type mixing struct {
	*function
	m []lane
}

func (f *function) newMixing() mixing { return mixing{f, f.lanes(9, f.pointer("m"), 0)} }

// times is row c of the matrix, or its column, times r.
func (x mixing) times(r [3]row, c int, transposed bool) row {
	sum := x.row(half)
	for k := range r {
		element := x.m[3*c+k]
		if transposed {
			element = x.m[3*k+c]
		}
		if k == 0 {
			x.mulLane(sum, r[k], element)
		} else {
			x.fmaLane(sum, r[k], element)
		}
	}
	return sum
}

// gated stores v ⊙ g1 + (M v) ⊙ g2.
func (x mixing) gated(v [3]row, g1, g2 row, out gp, disp int) {
	for c := range v {
		sum := x.times(v, c, false)
		x.mul(sum, sum, g2)
		x.fma(sum, v[c], g1)
		x.store(sum, out, c*panel+disp)
	}
}

func updateVectors(w *file) {
	f := w.function("updateVectorsNEON", "is v ⊙ g1 + (M v) ⊙ g2 of atoms, their gates row numbers apart.", "out, v, g1, g2 *float32, m *[3][3]float32, atoms, row int")
	pitch, g1, g2, m := f.scaled("row"), f.pointer("g1"), f.pointer("g2"), f.newMixing()
	out, nextOut := f.vectorsAt("out")
	from, next := f.vectorsAt("v")
	eachAtom(f, []strided{nextOut, next, {g1, pitch}, {g2, pitch}}, func(disp int) {
		m.gated(f.components(from, disp), f.loaded(half, g1, disp), f.loaded(half, g2, disp), out, disp)
	})
}

func updateOutput(w *file) {
	f := w.function("updateOutputNEON", "is UpdateOutput for 16 features of atoms, whose parts of y and of gates are full numbers apart.",
		"s, out, v, gates, y *float32, m *[3][3]float32, atoms, full int")
	full, m, s := f.scaled("full"), f.newMixing(), f.pointer("s")
	out, nextOut := f.vectorsAt("out")
	from, next := f.vectorsAt("v")
	y, moveY := f.parts("y", 3, full)
	gates, moveGates := f.parts("gates", 2, full)
	move := append(moveY, moveGates...)
	eachAtom(f, append(move, nextOut, next, strided{s, panel}), func(disp int) {
		sum := f.loaded(half, s, disp)
		f.add(sum, sum, f.loaded(half, y[0], disp))
		f.store(sum, s, disp)
		g1, g2 := f.loaded(half, y[1], disp), f.loaded(half, y[2], disp)
		f.store(g1, gates[0], disp)
		f.store(g2, gates[1], disp)
		m.gated(f.components(from, disp), g1, g2, out, disp)
	})
}

// parts are pointers to n parts of an atom's row, by bytes apart, and how they move.
func (f *function) parts(name string, n int, by gp) (p []gp, move []strided) {
	atom := by
	for k := range n {
		if k == 0 {
			p = append(p, f.pointer(name))
		} else {
			p = append(p, f.sum(p[k-1], by, 0))
			next := f.gp()
			f.op("ADD %s, %s, %s", by, atom, next)
			atom = next
		}
	}
	for _, q := range p {
		move = append(move, strided{q, atom})
	}
	return p, move
}

func updateOutputBackward(w *file) {
	f := w.function("updateOutputBackwardNEON", "is UpdateOutputBackward for 16 features of atoms, whose parts of gy and of gates are full numbers apart.",
		"gy, gs, gv, v, gates *float32, m *[3][3]float32, atoms, full int")
	full, m, gs := f.scaled("full"), f.newMixing(), f.pointer("gs")
	gv, nextGrad := f.vectorsAt("gv")
	from, next := f.vectorsAt("v")
	gy, moveGrads := f.parts("gy", 3, full)
	gates, moveGates := f.parts("gates", 2, full)
	move := append(moveGrads, moveGates...)
	eachAtom(f, append(move, nextGrad, next, strided{gs, panel}), func(disp int) {
		f.store(f.loaded(half, gs, disp), gy[0], disp)
		r, grad := f.components(from, disp), f.components(gv, disp)
		end := f.scope()
		f.store(f.dot(r, grad), gy[1], disp)
		f.store(f.dot([3]row{m.times(r, 0, false), m.times(r, 1, false), m.times(r, 2, false)}, grad), gy[2], disp)
		end()
		a, b := f.loaded(half, gates[0], disp), f.loaded(half, gates[1], disp)
		turned := r // which are done with
		for c := range 3 {
			f.mul(turned[c], grad[c], b)
			f.mul(grad[c], grad[c], a)
		}
		for c := range 3 {
			f.add(grad[c], grad[c], m.times(turned, c, true))
			f.store(grad[c], gv, c*panel+disp)
		}
	})
}

func updateInputBackward(w *file) {
	f := w.function("updateInputBackwardNEON", "is gs += gx and gv += gnorm·v/|v| of atoms, and nothing where |v| = 0; gx and gnorm are row numbers apart.",
		"gs, gv, gx, gnorm, v *float32, atoms, row int, floor float32")
	gx, gnorm, pitch, floor, gs := f.pointer("gx"), f.pointer("gnorm"), f.scaled("row"), f.everywhere("floor"), f.pointer("gs")
	gv, nextGrad := f.vectorsAt("gv")
	from, next := f.vectorsAt("v")
	least := f.constant(0x1p-126)
	eachAtom(f, []strided{nextGrad, next, {gs, panel}, {gx, pitch}, {gnorm, pitch}}, func(disp int) {
		sum := f.loaded(half, gs, disp)
		f.add(sum, sum, f.loaded(half, gx, disp))
		f.store(sum, gs, disp)
		r := f.components(from, disp)
		n, quotient := f.floored(r, floor), f.loaded(half, gnorm, disp)
		f.max(n, n, all(least, half)) // where |v| = 0 the quotient is then 0·finite
		f.sqrt(n, n)
		f.div(quotient, quotient, n)
		for c := range 3 {
			sum := f.loaded(half, gv, c*panel+disp)
			f.fma(sum, r[c], quotient)
			f.store(sum, gv, c*panel+disp)
		}
	})
}
