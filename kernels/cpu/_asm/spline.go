package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// splineBasis is B_m(t) and, if asked, B_m′(t)/step, of the pair at knot.
func splineBasis(v isa, name string, knot reg.GPVirtual, slopes bool) (values, rates [4]reg.VecVirtual) {
	number := func(what string, x float64) reg.VecVirtual { return v.broadcast(constant(name+what+v.name, x)) }
	t := v.broadcast(Mem{Base: knot})
	one, half := number("one", 1), number("half", 0.5)
	u, t2, u2 := v.vector(), v.vector(), v.vector()
	VSUBPS(t, one, u)
	VMULPS(t, t, t2)
	VMULPS(u, u, u2)
	sixth, thirds := number("sixth", 1./6), number("thirds", 2./3)
	// cube is x³/6, and inner (x/2 − 1)·x² + 2/3.
	cube := func(x, square reg.VecVirtual) reg.VecVirtual {
		r := v.vector()
		VMULPS(x, square, r)
		VMULPS(sixth, r, r)
		return r
	}
	inner := func(x, square reg.VecVirtual) reg.VecVirtual {
		r := v.vector()
		VMOVUPS(x, r)
		VFMSUB213PS(one, half, r)
		VFMADD213PS(thirds, square, r)
		return r
	}
	values = [4]reg.VecVirtual{cube(u, u2), inner(t, t2), inner(u, u2), cube(t, t2)}
	if !slopes {
		return values, rates
	}
	scale := v.number("perLength")
	threeHalves, two := number("threeHalves", 1.5), number("two", 2)
	outer := func(square reg.VecVirtual) reg.VecVirtual { // x²/2
		VMULPS(half, square, square)
		VMULPS(scale, square, square)
		return square
	}
	middle := func(x reg.VecVirtual) reg.VecVirtual { // (3/2·x − 2)·x
		r := v.vector()
		VMOVUPS(x, r)
		VFMSUB213PS(two, threeHalves, r)
		VMULPS(x, r, r)
		VMULPS(scale, r, r)
		return r
	}
	rates = [4]reg.VecVirtual{outer(u2), middle(t), middle(u), outer(t2)}
	zero := v.vector()
	v.zero(zero)
	VSUBPS(rates[0], zero, rates[0])
	VSUBPS(rates[2], zero, rates[2])
	return values, rates
}

// splineRow finds the first of a pair's four rows of coefficients.
func splineRow(data, knot, row reg.GPVirtual) reg.GPVirtual {
	c := GP64()
	MOVLQSX(Mem{Base: knot, Disp: knotBelow}, c)
	IMULQ(row, c)
	ADDQ(data, c)
	return c
}

// splineRows is φ of pairs, and with slopes φ′ too.
func splineRows(v isa, slopes bool) {
	name, parameters, perLength := "splineValues", "phi", ""
	if slopes {
		name, parameters, perLength = "splineSlopes", "phi, slope", ", perLength float32"
	}
	TEXT(name+v.name, NOSPLIT, "func("+parameters+", data, knots *float32, pairs, row int"+perLength+")")
	Pragma("noescape")
	Doc(name + v.name + " interpolates rows of row numbers, a multiple of 16.")
	phi, slope := pointer("phi"), GP64()
	if slopes {
		Load(Param("slope"), slope)
	}
	data, knot, pairs, row, three := pointer("data"), pointer("knots"), pointer("pairs"), scaled("row"), GP64()
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, three)
	Label("pair")
	values, rates := splineBasis(v, name, knot, slopes)
	c, left := splineRow(data, knot, row), GP64()
	MOVQ(row, left)
	Label("panel")
	var coefficients [4]reg.VecVirtual
	for m, at := range []Mem{{Base: c}, {Base: c, Index: row, Scale: 1}, {Base: c, Index: row, Scale: 2}, {Base: c, Index: three, Scale: 1}} {
		coefficients[m] = v.load(at)
	}
	sum := func(weights [4]reg.VecVirtual, to reg.GPVirtual) {
		r := v.vector()
		VMULPS(coefficients[0], weights[0], r)
		for m := 1; m < 4; m++ {
			VFMADD231PS(coefficients[m], weights[m], r)
		}
		VMOVUPS(r, Mem{Base: to})
		ADDQ(Imm(uint64(v.bytes)), to)
	}
	sum(values, phi)
	if slopes {
		sum(rates, slope)
	}
	ADDQ(Imm(uint64(v.bytes)), c)
	SUBQ(Imm(uint64(v.bytes)), left)
	JNZ(LabelRef("panel"))
	ADDQ(Imm(knotSize), knot)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

// splineScatter adds gphi and gslope of pairs to the coefficients.
func splineScatter(v isa) {
	name := "splineScatter"
	TEXT(name+v.name, NOSPLIT, "func(data, gphi, gslope, knots *float32, pairs, row int, perLength float32)")
	Pragma("noescape")
	Doc(name + v.name + " adds rows of row numbers, a multiple of 16.")
	gphi, gslope := pointer("gphi"), pointer("gslope")
	data, knot, pairs, row, three := pointer("data"), pointer("knots"), pointer("pairs"), scaled("row"), GP64()
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, three)
	Label("pair")
	values, rates := splineBasis(v, name, knot, true)
	c, left := splineRow(data, knot, row), GP64()
	MOVQ(row, left)
	Label("panel")
	value, slope := v.load(Mem{Base: gphi}), v.load(Mem{Base: gslope})
	for m, at := range []Mem{{Base: c}, {Base: c, Index: row, Scale: 1}, {Base: c, Index: row, Scale: 2}, {Base: c, Index: three, Scale: 1}} {
		sum := v.load(at)
		VFMADD231PS(value, values[m], sum)
		VFMADD231PS(slope, rates[m], sum)
		VMOVUPS(sum, at)
	}
	for _, p := range []reg.GPVirtual{gphi, gslope, c} {
		ADDQ(Imm(uint64(v.bytes)), p)
	}
	SUBQ(Imm(uint64(v.bytes)), left)
	JNZ(LabelRef("panel"))
	ADDQ(Imm(knotSize), knot)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}
