package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The layout of a Knot: the share of the interval, and the knot below.
const knotBelow, knotSize = 4, 8

// tableRows is, per pair, the polynomials of its interval at its t, and with
// slopes their derivatives, both by Horner's rule.
func tableRows(v isa, slopes bool) {
	name, parameters, perLength := "tableRows"+v.name, "dst", ""
	if slopes {
		name, parameters, perLength = "tableSlopes"+v.name, "dst, slope", ", perLength float32"
	}
	TEXT(name, NOSPLIT, "func("+parameters+", data, knots *float32, pairs, row int"+perLength+")")
	Pragma("noescape")
	Doc(name + " interpolates rows of row numbers, a multiple of 16.")
	outputs := []reg.GPVirtual{pointer("dst")}
	var scale reg.VecVirtual
	if slopes {
		outputs = append(outputs, pointer("slope"))
		scale = v.number("perLength")
	}
	data, knot, pairs, row := pointer("data"), pointer("knots"), pointer("pairs"), scaled("row")

	Label("pair")
	t, c, left := v.broadcast(Mem{Base: knot}), GP64(), GP64()
	MOVLQSX(Mem{Base: knot, Disp: knotBelow}, c)
	LEAQ(Mem{Base: c, Index: c, Scale: 4}, c) // the five coefficients of an interval
	IMULQ(row, c)
	ADDQ(data, c)
	MOVQ(row, left)
	Label("panel")
	for g := range v.registers() {
		disp := g * v.bytes
		sums := []reg.VecVirtual{v.load(Mem{Base: c, Disp: disp})}
		if slopes {
			sums = append(sums, v.vector())
			VMOVAPS(sums[0], sums[1])
		}
		for n := 3; n >= 0; n-- {
			if slopes && n < 3 {
				VFMADD213PS(sums[0], t, sums[1])
			}
			VFMADD213PS(Mem{Base: c, Disp: (4-n)*panel + disp}, t, sums[0])
		}
		if slopes {
			VMULPS(scale, sums[1], sums[1])
		}
		for o, sum := range sums {
			VMOVUPS(sum, Mem{Base: outputs[o], Disp: disp})
		}
	}
	ADDQ(I32(5*panel), c)
	for _, out := range outputs {
		ADDQ(Imm(panel), out)
	}
	SUBQ(Imm(panel), left)
	JNZ(LabelRef("panel"))
	ADDQ(Imm(knotSize), knot)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}
