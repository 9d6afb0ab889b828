package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pairLoop is the walk over pairs that both directions of the message share.
// Numbers are those of 16 features, a panel; where first is set, the input
// vectors are zero and φ has no part φv.
type pairLoop struct {
	isa
	first   bool
	si, sj  reg.GPVirtual // offsets of the atoms' scalars
	vi, vj  reg.GPVirtual // and of their vectors
	i, j, u reg.GPVirtual
	phi     reg.GPVirtual
	part    reg.GPVirtual
}

func newPairLoop(v isa, first bool) *pairLoop {
	l := &pairLoop{isa: v, first: first, i: pointer("i"), j: pointer("j"), u: pointer("u"), phi: pointer("phi"), part: scaled("part")}
	l.si, l.sj, l.vi, l.vj = GP64(), GP64(), GP64(), GP64()
	return l
}

// begin finds the rows of the pair's atoms.
func (l *pairLoop) begin() {
	Label("pair")
	l.atoms()
	LEAQ(Mem{Base: l.si, Index: l.si, Scale: 2}, l.vi)
	LEAQ(Mem{Base: l.sj, Index: l.sj, Scale: 2}, l.vj)
}

// atoms finds the scalars of the pair's atoms.
func (l *pairLoop) atoms() {
	MOVLQSX(Mem{Base: l.i}, l.si)
	MOVLQSX(Mem{Base: l.j}, l.sj)
	SHLQ(Imm(panelBits), l.si)
	SHLQ(Imm(panelBits), l.sj)
}

// ahead is how many pairs before its turn a pair's atom J is fetched into the
// cache; the indices of Pairs go on for as many beyond their end.
const ahead = 4

// prefetch fetches the rows of the atom J of a later pair, of the parameters
// that hold scalars and vectors.
func (l *pairLoop) prefetch(scalars, vectors []string) {
	offset := GP64()
	MOVLQSX(Mem{Base: l.j, Disp: 4 * ahead}, offset)
	SHLQ(Imm(panelBits), offset)
	for _, name := range scalars {
		PREFETCHT0(at(pointer(name), offset, 0))
	}
	LEAQ(Mem{Base: offset, Index: offset, Scale: 2}, offset)
	for _, name := range vectors {
		row := pointer(name)
		ADDQ(offset, row)
		for c := range 3 {
			PREFETCHT0(Mem{Base: row, Disp: c * panel})
		}
	}
}

// end goes on to the next pair.
func (l *pairLoop) end(rowBytes reg.GPVirtual, rows ...reg.GPVirtual) {
	ADDQ(Imm(4), l.i)
	ADDQ(Imm(4), l.j)
	ADDQ(Imm(12), l.u)
	for _, r := range rows {
		ADDQ(rowBytes, r)
	}
}

// parts is φs, φv (or nothing) and φu of a group of features, from phi on.
func (l *pairLoop) parts(phi reg.GPVirtual, disp int) (s, v, u reg.VecVirtual) {
	s = l.load(Mem{Base: phi, Disp: disp})
	if l.first {
		return s, nil, l.load(at(phi, l.part, disp))
	}
	return s, l.load(at(phi, l.part, disp)), l.load(Mem{Base: phi, Index: l.part, Scale: 2, Disp: disp})
}

// accumulate is mem += a·b.
func (l *pairLoop) accumulate(m Mem, a Op, b reg.VecVirtual) {
	sum := l.load(m)
	VFMADD231PS(a, b, sum)
	VMOVUPS(sum, m)
}

// message is both directions, with and without φv.
func message(v isa) {
	forward, backward := messageForward, messageBackward
	if v.name == "AVX512" {
		forward, backward = messageForwardWide, messageBackwardWide
	}
	for _, first := range []bool{true, false} {
		forward(v, first)
		backward(v, first)
	}
}

func suffix(v isa, first bool) string {
	if first {
		return "First" + v.name
	}
	return v.name
}

func messageForward(v isa, first bool) {
	name := "messageForward" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(outS, outV, inS, inV *float32, i, j *int32, u *[3]float32, phi *float32, pairs, row, part int)")
	Pragma("noescape")
	Doc(name + " is messageForwardGeneric for 16 features; pointers are to the first of them.")
	l := newPairLoop(v, first)
	outS, outV, inS, inV := pointer("outS"), pointer("outV"), pointer("inS"), GP64()
	l.begin()
	if first {
		l.prefetch([]string{"outS", "inS"}, []string{"outV"})
	} else {
		l.prefetch([]string{"outS", "inS"}, []string{"outV", "inV"})
		Load(Param("inV"), inV)
	}
	var phiV, phiU []reg.VecVirtual
	for g := range v.registers() {
		disp := g * v.bytes
		phiS, pv, pu := l.parts(l.phi, disp)
		phiV, phiU = append(phiV, pv), append(phiU, pu)
		l.accumulate(at(outS, l.si, disp), at(inS, l.sj, disp), phiS)
		l.accumulate(at(outS, l.sj, disp), at(inS, l.si, disp), phiS)
	}
	for c := range 3 {
		uc := v.broadcast(Mem{Base: l.u, Disp: 4 * c})
		for g := range v.registers() {
			offset := c*panel + g*v.bytes
			push := v.vector() // u ⊗ φu
			VMULPS(uc, phiU[g], push)
			oi := v.load(at(outV, l.vi, offset))
			VADDPS(push, oi, oi)
			if !first {
				VFMADD231PS(at(inV, l.vj, offset), phiV[g], oi)
			}
			VMOVUPS(oi, at(outV, l.vi, offset))
			oj := v.load(at(outV, l.vj, offset)) // after the store: i and j may be one atom
			VSUBPS(push, oj, oj)
			if !first {
				VFMADD231PS(at(inV, l.vi, offset), phiV[g], oj)
			}
			VMOVUPS(oj, at(outV, l.vj, offset))
		}
	}
	row := scaled("row")
	l.end(row, l.phi)
	left := pointer("pairs")
	DECQ(left)
	Store(left, Param("pairs"))
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

func messageBackward(v isa, first bool) {
	name := "messageBackward" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(ginS, ginV, grad, gS, gV, inS, inV *float32, i, j *int32, u *[3]float32, phi, slope *float32, pairs, row, part int)")
	Pragma("noescape")
	Doc(name + " is messageBackwardGeneric for 16 features; pointers are to the first of them.")
	l := newPairLoop(v, first)
	slope := pointer("slope")
	l.begin()
	sumD, sumU := v.vector(), v.vectors(3)
	v.zero(sumD)
	for _, r := range sumU {
		v.zero(r)
	}

	if first {
		l.prefetch([]string{"gS", "inS"}, []string{"gV"})
	} else {
		l.prefetch([]string{"gS", "inS"}, []string{"gV", "inV", "ginV"})
	}
	gS, inS := pointer("gS"), pointer("inS")
	for g := range v.registers() {
		disp := g * v.bytes
		gi, gj := v.load(at(gS, l.si, disp)), v.load(at(gS, l.sj, disp))
		t := v.vector()
		VMULPS(at(inS, l.sj, disp), gi, t)
		VFMADD231PS(at(inS, l.si, disp), gj, t)
		VFMADD231PS(Mem{Base: slope, Disp: disp}, t, sumD)
		if !first {
			ginS := pointer("ginS")
			phiS := v.load(Mem{Base: l.phi, Disp: disp})
			l.accumulate(at(ginS, l.si, disp), gj, phiS)
			l.accumulate(at(ginS, l.sj, disp), gi, phiS)
		}
	}

	gV, inV, ginV := pointer("gV"), GP64(), GP64()
	if !first {
		Load(Param("inV"), inV)
		Load(Param("ginV"), ginV)
	}
	scaleU := uint8(2) // φu is the third part
	if first {
		scaleU = 1
	}
	for c := range 3 {
		uc := v.broadcast(Mem{Base: l.u, Disp: 4 * c})
		for g := range v.registers() {
			disp, offset := g*v.bytes, c*panel+g*v.bytes
			gi, gj := v.load(at(gV, l.vi, offset)), v.load(at(gV, l.vj, offset))
			d := v.vector()
			VSUBPS(gj, gi, d)
			VFMADD231PS(Mem{Base: l.phi, Index: l.part, Scale: scaleU, Disp: disp}, d, sumU[c])
			VMULPS(uc, d, d)
			VFMADD231PS(Mem{Base: slope, Index: l.part, Scale: scaleU, Disp: disp}, d, sumD)
			if !first {
				t := v.vector()
				VMULPS(at(inV, l.vj, offset), gi, t)
				VFMADD231PS(at(inV, l.vi, offset), gj, t)
				VFMADD231PS(at(slope, l.part, disp), t, sumD)
				phiV := v.load(at(l.phi, l.part, disp))
				l.accumulate(at(ginV, l.vi, offset), gj, phiV)
				l.accumulate(at(ginV, l.vj, offset), gi, phiV)
			}
		}
	}

	// The four sums over features: x, y, z and d.
	all := horizontalSums(v, sumU[0], sumU[1], sumU[2], sumD)
	grad := pointer("grad")
	VADDPS(Mem{Base: grad}, all, all)
	VMOVUPS(all, Mem{Base: grad})
	ADDQ(Imm(16), grad)
	Store(grad, Param("grad"))

	row := scaled("row")
	l.end(row, l.phi, slope)
	left := pointer("pairs")
	DECQ(left)
	Store(left, Param("pairs"))
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

// horizontalSums is the sums of a, b, c and d, in that order.
func horizontalSums(v isa, a, b, c, d reg.VecVirtual) reg.VecVirtual {
	// halves is a0+a2, b0+b2, a1+a3, b1+b3 of every four lanes.
	halves := func(a, b reg.VecVirtual) reg.VecVirtual {
		low, high := v.vector(), v.vector()
		VUNPCKLPS(b, a, low)
		VUNPCKHPS(b, a, high)
		VADDPS(low, high, high)
		return high
	}
	ab, cd := halves(a, b), halves(c, d)
	sums, odd := v.vector(), v.vector()
	VUNPCKLPD(cd, ab, sums)
	VUNPCKHPD(cd, ab, odd)
	VADDPS(odd, sums, sums)
	four := XMM()
	if v.bytes == 32 {
		VEXTRACTF128(Imm(1), sums, four)
	} else {
		high := YMM()
		VEXTRACTF64X4(Imm(1), sums, high)
		VADDPS(sums.AsY(), high, high)
		VEXTRACTF32X4(Imm(1), high, four)
		sums = high
	}
	VADDPS(sums.AsX(), four, four)
	return four
}
