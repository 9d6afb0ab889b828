package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The message with φ out of the table: a pair's polynomials are evaluated in the
// registers in which the message uses them, and the rows of atom I stay in
// registers while pairs on end share it. That takes the 32 of AVX-512.

// tableLoop is the walk over pairs and the intervals that they lie in.
type tableLoop struct {
	isa
	parts         int
	i, j, u, knot reg.GPVirtual
	data          reg.GPVirtual
	sj, vj        reg.GPVirtual // offsets of the scalars and the vectors of atom J
	coefficient   reg.GPVirtual
	t             reg.VecVirtual
}

func newTableLoop(v isa, first bool) *tableLoop {
	l := &tableLoop{isa: v, parts: 3, i: pointer("i"), j: pointer("j"), u: pointer("u"), knot: pointer("knots"), data: pointer("data"),
		sj: GP64(), vj: GP64(), coefficient: GP64(), t: v.vector()}
	if first {
		l.parts = 2
	}
	end := GP64()
	Load(Param("pairs"), end)
	LEAQ(Mem{Base: l.i, Index: end, Scale: 4}, end)
	Store(end, Param("pairs"))
	return l
}

// matrix is where the atoms' scalars and vectors lie.
type matrix struct{ s, v reg.GPVirtual }

func newMatrix(s, v string) matrix { return matrix{pointer(s), pointer(v)} }

// row is where x, y or z of the atom lies whose offsets are s and v, or s for c < 0.
func (m matrix) row(s, v reg.GPVirtual, c int) Mem {
	if c < 0 {
		return at(m.s, s, 0)
	}
	return at(m.v, v, c*panel)
}

// move copies rows between registers and the atom's numbers: s, x, y and z, or s alone.
func (m matrix) move(r row, s, v reg.GPVirtual, store bool) {
	for c := range r {
		if store {
			VMOVUPS(r[c], m.row(s, v, c-1))
		} else {
			VMOVUPS(m.row(s, v, c-1), r[c])
		}
	}
}

// offsets are of the atom whose number is at m.
func (l *tableLoop) offsets(m Mem) (s, v reg.GPVirtual) {
	s, v = GP64(), GP64()
	MOVLQSX(m, s)
	SHLQ(Imm(panelBits), s)
	LEAQ(Mem{Base: s, Index: s, Scale: 2}, v)
	return s, v
}

// begin begins a pair: where it has another atom I than the one before, store
// takes that one's sums, and load gets the new one's rows.
func (l *tableLoop) begin(store, load func(s, v reg.GPVirtual)) {
	JMP(LabelRef("load"))
	Label("other")
	if store != nil {
		store(l.offsets(Mem{Base: l.i, Disp: -4}))
	}
	Label("load")
	load(l.offsets(Mem{Base: l.i}))
	Label("same")
	MOVLQSX(Mem{Base: l.j}, l.sj)
	SHLQ(Imm(panelBits), l.sj)
	LEAQ(Mem{Base: l.sj, Index: l.sj, Scale: 2}, l.vj)
	MOVLQSX(Mem{Base: l.knot, Disp: knotBelow}, l.coefficient)
	IMUL3Q(I32(5*l.parts*panel), l.coefficient, l.coefficient) // the five coefficients of an interval
	ADDQ(l.data, l.coefficient)
	VBROADCASTSS(Mem{Base: l.knot}, l.t)
}

// curve is a part of φ at the pair's t and, if asked, its derivative by t, both by Horner's rule.
func (l *tableLoop) curve(part int, slope bool) (y, dy reg.VecVirtual) {
	power := func(n int) Mem { return Mem{Base: l.coefficient, Disp: (part*5 + 4 - n) * panel} }
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

// self runs do where J is I itself.
func (l *tableLoop) self(label string, do func()) {
	i := GP32()
	MOVL(Mem{Base: l.i}, i)
	CMPL(i, Mem{Base: l.j})
	JNE(LabelRef(label))
	do()
	Label(label)
}

// end goes on to the next pair; store takes the last atom's sums.
func (l *tableLoop) end(store func(s, v reg.GPVirtual)) {
	ADDQ(Imm(4), l.i)
	ADDQ(Imm(4), l.j)
	ADDQ(Imm(12), l.u)
	ADDQ(Imm(knotSize), l.knot)
	end := pointer("pairs")
	CMPQ(l.i, end)
	JEQ(LabelRef("done"))
	i := GP32()
	MOVL(Mem{Base: l.i}, i)
	CMPL(i, Mem{Base: l.i, Disp: -4})
	JEQ(LabelRef("same"))
	JMP(LabelRef("other"))
	Label("done")
	if store != nil {
		store(l.offsets(Mem{Base: l.i, Disp: -4}))
	}
	VZEROUPPER()
	RET()
}

// messageTable is both directions, with and without φv.
func messageTable(v isa) {
	forward, backward := messageTableForwardNarrow, messageTableBackwardNarrow
	if v.name == "AVX512" {
		forward, backward = messageTableForward, messageTableBackward
	}
	for _, first := range []bool{true, false} {
		forward(v, first)
		backward(v, first)
	}
}

func tableForwardStub(v isa, first bool) {
	name := "messageTableForward" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(outS, outV, inS, inV *float32, i, j *int32, u *[3]float32, knots, data *float32, pairs int)")
	Pragma("noescape")
	Doc(name + " is Table.MessageForward for 16 features; pointers are to the first of them.")
}

func tableBackwardStub(v isa, first bool) {
	name := "messageTableBackward" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(ginS, ginV, grad, gS, gV, inS, inV *float32, i, j *int32, u *[3]float32, knots, data *float32, pairs int, perLength float32)")
	Pragma("noescape")
	Doc(name + " is Table.MessageBackward for 16 features; pointers are to the first of them.")
}

func messageTableForward(v isa, first bool) {
	tableForwardStub(v, first)
	l := newTableLoop(v, first)
	out, in := newMatrix("outS", "outV"), newMatrix("inS", "inV")
	outI, inI := row(v.vectors(4)), row(v.vectors(4))
	if first {
		inI = inI[:1]
	}
	store := func(s, w reg.GPVirtual) { out.move(outI, s, w, true) }
	l.begin(store, func(s, w reg.GPVirtual) {
		out.move(outI, s, w, false)
		in.move(inI, s, w, false)
	})
	phiS, _ := l.curve(0, false)
	var phiV reg.VecVirtual
	if !first {
		phiV, _ = l.curve(1, false)
	}
	phiU, _ := l.curve(l.parts-1, false)
	push := v.vectors(3) // u ⊗ φu
	for c := range push {
		VMULPS_BCST(Mem{Base: l.u, Disp: 4 * c}, phiU, push[c])
	}
	l.self("apart", func() { store(l.sj, l.vj) })
	sum := v.load(out.row(l.sj, l.vj, -1))
	VFMADD231PS(inI[0], phiS, sum)
	VMOVUPS(sum, out.row(l.sj, l.vj, -1))
	for c := range 3 {
		sum := v.load(out.row(l.sj, l.vj, c))
		VSUBPS(push[c], sum, sum)
		if !first {
			VFMADD231PS(inI[1+c], phiV, sum)
		}
		VMOVUPS(sum, out.row(l.sj, l.vj, c))
	}
	l.self("next", func() { out.move(outI, l.sj, l.vj, false) })
	VFMADD231PS(in.row(l.sj, l.vj, -1), phiS, outI[0])
	for c := range 3 {
		VADDPS(push[c], outI[1+c], outI[1+c])
		if !first {
			VFMADD231PS(in.row(l.sj, l.vj, c), phiV, outI[1+c])
		}
	}
	l.end(store)
}

func messageTableBackward(v isa, first bool) {
	tableBackwardStub(v, first)
	l := newTableLoop(v, first)
	grad := pointer("grad")
	g, in := newMatrix("gS", "gV"), newMatrix("inS", "inV")
	gI, inI := row(v.vectors(4)), row(v.vectors(4))
	scale := XMM() // of the sums: that of φ′, in the last lane, is by t and becomes one by d
	VBROADCASTSS(constant("one"+suffix(v, first), 1), scale)
	VINSERTPS(Imm(3<<4), parameter("perLength"), scale, scale)
	var gin matrix
	var ginI row
	var store func(s, w reg.GPVirtual)
	if first {
		inI = inI[:1]
	} else {
		gin, ginI = newMatrix("ginS", "ginV"), row(v.vectors(4))
		store = func(s, w reg.GPVirtual) { gin.move(ginI, s, w, true) }
	}
	l.begin(store, func(s, w reg.GPVirtual) {
		g.move(gI, s, w, false)
		in.move(inI, s, w, false)
		if !first {
			gin.move(ginI, s, w, false)
		}
	})
	gJ := row(v.vectors(4))
	g.move(gJ, l.sj, l.vj, false)

	phiS, slopeS := l.curve(0, true)
	sumD := v.vector()
	VMULPS(in.row(l.sj, l.vj, -1), gI[0], sumD)
	VFMADD231PS(inI[0], gJ[0], sumD)
	VMULPS(slopeS, sumD, sumD)
	phiU, slopeU := l.curve(l.parts-1, true)
	sumU, along := v.vectors(3), v.vector() // φu d, and u·d where d = g_i − g_j
	for c := range sumU {
		d := v.vector()
		VSUBPS(gJ[1+c], gI[1+c], d)
		VMULPS(phiU, d, sumU[c])
		if u := (Mem{Base: l.u, Disp: 4 * c}); c == 0 {
			VMULPS_BCST(u, d, along)
		} else {
			VFMADD231PS_BCST(u, d, along)
		}
	}
	VFMADD231PS(slopeU, along, sumD)
	var phiV reg.VecVirtual
	if !first {
		var slopeV reg.VecVirtual
		phiV, slopeV = l.curve(1, true)
		t := v.vector()
		VMULPS(in.row(l.sj, l.vj, 0), gI[1], t)
		VFMADD231PS(inI[1], gJ[1], t)
		for c := 1; c < 3; c++ {
			VFMADD231PS(in.row(l.sj, l.vj, c), gI[1+c], t)
			VFMADD231PS(inI[1+c], gJ[1+c], t)
		}
		VFMADD231PS(slopeV, t, sumD)
	}
	all := horizontalSums(v, sumU[0], sumU[1], sumU[2], sumD)
	VFMADD213PS(Mem{Base: grad}, scale, all)
	VMOVUPS(all, Mem{Base: grad})
	ADDQ(Imm(16), grad)

	if !first {
		l.self("apart", func() { store(l.sj, l.vj) })
		for c := range 4 {
			phi := phiV
			if c == 0 {
				phi = phiS
			}
			sum := v.load(gin.row(l.sj, l.vj, c-1))
			VFMADD231PS(gI[c], phi, sum)
			VMOVUPS(sum, gin.row(l.sj, l.vj, c-1))
		}
		l.self("next", func() { gin.move(ginI, l.sj, l.vj, false) })
		VFMADD231PS(gJ[0], phiS, ginI[0])
		for c := range 3 {
			VFMADD231PS(gJ[1+c], phiV, ginI[1+c])
		}
	}
	l.end(store)
}
