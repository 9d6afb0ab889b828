package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func messageDual(v isa) {
	for _, first := range []bool{true, false} {
		messageTangent(v, first)
		messageDualBackward(v, first)
	}
}

// scaleU is how many parts after the first φu is.
func (l *pairLoop) scaleU() uint8 {
	if l.first {
		return 1
	}
	return 2
}

// sum adds products to the numbers at m, in their order.
func (l *pairLoop) sum(m Mem, products ...[2]Op) {
	sum := l.load(m)
	for _, p := range products {
		VFMADD231PS(p[0], p[1], sum)
	}
	VMOVUPS(sum, m)
}

// next ends the loop over pairs; rates move on by a pair, rows by theirs.
func (l *pairLoop) next(rows ...reg.GPVirtual) {
	rates := pointer("rates")
	ADDQ(Imm(16), rates)
	Store(rates, Param("rates"))
	l.end(scaled("row"), rows...)
	left := pointer("pairs")
	DECQ(left)
	Store(left, Param("pairs"))
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

func messageTangent(v isa, first bool) {
	name := "messageTangent" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(outS, outV, inS, inV, tangentS, tangentV *float32, i, j *int32, u *[3]float32, rates *[4]float32, phi, slope *float32, pairs, row, part int)")
	Pragma("noescape")
	Doc(name + " is messageTangentGeneric for 16 features; pointers are to the first of them.")
	l := newPairLoop(v, first)
	slope := pointer("slope")
	l.begin()
	rates := pointer("rates")
	rate := v.broadcast(Mem{Base: rates, Disp: 12})
	n := v.registers()
	slopeV, slopeU, phiV, phiU := v.vectors(n), v.vectors(n), make([]reg.VecVirtual, n), make([]reg.VecVirtual, n)
	outS, inS, tangentS := pointer("outS"), pointer("inS"), GP64()
	if !first {
		Load(Param("tangentS"), tangentS)
	}
	for g := range n {
		disp := g * v.bytes
		slopeS := v.vector()
		VMULPS(Mem{Base: slope, Disp: disp}, rate, slopeS)
		if first {
			l.sum(at(outS, l.si, disp), [2]Op{at(inS, l.sj, disp), slopeS})
			l.sum(at(outS, l.sj, disp), [2]Op{at(inS, l.si, disp), slopeS})
		} else {
			phiS := v.load(Mem{Base: l.phi, Disp: disp})
			l.sum(at(outS, l.si, disp), [2]Op{at(inS, l.sj, disp), slopeS}, [2]Op{at(tangentS, l.sj, disp), phiS})
			l.sum(at(outS, l.sj, disp), [2]Op{at(inS, l.si, disp), slopeS}, [2]Op{at(tangentS, l.si, disp), phiS})
			VMULPS(at(slope, l.part, disp), rate, slopeV[g])
			phiV[g] = v.load(at(l.phi, l.part, disp))
		}
		VMULPS(Mem{Base: slope, Index: l.part, Scale: l.scaleU(), Disp: disp}, rate, slopeU[g])
		phiU[g] = v.load(Mem{Base: l.phi, Index: l.part, Scale: l.scaleU(), Disp: disp})
	}
	outV, inV, tangentV := pointer("outV"), GP64(), GP64()
	if !first {
		Load(Param("inV"), inV)
		Load(Param("tangentV"), tangentV)
	}
	for c := range 3 {
		uc, dc := v.broadcast(Mem{Base: l.u, Disp: 4 * c}), v.broadcast(Mem{Base: rates, Disp: 4 * c})
		for g := range n {
			offset := c*panel + g*v.bytes
			push := v.vector()
			VMULPS(slopeU[g], uc, push)
			VFMADD231PS(phiU[g], dc, push)
			for _, way := range []struct {
				to, from reg.GPVirtual
				add      func(ops ...Op)
			}{
				{l.vi, l.vj, func(ops ...Op) { VADDPS(ops...) }},
				{l.vj, l.vi, func(ops ...Op) { VSUBPS(ops...) }}, // after the store: i and j may be one atom
			} {
				sum := v.load(at(outV, way.to, offset))
				way.add(push, sum, sum)
				if !first {
					VFMADD231PS(at(inV, way.from, offset), slopeV[g], sum)
					VFMADD231PS(at(tangentV, way.from, offset), phiV[g], sum)
				}
				VMOVUPS(sum, at(outV, way.to, offset))
			}
		}
	}
	l.next(l.phi, slope)
}

func messageDualBackward(v isa, first bool) {
	name := "messageDualBackward" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(linS, linV, gphi, gslope, lS, lV, gS, gV, inS, inV, tangentS, tangentV *float32, i, j *int32, u *[3]float32, rates *[4]float32, phi, slope *float32, pairs, row, part int)")
	Pragma("noescape")
	Doc(name + " is messageDualBackwardGeneric for 16 features; pointers are to the first of them, and rows of gphi and gslope are as those of phi.")
	l := newPairLoop(v, first)
	l.begin()
	for g := range v.registers() {
		l.dualScalars(g * v.bytes)
		l.dualVectors(g * v.bytes)
	}
	row := scaled("row")
	for _, p := range []string{"slope", "gphi", "gslope"} {
		r := pointer(p)
		ADDQ(row, r)
		Store(r, Param(p))
	}
	l.next(l.phi)
}

// both is a register's numbers of both atoms, of an array of scalars or vectors.
func (l *pairLoop) both(name string, i, j reg.GPVirtual, disp int) (atI, atJ reg.VecVirtual) {
	p := pointer(name)
	return l.load(at(p, i, disp)), l.load(at(p, j, disp))
}

// rated is ḋφ′ of a part.
func (l *pairLoop) rated(part Mem) reg.VecVirtual {
	r := l.broadcast(Mem{Base: pointer("rates"), Disp: 12})
	VMULPS(part, r, r)
	return r
}

// dualScalars is the parts φs of ∂L/∂φ and ∂L/∂φ′, and lin.s.
func (l *pairLoop) dualScalars(disp int) {
	gi, gj := l.both("gS", l.si, l.sj, disp)
	li, lj := l.both("lS", l.si, l.sj, disp)
	xi, xj := l.both("inS", l.si, l.sj, disp)
	value, slope := l.vector(), l.vector()
	VMULPS(xj, li, value)
	VFMADD231PS(xi, lj, value)
	VMULPS(xj, gi, slope)
	VFMADD231PS(xi, gj, slope)
	if !l.first {
		p := pointer("tangentS")
		VFMADD231PS(at(p, l.sj, disp), gi, value)
		VFMADD231PS(at(p, l.si, disp), gj, value)
	}
	rate := l.broadcast(Mem{Base: pointer("rates"), Disp: 12})
	VMULPS(rate, slope, slope)
	VMOVUPS(value, Mem{Base: pointer("gphi"), Disp: disp})
	VMOVUPS(slope, Mem{Base: pointer("gslope"), Disp: disp})
	phiS, slopeS := l.load(Mem{Base: l.phi, Disp: disp}), l.rated(Mem{Base: pointer("slope"), Disp: disp})
	lin := pointer("linS")
	l.sum(at(lin, l.si, disp), [2]Op{phiS, lj}, [2]Op{slopeS, gj})
	l.sum(at(lin, l.sj, disp), [2]Op{phiS, li}, [2]Op{slopeS, gi})
}

// dualVectors is the other parts, and lin.v.
func (l *pairLoop) dualVectors(disp int) {
	sums := l.vectors(2) // φu, φu′
	var phiV, slopeV reg.VecVirtual
	if !l.first {
		sums = l.vectors(4) // and φv, φv′
		phiV, slopeV = l.load(at(l.phi, l.part, disp)), l.rated(at(pointer("slope"), l.part, disp))
	}
	for _, r := range sums {
		l.zero(r)
	}
	for c := range 3 {
		offset := c*panel + disp
		gi, gj := l.both("gV", l.vi, l.vj, offset)
		li, lj := l.both("lV", l.vi, l.vj, offset)
		uc, dc := l.broadcast(Mem{Base: l.u, Disp: 4 * c}), l.broadcast(Mem{Base: pointer("rates"), Disp: 4 * c})
		d := l.vector()
		VSUBPS(gj, gi, d)
		VFMADD231PS(uc, d, sums[1])
		VFMADD231PS(dc, d, sums[0])
		VSUBPS(lj, li, d)
		VFMADD231PS(uc, d, sums[0])
		if l.first {
			continue
		}
		in := pointer("inV")
		for _, x := range []struct {
			l, g reg.VecVirtual
			m    Mem
		}{{li, gi, at(in, l.vj, offset)}, {lj, gj, at(in, l.vi, offset)}} {
			VMOVUPS(x.m, d)
			VFMADD231PS(d, x.l, sums[2])
			VFMADD231PS(d, x.g, sums[3])
		}
		tangent := pointer("tangentV")
		VFMADD231PS(at(tangent, l.vj, offset), gi, sums[2])
		VFMADD231PS(at(tangent, l.vi, offset), gj, sums[2])
		lin := pointer("linV")
		l.sum(at(lin, l.vi, offset), [2]Op{phiV, lj}, [2]Op{slopeV, gj})
		l.sum(at(lin, l.vj, offset), [2]Op{phiV, li}, [2]Op{slopeV, gi})
	}
	rate := l.broadcast(Mem{Base: pointer("rates"), Disp: 12})
	gphi, gslope := pointer("gphi"), pointer("gslope")
	VMULPS(rate, sums[1], sums[1])
	VMOVUPS(sums[0], Mem{Base: gphi, Index: l.part, Scale: l.scaleU(), Disp: disp})
	VMOVUPS(sums[1], Mem{Base: gslope, Index: l.part, Scale: l.scaleU(), Disp: disp})
	if !l.first {
		VMULPS(rate, sums[3], sums[3])
		VMOVUPS(sums[2], at(gphi, l.part, disp))
		VMOVUPS(sums[3], at(gslope, l.part, disp))
	}
}
