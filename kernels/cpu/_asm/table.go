package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The layout of a Spline: twelve weights and the knot.
const splineKnot, splineSize = 48, 52

// splinesAhead is how many bytes ahead of their turn splines are fetched.
const splinesAhead = 1024

// tableRows is, per pair, the six rows of its interval weighted by six weights,
// for φ, or twice, for φ and its slope.
func tableRows(v isa, slopes bool) {
	name, parameters := "tableRows"+v.name, "dst"
	if slopes {
		name, parameters = "tableSlopes"+v.name, "dst, slope"
	}
	TEXT(name, NOSPLIT, "func("+parameters+", knots *float32, splines *float32, pairs, row int)")
	Pragma("noescape")
	Doc(name + " interpolates rows of row numbers, a multiple of 16.")
	outputs := []reg.GPVirtual{pointer("dst")}
	if slopes {
		outputs = append(outputs, pointer("slope"))
	}
	knots, spline, pairs, row := pointer("knots"), pointer("splines"), pointer("pairs"), scaled("row")
	three, five := GP64(), GP64()
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, three)
	LEAQ(Mem{Base: row, Index: row, Scale: 4}, five)

	Label("pair")
	weights := make([][]reg.VecVirtual, len(outputs))
	for o := range weights {
		for k := range 6 {
			if k == 2 { // the weight of φ itself is 1 in φ and 0 in its slope
				weights[o] = append(weights[o], nil)
				continue
			}
			weights[o] = append(weights[o], v.broadcast(Mem{Base: spline, Disp: 24*o + 4*k}))
		}
	}
	y, left := GP64(), GP64()
	PREFETCHT0(Mem{Base: spline, Disp: splinesAhead}) // the hardware stops at the end of a page
	MOVLQSX(Mem{Base: spline, Disp: splineKnot}, y)
	IMULQ(row, y)
	SHLQ(Imm(2), y) // knotRows
	ADDQ(knots, y)
	MOVQ(row, left)
	Label("panel")
	for g := range v.groups() {
		disp := g * v.bytes
		rows := []Mem{{Base: y, Disp: disp}, at(y, row, disp), {}, at(y, three, disp), {Base: y, Index: row, Scale: 4, Disp: disp}, at(y, five, disp)}
		sums := []reg.VecVirtual{v.load(Mem{Base: y, Index: row, Scale: 2, Disp: disp})}
		if slopes {
			sums = append(sums, v.vector())
		}
		for k, m := range rows {
			if k == 2 {
				continue
			}
			r := v.load(m)
			VFMADD231PS(r, weights[0][k], sums[0])
			switch {
			case slopes && k == 0:
				VMULPS(r, weights[1][k], sums[1])
			case slopes:
				VFMADD231PS(r, weights[1][k], sums[1])
			}
		}
		for o, sum := range sums {
			VMOVUPS(sum, Mem{Base: outputs[o], Disp: disp})
		}
	}
	ADDQ(Imm(panel), y)
	for _, out := range outputs {
		ADDQ(Imm(panel), out)
	}
	SUBQ(Imm(panel), left)
	JNZ(LabelRef("panel"))
	ADDQ(Imm(splineSize), spline)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}
