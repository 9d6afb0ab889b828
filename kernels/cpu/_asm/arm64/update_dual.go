package main

func updateDual(w *file) {
	updateNormTangent(w)
	updateNormDualBackward(w)
	updateVectorsTangent(w)
	updateVectorsDualBackward(w)
}

func updateNormTangent(w *file) {
	f := w.function("updateNormTangentNEON", "is v·dv/|v| of atoms, and 0 where |v| = 0; norms and their rates are row numbers apart.",
		"rate, norm, v, dv *float32, atoms, row int")
	rate, norm, pitch, least := f.pointer("rate"), f.pointer("norm"), f.scaled("row"), f.constant(0x1p-63)
	from, next := f.vectorsAt("v")
	tangent, nextTangent := f.vectorsAt("dv")
	eachAtom(f, []strided{next, nextTangent, {rate, pitch}, {norm, pitch}}, func(disp int) {
		sum, n := f.dot(f.components(from, disp), f.components(tangent, disp)), f.loaded(half, norm, disp)
		f.max(n, n, all(least, half))
		f.div(sum, sum, n)
		f.store(sum, rate, disp)
	})
}

func updateNormDualBackward(w *file) {
	f := w.function("updateNormDualBackwardNEON", "is lv += ln·v/n + gn·(v̇/n − v·ṅ/n²) of atoms, and nothing where n = 0; all of norms are row numbers apart.",
		"lv, ln, gn, v, dv, norm, rate *float32, atoms, row int")
	ln, gn, norm, rate, pitch, least := f.pointer("ln"), f.pointer("gn"), f.pointer("norm"), f.pointer("rate"), f.scaled("row"), f.constant(0x1p-60)
	to, nextTo := f.vectorsAt("lv")
	from, next := f.vectorsAt("v")
	tangent, nextTangent := f.vectorsAt("dv")
	eachAtom(f, []strided{nextTo, next, nextTangent, {ln, pitch}, {gn, pitch}, {norm, pitch}, {rate, pitch}}, func(disp int) {
		inv, by, most := f.loaded(half, norm, disp), f.loaded(half, ln, disp), f.row(half)
		f.max(most, inv, all(least, half))
		f.div(inv, inv, most) // 1, or 0 where n = 0
		f.div(inv, inv, most)
		along := f.loaded(half, gn, disp)
		f.mul(along, along, inv)
		f.fms(by, along, f.loaded(half, rate, disp))
		f.mul(by, by, inv)
		for c := range 3 {
			end, at := f.scope(), c*panel+disp
			f.accumulate(to, at, [2]row{f.loaded(half, from, at), by}, [2]row{f.loaded(half, tangent, at), along})
			end()
		}
	})
}

func updateVectorsTangent(w *file) {
	f := w.function("updateVectorsTangentNEON", "is UpdateVectorsTangent of atoms, their gates and rates of gates row numbers apart.",
		"dout, v, dv, g1, g2, d1, d2 *float32, m *[3][3]float32, atoms, row int")
	pitch, g1, g2, d1, d2, m := f.scaled("row"), f.pointer("g1"), f.pointer("g2"), f.pointer("d1"), f.pointer("d2"), f.newMixing()
	out, nextOut := f.vectorsAt("dout")
	from, next := f.vectorsAt("v")
	tangent, nextTangent := f.vectorsAt("dv")
	eachAtom(f, []strided{nextOut, next, nextTangent, {g1, pitch}, {g2, pitch}, {d1, pitch}, {d2, pitch}}, func(disp int) {
		r, t := f.components(from, disp), f.components(tangent, disp)
		a, b := f.loaded(half, g1, disp), f.loaded(half, g2, disp)
		da, db := f.loaded(half, d1, disp), f.loaded(half, d2, disp)
		for c := range 3 {
			end := f.scope()
			sum := m.times(t, c, false)
			f.mul(sum, sum, b)
			f.fma(sum, m.times(r, c, false), db)
			f.fma(sum, t[c], a)
			f.fma(sum, r[c], da)
			f.store(sum, out, c*panel+disp)
			end()
		}
	})
}

func updateVectorsDualBackward(w *file) {
	f := w.function("updateVectorsDualBackwardNEON", "is UpdateVectorsDualBackward of atoms, their gates row numbers apart, and rows those of the gates' gradients.",
		"lv, lg1, lg2, gv, v, dv, g1, g2, d1, d2 *float32, m *[3][3]float32, atoms, rows, row int")
	rows, pitch, m, lg1, lg2 := f.scaled("rows"), f.scaled("row"), f.newMixing(), f.pointer("lg1"), f.pointer("lg2")
	g1, g2, d1, d2 := f.pointer("g1"), f.pointer("g2"), f.pointer("d1"), f.pointer("d2")
	lv, nextGrad := f.vectorsAt("lv")
	gv, nextG := f.vectorsAt("gv")
	from, next := f.vectorsAt("v")
	tangent, nextTangent := f.vectorsAt("dv")
	move := []strided{nextGrad, nextG, next, nextTangent, {lg1, rows}, {lg2, rows}, {g1, pitch}, {g2, pitch}, {d1, pitch}, {d2, pitch}}
	eachAtom(f, move, func(disp int) {
		l, r := f.components(lv, disp), f.components(from, disp)
		first, second := f.dot(r, l), f.row(half)
		f.zero(second...)
		mixed := func(r, g [3]row) { // second += g·(M r)
			for c := range 3 {
				end := f.scope()
				f.fma(second, m.times(r, c, false), g[c])
				end()
			}
		}
		mixed(r, l)
		t, s := r, f.components(gv, disp)
		for c := range t {
			f.load(t[c], tangent, c*panel+disp)
		}
		f.addDot(first, t, s)
		mixed(t, s)
		f.store(first, lg1, disp)
		f.store(second, lg2, disp)
		turned, gate := t, first
		weighed := func(to [3]row, a, b gp) { // l ⊙ a + s ⊙ b
			f.load(gate, a, disp)
			for c := range to {
				f.mul(to[c], l[c], gate)
			}
			f.load(gate, b, disp)
			for c := range to {
				f.fma(to[c], s[c], gate)
			}
		}
		weighed(turned, g2, d2)
		weighed(l, g1, d1)
		for c := range 3 {
			end := f.scope()
			f.add(l[c], l[c], m.times(turned, c, true))
			f.store(l[c], lv, c*panel+disp)
			end()
		}
	})
}
