package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Here each of four pairs has a lane, and each component a register. What the code
// for AVX-512 has none of its own of is the same there.

// lanes chooses lanes a and b of one register and c and d of another.
func lanes(a, b, c, d uint64) Constant { return Imm(a | b<<2 | c<<4 | d<<6) }

// shuffled is the chosen lanes of low and of high.
func shuffled(choice Constant, low reg.VecVirtual, high Op) reg.VecVirtual {
	r := XMM()
	VSHUFPS(choice, high, low, r)
	return r
}

// components is x, y and z of the four rows of three numbers at m.
func components(m reg.GPVirtual) [3]reg.VecVirtual {
	first, second, third := XMM(), XMM(), XMM()
	VMOVUPS(Mem{Base: m}, first)                     // x0 y0 z0 x1
	VMOVUPS(Mem{Base: m, Disp: 16}, second)          // y1 z1 x2 y2
	VMOVUPS(Mem{Base: m, Disp: 32}, third)           // z2 x3 y3 z3
	xy := shuffled(lanes(2, 3, 1, 2), second, third) // x2 y2 x3 y3
	yz := shuffled(lanes(1, 2, 0, 1), first, second) // y0 z0 y1 z1
	return [3]reg.VecVirtual{
		shuffled(lanes(0, 3, 0, 2), first, xy),
		shuffled(lanes(0, 2, 1, 3), yz, xy),
		shuffled(lanes(1, 3, 0, 3), yz, third),
	}
}

// storeComponents is the reverse of components.
func storeComponents(r [3]reg.VecVirtual, m reg.GPVirtual) {
	x, y, z := r[0], r[1], r[2]
	xy := shuffled(lanes(0, 2, 0, 2), x, y) // x0 x2 y0 y2
	yz := shuffled(lanes(1, 3, 1, 3), y, z) // y1 y3 z1 z3
	zx := shuffled(lanes(0, 2, 1, 3), z, x) // z0 z2 x1 x3
	VMOVUPS(shuffled(lanes(0, 2, 0, 2), xy, zx), Mem{Base: m})
	VMOVUPS(shuffled(lanes(0, 2, 1, 3), yz, xy), Mem{Base: m, Disp: 16})
	VMOVUPS(shuffled(lanes(1, 3, 1, 3), zx, yz), Mem{Base: m, Disp: 32})
}

// columns is the four columns of the four rows of four numbers at m.
func columns(m reg.GPVirtual) (c [4]reg.VecVirtual) {
	var halves [4]reg.VecVirtual // of columns 0 and 1 of the first two rows, of 2 and 3, and of the last two rows
	for i := range 2 {
		row := XMM()
		VMOVUPS(Mem{Base: m, Disp: 32 * i}, row)
		halves[2*i], halves[2*i+1] = XMM(), XMM()
		VUNPCKLPS(Mem{Base: m, Disp: 32*i + 16}, row, halves[2*i])
		VUNPCKHPS(Mem{Base: m, Disp: 32*i + 16}, row, halves[2*i+1])
	}
	for i := range c {
		c[i] = XMM()
		if i%2 == 0 {
			VUNPCKLPD(halves[2+i/2], halves[i/2], c[i])
		} else {
			VUNPCKHPD(halves[2+i/2], halves[i/2], c[i])
		}
	}
	return c
}

// four is a number of the program's own in four lanes, in memory.
func four(name string, x float64) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 4 {
		DATA(4*i, U32(math.Float32bits(float32(x))))
	}
	return m
}

func pairGradientsNarrow() {
	TEXT("pairGradientsAVX2", NOSPLIT, "func(forces *[3]float32, virial *[3][3]float64, x *[3]float32, d *float32, grad *[4]float32, pairs int)")
	Pragma("noescape")
	Doc("pairGradientsAVX2 is PairGradients for a multiple of four pairs, and more than none.")
	forces, x, d, grad, left := pointer("forces"), pointer("x"), pointer("d"), pointer("grad"), pointer("pairs")
	eps, one := four("unitEpsAVX2", 1e-8), four("pairOneAVX2", 1)

	Label("four")
	r, g := components(x), columns(grad)
	distance, inverse, along := XMM(), XMM(), XMM()
	VMOVUPS(Mem{Base: d}, distance)
	VADDPS(eps, distance, along)
	VMOVUPS(one, inverse)
	VDIVPS(along, inverse, inverse)
	dot := XMM()
	VMULPS(r[0], g[0], dot)
	for c := 1; c < 3; c++ {
		product := XMM()
		VMULPS(r[c], g[c], product)
		VADDPS(product, dot, dot)
	}
	VMULPS(inverse, dot, dot)
	VMULPS(inverse, dot, dot)
	VSUBPS(dot, g[3], along)
	VDIVPS(distance, along, along)
	for c := range r {
		VMULPS(along, r[c], r[c])
		VMULPS(inverse, g[c], g[c])
		VADDPS(g[c], r[c], r[c])
	}
	storeComponents(r, forces)
	ADDQ(Imm(48), forces)
	ADDQ(Imm(48), x)
	ADDQ(Imm(16), d)
	ADDQ(Imm(64), grad)
	SUBQ(Imm(4), left)
	JNZ(LabelRef("four"))

	// The virial, of what was stored: its nine sums take the registers.
	forces, x, left = pointer("forces"), pointer("x"), pointer("pairs")
	var sums [3][3]reg.VecVirtual
	for a := range sums {
		for b := range sums[a] {
			sums[a][b] = YMM()
			VXORPS(sums[a][b], sums[a][b], sums[a][b])
		}
	}
	Label("virial")
	var at, f [3]reg.VecVirtual
	for c, narrow := range components(x) {
		at[c] = YMM()
		VCVTPS2PD(narrow, at[c])
	}
	for c, narrow := range components(forces) {
		f[c] = YMM()
		VCVTPS2PD(narrow, f[c])
	}
	for a := range sums {
		for b, sum := range sums[a] {
			VFNMADD231PD(at[b], f[a], sum)
		}
	}
	ADDQ(Imm(48), forces)
	ADDQ(Imm(48), x)
	SUBQ(Imm(4), left)
	JNZ(LabelRef("virial"))

	virial := pointer("virial")
	for a := range sums {
		for b, sum := range sums[a] {
			high := XMM()
			VEXTRACTF128(Imm(1), sum, high)
			VADDPD(high, sum.AsX(), high)
			VPERMILPD(Imm(1), high, sum.AsX())
			VADDSD(high, sum.AsX(), high)
			VMOVSD(high, Mem{Base: virial, Disp: 8 * (3*a + b)})
		}
	}
	VZEROUPPER()
	RET()
}

// directions is Direct for a multiple of four pairs.
func directions(v isa) {
	if v.name != "AVX2" {
		return
	}
	TEXT("directionsAVX2", NOSPLIT, "func(u, x *[3]float32, d *float32, pairs int)")
	Pragma("noescape")
	Doc("directionsAVX2 is Direct for a multiple of four pairs, and more than none.")
	u, x, d, left := pointer("u"), pointer("x"), pointer("d"), pointer("pairs")
	eps, one := XMM(), XMM()
	VMOVUPS(four("directionEps", 1e-8), eps)
	VMOVUPS(four("directionOne", 1), one)
	Label("four")
	inverse := XMM()
	VADDPS(Mem{Base: d}, eps, inverse)
	VDIVPS(inverse, one, inverse)
	r := components(x)
	for c := range r {
		VMULPS(inverse, r[c], r[c])
	}
	storeComponents(r, u)
	ADDQ(Imm(48), u)
	ADDQ(Imm(48), x)
	ADDQ(Imm(16), d)
	SUBQ(Imm(4), left)
	JNZ(LabelRef("four"))
	RET()
}

// placeKnots is NewKnot for a multiple of four distances.
func placeKnots(v isa) {
	if v.name != "AVX2" {
		return
	}
	TEXT("placeKnotsAVX2", NOSPLIT, "func(knots, d *float32, perLength float64, intervals int, pairs int)")
	Pragma("noescape")
	Doc("placeKnotsAVX2 is NewKnot for a multiple of four distances, and more than none.")
	knots, d, left := pointer("knots"), pointer("d"), pointer("pairs")
	scale, last := YMM(), XMM()
	VBROADCASTSD(parameter("perLength"), scale)
	VPBROADCASTD(parameter("intervals"), last)
	Label("four")
	at, below, t := YMM(), XMM(), XMM()
	VCVTPS2PD(Mem{Base: d}, at)
	VMULPD(scale, at, at)
	VCVTTPD2DQY(at, below)
	VPMINSD(last, below, below)
	floor := YMM()
	VCVTDQ2PD(below, floor)
	VSUBPD(floor, at, at)
	VCVTPD2PSY(at, t)
	low, high := XMM(), XMM() // t and the knot below, in turns
	VUNPCKLPS(below, t, low)
	VUNPCKHPS(below, t, high)
	VMOVUPS(low, Mem{Base: knots})
	VMOVUPS(high, Mem{Base: knots, Disp: 16})
	ADDQ(Imm(4*knotSize), knots)
	ADDQ(Imm(16), d)
	SUBQ(Imm(4), left)
	JNZ(LabelRef("four"))
	VZEROUPPER()
	RET()
}
