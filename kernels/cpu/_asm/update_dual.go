package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func updateDual(v isa) {
	updateNormTangent(v)
	updateNormDualBackward(v)
	updateVectorsTangent(v)
	updateVectorsDualBackward(v)
}

// dot adds a·b to sum, of which a and b are x, y and z.
func dot(sum reg.VecVirtual, a, b [3]reg.VecVirtual) {
	for c := range a {
		VFMADD231PS(a[c], b[c], sum)
	}
}

func updateNormTangent(v isa) {
	TEXT("updateNormTangent"+v.name, NOSPLIT, "func(rate, norm, v, dv *float32, atoms, row int)")
	Pragma("noescape")
	Doc("updateNormTangent" + v.name + " is v·dv/|v| of atoms, and 0 where |v| = 0; norms and their rates are row numbers apart.")
	rate, norm, row := pointer("rate"), pointer("norm"), scaled("row")
	from, next := vectorsAt("v")
	tangent, nextTangent := vectorsAt("dv")
	least := v.broadcast(constant("leastRate"+v.name, 0x1p-63))
	eachAtom(v, []strided{next, nextTangent, {rate, row}, {norm, row}}, func(disp int) {
		sum, n := v.vector(), v.vector()
		v.zero(sum)
		dot(sum, loadAll(v, from, disp), loadAll(v, tangent, disp))
		VMAXPS(Mem{Base: norm, Disp: disp}, least, n)
		VDIVPS(n, sum, sum)
		VMOVUPS(sum, Mem{Base: rate, Disp: disp})
	})
}

func updateNormDualBackward(v isa) {
	TEXT("updateNormDualBackward"+v.name, NOSPLIT, "func(lv, ln, gn, v, dv, norm, rate *float32, atoms, row int)")
	Pragma("noescape")
	Doc("updateNormDualBackward" + v.name + " is lv += ln·v/n + gn·(v̇/n − v·ṅ/n²) of atoms, and nothing where n = 0; all of norms are row numbers apart.")
	ln, gn, norm, rate, row := pointer("ln"), pointer("gn"), pointer("norm"), pointer("rate"), scaled("row")
	to, nextTo := vectorsAt("lv")
	from, next := vectorsAt("v")
	tangent, nextTangent := vectorsAt("dv")
	least := v.broadcast(constant("leastNorm"+v.name, 0x1p-60))
	eachAtom(v, []strided{nextTo, next, nextTangent, {ln, row}, {gn, row}, {norm, row}, {rate, row}}, func(disp int) {
		inv, along, by := v.load(Mem{Base: norm, Disp: disp}), v.vector(), v.load(Mem{Base: ln, Disp: disp})
		most := v.vector()
		VMAXPS(inv, least, most)
		VDIVPS(most, inv, inv) // 1, or 0 where n = 0
		VDIVPS(most, inv, inv)
		VMULPS(Mem{Base: gn, Disp: disp}, inv, along)
		VFNMADD231PS(Mem{Base: rate, Disp: disp}, along, by)
		VMULPS(inv, by, by)
		for c := range 3 {
			sum := v.load(component(to, c, disp))
			VFMADD231PS(component(from, c, disp), by, sum)
			VFMADD231PS(component(tangent, c, disp), along, sum)
			VMOVUPS(sum, component(to, c, disp))
		}
	})
}

func updateVectorsTangent(v isa) {
	TEXT("updateVectorsTangent"+v.name, NOSPLIT, "func(dout, v, dv, g1, g2, d1, d2 *float32, m *[3][3]float32, atoms, row int)")
	Pragma("noescape")
	Doc("updateVectorsTangent" + v.name + " is UpdateVectorsTangent of atoms, their gates and rates of gates row numbers apart.")
	row, g1, g2, d1, d2, m := scaled("row"), pointer("g1"), pointer("g2"), pointer("d1"), pointer("d2"), newMixing(v)
	out, nextOut := vectorsAt("dout")
	from, next := vectorsAt("v")
	tangent, nextTangent := vectorsAt("dv")
	eachAtom(v, []strided{nextOut, next, nextTangent, {g1, row}, {g2, row}, {d1, row}, {d2, row}}, func(disp int) {
		r, t := loadAll(v, from, disp), loadAll(v, tangent, disp)
		for c := range 3 {
			sum := m.times(t, c, false)
			VMULPS(Mem{Base: g2, Disp: disp}, sum, sum)
			VFMADD231PS(Mem{Base: d2, Disp: disp}, m.times(r, c, false), sum)
			VFMADD231PS(Mem{Base: g1, Disp: disp}, t[c], sum)
			VFMADD231PS(Mem{Base: d1, Disp: disp}, r[c], sum)
			VMOVUPS(sum, component(out, c, disp))
		}
	})
}

func updateVectorsDualBackward(v isa) {
	TEXT("updateVectorsDualBackward"+v.name, NOSPLIT, "func(lv, lg1, lg2, gv, v, dv, g1, g2, d1, d2 *float32, m *[3][3]float32, atoms, rows, row int)")
	Pragma("noescape")
	Doc("updateVectorsDualBackward" + v.name + " is UpdateVectorsDualBackward of atoms, their gates row numbers apart, and rows those of the gates' gradients.")
	// There are too many pointers for registers: gates lie at fixed places from g1.
	m, gates := newMixing(v), GP64()
	rows, row := scaled("rows"), scaled("row")
	XORQ(gates, gates) // how far the gates of this atom are from those of the first
	lv, nextGrad := vectorsAt("lv")
	gv, nextG := vectorsAt("gv")
	from, next := vectorsAt("v")
	tangent, nextTangent := vectorsAt("dv")
	lgates := GP64()
	XORQ(lgates, lgates)
	gate := func(name string, by reg.GPVirtual, disp int) Mem { return at(pointer(name), by, disp) }
	eachAtom(v, []strided{nextGrad, nextG, next, nextTangent, {gates, row}, {lgates, rows}}, func(disp int) {
		r, t := loadAll(v, from, disp), loadAll(v, tangent, disp)
		l, s := loadAll(v, lv, disp), loadAll(v, gv, disp)
		first, second := v.vector(), v.vector()
		v.zero(first)
		v.zero(second)
		dot(first, r, l)
		dot(first, t, s)
		for c := range 3 {
			VFMADD231PS(m.times(r, c, false), l[c], second)
			VFMADD231PS(m.times(t, c, false), s[c], second)
		}
		VMOVUPS(first, gate("lg1", lgates, disp))
		VMOVUPS(second, gate("lg2", lgates, disp))
		var turned [3]reg.VecVirtual
		for c := range 3 {
			turned[c] = v.vector()
			VMULPS(gate("g2", gates, disp), l[c], turned[c])
			VFMADD231PS(gate("d2", gates, disp), s[c], turned[c])
			VMULPS(gate("g1", gates, disp), l[c], l[c])
			VFMADD231PS(gate("d1", gates, disp), s[c], l[c])
		}
		for c := range 3 {
			VADDPS(m.times(turned, c, true), l[c], l[c])
			VMOVUPS(l[c], component(lv, c, disp))
		}
	})
}
