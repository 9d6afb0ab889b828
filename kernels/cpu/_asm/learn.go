package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func learn(v isa) {
	messageLearn(v, true)
	messageLearn(v, false)
	moments(v, false)
	moments(v, true)
}

func messageLearn(v isa, first bool) {
	name := "messageLearn" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(ginS, ginV, gphi, gS, gV, inS, inV *float32, i, j *int32, u *[3]float32, phi *float32, pairs, row, part int)")
	Pragma("noescape")
	Doc(name + " is messageLearnGeneric for 16 features; pointers are to the first of them.")
	l := newPairLoop(v, first)
	l.begin()
	gphi := pointer("gphi")
	gphiU := panel // where the part φu begins
	if !first {
		gphiU *= 2
	}
	phiV, sumU, sumV := make([]reg.VecVirtual, v.registers()), v.vectors(v.registers()), v.vectors(v.registers())

	gS, inS, ginS := pointer("gS"), pointer("inS"), pointer("ginS")
	for g := range v.registers() {
		disp := g * v.bytes
		gi, gj := v.load(at(gS, l.si, disp)), v.load(at(gS, l.sj, disp))
		t := v.vector()
		VMULPS(at(inS, l.sj, disp), gi, t)
		VFMADD231PS(at(inS, l.si, disp), gj, t)
		VMOVUPS(t, Mem{Base: gphi, Disp: disp})
		phiS := v.load(Mem{Base: l.phi, Disp: disp})
		l.accumulate(at(ginS, l.si, disp), gj, phiS)
		l.accumulate(at(ginS, l.sj, disp), gi, phiS) // after the store: i and j may be one atom
		v.zero(sumU[g])
		if !first {
			v.zero(sumV[g])
			phiV[g] = v.load(at(l.phi, l.part, disp))
		}
	}
	gV, inV, ginV := pointer("gV"), GP64(), GP64()
	if !first {
		Load(Param("inV"), inV)
		Load(Param("ginV"), ginV)
	}
	for c := range 3 {
		uc := v.broadcast(Mem{Base: l.u, Disp: 4 * c})
		for g := range v.registers() {
			offset := c*panel + g*v.bytes
			gi, gj := v.load(at(gV, l.vi, offset)), v.load(at(gV, l.vj, offset))
			d := v.vector()
			VSUBPS(gj, gi, d)
			VFMADD231PS(uc, d, sumU[g])
			if first {
				continue
			}
			VFMADD231PS(at(inV, l.vj, offset), gi, sumV[g])
			VFMADD231PS(at(inV, l.vi, offset), gj, sumV[g])
			l.accumulate(at(ginV, l.vi, offset), gj, phiV[g])
			l.accumulate(at(ginV, l.vj, offset), gi, phiV[g])
		}
	}
	for g := range v.registers() {
		VMOVUPS(sumU[g], Mem{Base: gphi, Disp: gphiU + g*v.bytes})
		if !first {
			VMOVUPS(sumV[g], Mem{Base: gphi, Disp: panel + g*v.bytes})
		}
	}
	ADDQ(Imm(uint64(gphiU+panel)), gphi)
	Store(gphi, Param("gphi"))
	l.end(scaled("row"), l.phi)
	left := pointer("pairs")
	DECQ(left)
	Store(left, Param("pairs"))
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

// moments is, per pair, gphi·tⁿ added to the four rows of its interval, and with
// slopes n·tⁿ⁻¹·gslope/step as well.
func moments(v isa, slopes bool) {
	name, parameters, perLength := "moments"+v.name, "data, gphi", ""
	if slopes {
		name, parameters, perLength = "momentsSlopes"+v.name, "data, gphi, gslope", ", perLength float32"
	}
	TEXT(name, NOSPLIT, "func("+parameters+", knots *float32, pairs, parts, part int"+perLength+")")
	Pragma("noescape")
	Doc(name + " adds rows of 16 numbers; a part's intervals begin part numbers after those of the one before.")
	data, gphi, knot, pairs, part := pointer("data"), pointer("gphi"), pointer("knots"), pointer("pairs"), scaled("part")
	gslope := GP64()
	var scale reg.VecVirtual
	if slopes {
		Load(Param("gslope"), gslope)
		scale = v.number("perLength")
	}
	Label("pair")
	t := v.broadcast(Mem{Base: knot})
	square, cube, twice, thrice := v.vector(), v.vector(), v.vector(), v.vector()
	VMULPS(t, t, square)
	VMULPS(t, square, cube)
	if slopes {
		VADDPS(t, t, twice)
		VADDPS(square, square, thrice)
		VADDPS(square, thrice, thrice)
	}
	to, left := GP64(), pointer("parts")
	MOVLQSX(Mem{Base: knot, Disp: knotBelow}, to)
	SHLQ(Imm(panelBits+2), to)
	ADDQ(data, to)
	Label("part")
	for g := range v.registers() {
		disp := g * v.bytes
		from, slope := v.load(Mem{Base: gphi, Disp: disp}), v.vector()
		if slopes {
			VMULPS(Mem{Base: gslope, Disp: disp}, scale, slope)
		}
		sum := v.vector()
		VADDPS(Mem{Base: to, Disp: disp}, from, sum)
		VMOVUPS(sum, Mem{Base: to, Disp: disp})
		for n, power := range []reg.VecVirtual{t, square, cube} {
			m := Mem{Base: to, Disp: (n+1)*panel + disp}
			sum := v.load(m)
			VFMADD231PS(power, from, sum)
			switch {
			case slopes && n == 0:
				VADDPS(slope, sum, sum)
			case slopes:
				VFMADD231PS([]reg.VecVirtual{nil, twice, thrice}[n], slope, sum)
			}
			VMOVUPS(sum, m)
		}
	}
	ADDQ(part, to)
	ADDQ(Imm(panel), gphi)
	if slopes {
		ADDQ(Imm(panel), gslope)
	}
	DECQ(left)
	JNZ(LabelRef("part"))
	ADDQ(Imm(knotSize), knot)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}
