package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairGradients is PairGradients for a multiple of four pairs.
func pairGradients(v isa) {
	if v.name == "AVX512" {
		pairGradientsWide(v)
	} else {
		pairGradientsNarrow()
	}
}

// pairGradientsWide gives each pair four lanes of a register: x, y, z and one more.
func pairGradientsWide(v isa) {
	TEXT("pairGradientsAVX512", NOSPLIT, "func(forces *[3]float32, virial *[3][3]float64, x *[3]float32, d *float32, grad *[4]float32, pairs int)")
	Pragma("noescape")
	Doc("pairGradientsAVX512 is PairGradients for a multiple of four pairs, and more than none.")
	forces, x, d, grad, left := pointer("forces"), pointer("x"), pointer("d"), pointer("grad"), pointer("pairs")

	// Between rows of three numbers and of four.
	spread := v.load(indices("spread", 0, 1, 2, 15, 3, 4, 5, 15, 6, 7, 8, 15, 9, 10, 11, 15))
	pack := v.load(indices("pack", 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15))
	each := v.load(indices("each", 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3))
	eps, one := v.broadcast(constant("unitEps", 1e-8)), v.broadcast(constant("pairOne", 1))
	bits, twelve, three := GP32(), K(), K()
	MOVL(U32(1<<12-1), bits)
	KMOVW(bits, twelve)
	MOVL(U32(1<<3-1), bits)
	KMOVW(bits, three)
	sums := [2][]reg.VecVirtual{v.vectors(3), v.vectors(3)} // of x, y, z of the gradient with x, y, z: of two pairs each
	for _, half := range sums {
		for _, sum := range half {
			v.zero(sum)
		}
	}

	Label("four")
	r, distance, g := v.vector(), v.vector(), v.load(Mem{Base: grad})
	VMOVUPS_Z(Mem{Base: x}, twelve, r)
	VPERMPS(r, spread, r)
	VBROADCASTF32X4(Mem{Base: d}, distance)
	VPERMILPS(each, distance, distance)
	inverse, dot, swapped := v.vector(), v.vector(), v.vector()
	VADDPS(eps, distance, inverse)
	VDIVPS(inverse, one, inverse)
	VMULPS(r, g, dot)
	VPERMILPS(Imm(0b10110001), dot, swapped)
	VADDPS(swapped, dot, dot)
	VPERMILPS(Imm(0b01001110), dot, swapped)
	VADDPS(swapped, dot, dot)
	along := v.vector()
	VPERMILPS(Imm(0b11111111), g, along)
	VMULPS(inverse, dot, dot)
	VMULPS(inverse, dot, dot)
	VSUBPS(dot, along, along)
	VDIVPS(distance, along, along)
	VMULPS(r, along, along)
	VMULPS(inverse, g, g)
	VADDPS(g, along, g)
	packed := v.vector()
	VPERMPS(g, pack, packed)
	VMOVUPS(packed, twelve, Mem{Base: forces})

	for half, sum := range sums {
		gradient, position := g.AsY(), r.AsY()
		if half == 1 {
			gradient, position = YMM(), YMM()
			VEXTRACTF64X4(Imm(1), g, gradient)
			VEXTRACTF64X4(Imm(1), r, position)
		}
		wide, at := v.vector(), v.vector()
		VCVTPS2PD(gradient, wide)
		VCVTPS2PD(position, at)
		for c := range sum {
			component := v.vector()
			VPERMPD(Imm(uint64(c*0b01010101)), wide, component)
			VFNMADD231PD(at, component, sum[c])
		}
	}
	ADDQ(Imm(48), forces)
	ADDQ(Imm(48), x)
	ADDQ(Imm(16), d)
	ADDQ(Imm(64), grad)
	SUBQ(Imm(4), left)
	JNZ(LabelRef("four"))

	virial := pointer("virial")
	for c, sum := range sums[0] {
		VADDPD(sums[1][c], sum, sum)
		high := YMM()
		VEXTRACTF64X4(Imm(1), sum, high)
		VADDPD(sum.AsY(), high, high)
		VMOVUPD(high, three, Mem{Base: virial, Disp: 24 * c})
	}
	VZEROUPPER()
	RET()
}

// indices is 16 numbers of lanes in memory.
func indices(name string, lanes ...uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, lane := range lanes {
		DATA(4*i, U32(lane))
	}
	return m
}
