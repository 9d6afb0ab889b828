package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The layout of a Spline: twelve weights and the knot.
const splineKnot, splineSize = 48, 52

// tableRows is, per pair, the six rows of its interval weighted by six weights.
func tableRows(v isa) {
	TEXT("tableRows"+v.name, NOSPLIT, "func(dst, knots *float32, splines *float32, pairs, row, first int)")
	Pragma("noescape")
	Doc("tableRows" + v.name + " interpolates rows of row numbers, a multiple of 16, with the weights from first on.")
	dst, knots, spline, pairs := pointer("dst"), pointer("knots"), pointer("splines"), pointer("pairs")
	row, first := scaled("row"), scaled("first")
	three, five := GP64(), GP64()
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, three)
	LEAQ(Mem{Base: row, Index: row, Scale: 4}, five)

	Label("pair")
	var weights []reg.VecVirtual
	for k := range 6 {
		weights = append(weights, v.broadcast(at(spline, first, 4*k)))
	}
	y, left := GP64(), GP64()
	MOVLQSX(Mem{Base: spline, Disp: splineKnot}, y)
	IMULQ(row, y)
	SHLQ(Imm(2), y) // knotRows
	ADDQ(knots, y)
	MOVQ(row, left)
	Label("panel")
	for g := range v.groups() {
		disp := g * v.bytes
		sum := v.vector()
		VMULPS(Mem{Base: y, Disp: disp}, weights[0], sum)
		VFMADD231PS(at(y, row, disp), weights[1], sum)
		VFMADD231PS(Mem{Base: y, Index: row, Scale: 2, Disp: disp}, weights[2], sum)
		VFMADD231PS(at(y, three, disp), weights[3], sum)
		VFMADD231PS(Mem{Base: y, Index: row, Scale: 4, Disp: disp}, weights[4], sum)
		VFMADD231PS(at(y, five, disp), weights[5], sum)
		VMOVUPS(sum, Mem{Base: dst, Disp: disp})
	}
	ADDQ(Imm(panel), y)
	ADDQ(Imm(panel), dst)
	SUBQ(Imm(panel), left)
	JNZ(LabelRef("panel"))
	ADDQ(Imm(splineSize), spline)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}
