package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The message with φ out of the table, with the 16 registers of AVX2: a panel is two
// of them, so that the rows of atom I stay in memory, in the first-level cache, and
// most coefficients and states are operands of the instructions that use them.

// narrowLoop is the walk over pairs.
type narrowLoop struct {
	isa
	parts             int
	i, j, u           reg.GPVirtual
	si, sj, vi, vj    reg.GPVirtual // offsets of the scalars and the vectors of both atoms
	coefficient, next reg.GPVirtual // of this pair's interval and of the next one's
	t                 reg.VecVirtual
}

func newNarrowLoop(v isa, first bool) *narrowLoop {
	l := &narrowLoop{isa: v, parts: 3, i: pointer("i"), j: pointer("j"), u: pointer("u"),
		si: GP64(), sj: GP64(), vi: GP64(), vj: GP64(), coefficient: GP64(), next: GP64(), t: v.vector()}
	if first {
		l.parts = 2
	}
	end := pointer("pairs")
	LEAQ(Mem{Base: l.i, Index: end, Scale: 4}, end)
	Store(end, Param("pairs"))
	l.interval(pointer("knots"), l.next)
	return l
}

// interval is the coefficients of the interval that the pair at knot lies in.
func (l *narrowLoop) interval(knot, coefficient reg.GPVirtual) {
	MOVLQSX(Mem{Base: knot, Disp: knotBelow}, coefficient)
	IMUL3Q(I32(5*l.parts*panel), coefficient, coefficient) // five rows of each part
	ADDQ(parameter("data"), coefficient)
}

// begin finds the rows of the pair's atoms, and the interval of the next pair, which
// for the last one is its own.
func (l *narrowLoop) begin() {
	Label("pair")
	MOVQ(l.next, l.coefficient)
	knot, following, end := pointer("knots"), GP64(), GP64()
	VBROADCASTSS(Mem{Base: knot}, l.t)
	LEAQ(Mem{Base: knot, Disp: knotSize}, following)
	LEAQ(Mem{Base: l.i, Disp: 4}, end)
	CMPQ(end, parameter("pairs"))
	CMOVQNE(following, knot)
	Store(knot, Param("knots"))
	l.interval(knot, l.next)
	for _, a := range []struct{ list, s, v reg.GPVirtual }{{l.i, l.si, l.vi}, {l.j, l.sj, l.vj}} {
		MOVLQSX(Mem{Base: a.list}, a.s)
		SHLQ(Imm(panelBits), a.s)
		LEAQ(Mem{Base: a.s, Index: a.s, Scale: 2}, a.v)
	}
}

// fetch fetches two of the next pair's rows of coefficients into the first-level
// cache, at each of eight places of a pair's work: all at once they would be in its way.
func (l *narrowLoop) fetch(place int) {
	for row := 2 * place; row < min(2*place+2, 5*l.parts); row++ {
		PREFETCHT0(Mem{Base: l.next, Disp: row * panel})
	}
}

// rows is where x, y or z of atoms I and J lie in m, or s for c < 0, disp bytes into a panel.
func (l *narrowLoop) rows(m matrix, c, disp int) (i, j Mem) {
	i, j = m.row(l.si, l.vi, c), m.row(l.sj, l.vj, c)
	i.Disp += disp
	j.Disp += disp
	return i, j
}

// curve is a part of φ at the pair's t and, if asked, its derivative by t, both by Horner's rule.
func (l *narrowLoop) curve(part, disp int, slope bool) (y, dy reg.VecVirtual) {
	power := func(n int) Mem { return Mem{Base: l.coefficient, Disp: (part*5+4-n)*panel + disp} }
	y = l.load(power(4))
	if slope {
		dy = l.vector()
		VMOVAPS(y, dy)
	}
	for n := 3; n >= 0; n-- {
		if slope && n < 3 {
			VFMADD213PS(y, l.t, dy)
		}
		VFMADD213PS(power(n), l.t, y)
	}
	return y, dy
}

// add is mem += a·b.
func (l *narrowLoop) add(m Mem, a Op, b reg.VecVirtual) {
	sum := l.load(m)
	VFMADD231PS(a, b, sum)
	VMOVUPS(sum, m)
}

// addTo is mem += a·b, which leaves the sum in a.
func (l *narrowLoop) addTo(m Mem, a, b reg.VecVirtual) {
	VFMADD213PS(m, b, a)
	VMOVUPS(a, m)
}

// end goes on to the next pair.
func (l *narrowLoop) end() {
	ADDQ(Imm(4), l.i)
	ADDQ(Imm(4), l.j)
	ADDQ(Imm(12), l.u)
	CMPQ(l.i, parameter("pairs"))
	JNE(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

func messageTableForwardNarrow(v isa, first bool) {
	tableForwardStub(v, first)
	l := newNarrowLoop(v, first)
	out, in := newMatrix("outS", "outV"), newMatrix("inS", "inV")
	l.begin()
	var phiV, phiU []reg.VecVirtual
	for g := range v.registers() {
		disp := g * v.bytes
		l.fetch(g)
		phiS, _ := l.curve(0, disp, false)
		outI, outJ := l.rows(out, -1, disp)
		inI, inJ := l.rows(in, -1, disp)
		l.add(outI, inJ, phiS)
		l.add(outJ, inI, phiS)
		if !first {
			y, _ := l.curve(1, disp, false)
			phiV = append(phiV, y)
		}
		y, _ := l.curve(l.parts-1, disp, false)
		phiU = append(phiU, y)
	}
	for c := range 3 {
		uc := v.broadcast(Mem{Base: l.u, Disp: 4 * c})
		for g := range v.registers() {
			l.fetch(2 + 2*c + g)
			outI, outJ := l.rows(out, c, g*v.bytes)
			inI, inJ := l.rows(in, c, g*v.bytes)
			push := v.vector() // u ⊗ φu
			VMULPS(uc, phiU[g], push)
			sum := v.vector()
			VADDPS(outI, push, sum)
			if !first {
				VFMADD231PS(inJ, phiV[g], sum)
			}
			VMOVUPS(sum, outI)
			sum = v.load(outJ) // after the store: i and j may be one atom
			VSUBPS(push, sum, sum)
			if !first {
				VFMADD231PS(inI, phiV[g], sum)
			}
			VMOVUPS(sum, outJ)
		}
	}
	l.end()
}

func messageTableBackwardNarrow(v isa, first bool) {
	tableBackwardStub(v, first)
	l := newNarrowLoop(v, first)
	g, in := newMatrix("gS", "gV"), newMatrix("inS", "inV")
	var gin matrix
	if !first {
		gin = newMatrix("ginS", "ginV")
	}
	l.begin()
	var sumD reg.VecVirtual
	var sumU [3]reg.VecVirtual
	for half := range v.registers() {
		disp := half * v.bytes
		l.fetch(4 * half)
		phiS, slopeS := l.curve(0, disp, true)
		gI, gJ := l.rows(g, -1, disp)
		inI, inJ := l.rows(in, -1, disp)
		gradI, gradJ, t := v.load(gI), v.load(gJ), v.vector()
		VMULPS(inJ, gradI, t)
		VFMADD231PS(inI, gradJ, t)
		if half == 0 {
			sumD = v.vector()
			VMULPS(slopeS, t, sumD)
		} else {
			VFMADD231PS(slopeS, t, sumD)
		}
		if !first {
			ginI, ginJ := l.rows(gin, -1, disp)
			l.addTo(ginI, gradJ, phiS)
			l.addTo(ginJ, gradI, phiS)
		}
		var phiV, slopeV reg.VecVirtual
		if !first {
			phiV, slopeV = l.curve(1, disp, true)
		}
		phiU, slopeU := l.curve(l.parts-1, disp, true)
		along, dot := v.vector(), v.vector() // u·d where d = g_i − g_j, and g_i·v_j + g_j·v_i
		for c := range 3 {
			l.fetch(4*half + 1 + c)
			gI, gJ := l.rows(g, c, disp)
			gradI, d := v.load(gI), v.vector()
			if first {
				VSUBPS(gJ, gradI, d)
			} else {
				gradJ := v.load(gJ)
				VSUBPS(gradJ, gradI, d)
				inI, inJ := l.rows(in, c, disp)
				ginI, ginJ := l.rows(gin, c, disp)
				if c == 0 {
					VMULPS(inJ, gradI, dot)
				} else {
					VFMADD231PS(inJ, gradI, dot)
				}
				VFMADD231PS(inI, gradJ, dot)
				l.addTo(ginI, gradJ, phiV)
				l.addTo(ginJ, gradI, phiV)
			}
			if half == 0 {
				sumU[c] = v.vector()
				VMULPS(phiU, d, sumU[c])
			} else {
				VFMADD231PS(phiU, d, sumU[c])
			}
			uc := v.broadcast(Mem{Base: l.u, Disp: 4 * c})
			if c == 0 {
				VMULPS(uc, d, along)
			} else {
				VFMADD231PS(uc, d, along)
			}
		}
		VFMADD231PS(slopeU, along, sumD)
		if !first {
			VFMADD231PS(slopeV, dot, sumD)
		}
	}
	all, grad := horizontalSums(v, sumU[0], sumU[1], sumU[2], sumD), pointer("grad")
	scale := XMM() // of the sums: that of φ′, in the last lane, is by t and becomes one by d
	VBROADCASTSS(constant("one"+suffix(v, first), 1), scale)
	VINSERTPS(Imm(3<<4), parameter("perLength"), scale, scale)
	VFMADD213PS(Mem{Base: grad}, scale, all)
	VMOVUPS(all, Mem{Base: grad})
	ADDQ(Imm(16), grad)
	Store(grad, Param("grad"))
	l.end()
}
