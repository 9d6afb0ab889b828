package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outer is gw[o] += Σ_r gy[r][o]·x[r], as many outputs o at a time as there are
// registers. AVX2 works on one panel of 16 columns, AVX-512 on two, as dense does.
func outer(v isa) {
	name, panels, most := "outerPanelAVX2", 1, 6
	if v.name == "AVX512" {
		name, panels, most = "outerPairAVX512", 2, 12
	}
	TEXT(name, NOSPLIT, "func(gw *float32, in int, gy *float32, stride int, x *float32, rows, out int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds %d columns of gyᵀ·x; rows of gw and x are in apart, those of gy stride.", name, 16*panels))
	gw, gy, out := pointer("gw"), pointer("gy"), pointer("out")
	in, stride := scaled("in"), scaled("stride")

	label := func(n int) string { return fmt.Sprintf("%douts", n) }
	for n := most; n >= 1; n-- {
		Label("try" + label(n))
		CMPQ(out, Imm(uint64(n)))
		JL(LabelRef("less" + label(n)))
		outerBlock(v, panels, gw, in, gy, stride, n)
		ADDQ(pitch(in, n), gw)
		ADDQ(Imm(uint64(4*n)), gy)
		SUBQ(Imm(uint64(n)), out)
		if n == most {
			JMP(LabelRef("try" + label(n)))
		}
		Label("less" + label(n))
	}
	VZEROUPPER()
	RET()
}

func outerBlock(v isa, panels int, gw, in, gy, stride reg.GPVirtual, outs int) {
	registers := panels * v.registers()
	to := newRowPointers(gw, in, outs)
	sums := make([][]reg.VecVirtual, outs)
	for o := range sums {
		for c := range registers {
			sums[o] = append(sums[o], v.load(to.row(o, c*v.bytes)))
		}
	}
	x, g, left := pointer("x"), GP64(), pointer("rows")
	MOVQ(gy, g)
	loop := fmt.Sprintf("each%douts", outs)
	Label(loop)
	var columns []reg.VecVirtual
	for c := range registers {
		columns = append(columns, v.load(Mem{Base: x, Disp: c * v.bytes}))
	}
	for o := range sums {
		seed := v.broadcast(Mem{Base: g, Disp: 4 * o})
		for c, sum := range sums[o] {
			VFMADD231PS(seed, columns[c], sum)
		}
	}
	ADDQ(in, x)
	ADDQ(stride, g)
	DECQ(left)
	JNZ(LabelRef(loop))
	for o := range sums {
		for c, sum := range sums[o] {
			VMOVUPS(sum, to.row(o, c*v.bytes))
		}
	}
}
