package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// With the 32 registers of AVX-512 the rows of atom I, s, x, y and z, stay in
// registers while pairs on end share it: only those of J are read and written.

// row is s, x, y and z of an atom, or s alone.
type row []reg.VecVirtual

// move copies a row between registers and the atom's numbers in the parameters
// scalars and vectors.
func (l *pairLoop) move(r row, scalars, vectors string, s reg.GPVirtual, store bool) {
	copy := func(m Mem, v reg.VecVirtual) {
		if store {
			VMOVUPS(v, m)
		} else {
			VMOVUPS(m, v)
		}
	}
	copy(at(pointer(scalars), s, 0), r[0])
	if len(r) == 1 {
		return
	}
	v := l.vectorsOf(vectors, s)
	for c := range 3 {
		copy(component(v, c, 0), r[1+c])
	}
}

// vectorsOf is a pointer to x of the atom whose scalars are at the offset s.
func (l *pairLoop) vectorsOf(vectors string, s reg.GPVirtual) reg.GPVirtual {
	v := pointer(vectors)
	ADDQ(s, v)
	LEAQ(Mem{Base: v, Index: s, Scale: 2}, v)
	return v
}

// keep begins a pair: where it has another atom I than the one before, what
// was summed of that is stored, and the new one's rows are loaded.
func (l *pairLoop) keep(current reg.GPVirtual, store, load func(s reg.GPVirtual)) {
	Label("pair")
	l.atoms()
	CMPQ(l.si, current)
	JEQ(LabelRef("same"))
	TESTQ(current, current)
	JS(LabelRef("load"))
	store(current)
	Label("load")
	MOVQ(l.si, current)
	load(current)
	Label("same")
}

// aroundSelf runs work on the memory of J; where J is I itself, its sums are
// in memory meanwhile.
func (l *pairLoop) aroundSelf(store, load func(s reg.GPVirtual), work func()) {
	CMPQ(l.si, l.sj)
	JNE(LabelRef("apart"))
	store(l.si)
	Label("apart")
	work()
	CMPQ(l.si, l.sj)
	JNE(LabelRef("next"))
	load(l.si)
	Label("next")
}

// last ends the loop over pairs and stores the last atom's sums.
func (l *pairLoop) last(current reg.GPVirtual, store func(s reg.GPVirtual), rows ...reg.GPVirtual) {
	l.end(scaled("row"), rows...)
	left := pointer("pairs")
	DECQ(left)
	Store(left, Param("pairs"))
	JNZ(LabelRef("pair"))
	if store != nil {
		store(current)
	}
	VZEROUPPER()
	RET()
}

// none is an offset that no atom has.
func none() reg.GPVirtual {
	r := GP64()
	MOVQ(I64(-1), r)
	return r
}

func messageForwardWide(v isa, first bool) {
	name := "messageForward" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(outS, outV, inS, inV *float32, i, j *int32, u *[3]float32, phi *float32, pairs, row, part int)")
	Pragma("noescape")
	Doc(name + " is messageForwardGeneric for 16 features; pointers are to the first of them.")
	l, current := newPairLoop(v, first), none()
	out, in := row(v.vectors(4)), row(v.vectors(4))
	if first {
		in = in[:1]
	}
	store := func(s reg.GPVirtual) { l.move(out, "outS", "outV", s, true) }
	load := func(s reg.GPVirtual) { l.move(out, "outS", "outV", s, false) }
	l.keep(current, store, func(s reg.GPVirtual) {
		load(s)
		l.move(in, "inS", "inV", s, false)
	})
	if first {
		l.prefetch([]string{"outS", "inS"}, []string{"outV"})
	} else {
		l.prefetch([]string{"outS", "inS"}, []string{"outV", "inV"})
	}
	phiS, phiV, phiU := l.parts(l.phi, 0)
	var push []reg.VecVirtual // u ⊗ φu
	for c := range 3 {
		p := v.broadcast(Mem{Base: l.u, Disp: 4 * c})
		VMULPS(p, phiU, p)
		push = append(push, p)
	}
	l.aroundSelf(store, load, func() {
		l.accumulate(at(pointer("outS"), l.sj, 0), in[0], phiS)
		vectors := l.vectorsOf("outV", l.sj)
		for c := range 3 {
			sum := v.load(component(vectors, c, 0))
			VSUBPS(push[c], sum, sum)
			if !first {
				VFMADD231PS(in[1+c], phiV, sum)
			}
			VMOVUPS(sum, component(vectors, c, 0))
		}
	})
	VFMADD231PS(at(pointer("inS"), l.sj, 0), phiS, out[0])
	for c := range 3 {
		VADDPS(push[c], out[1+c], out[1+c])
	}
	if !first {
		vectors := l.vectorsOf("inV", l.sj)
		for c := range 3 {
			VFMADD231PS(component(vectors, c, 0), phiV, out[1+c])
		}
	}
	l.last(current, store, l.phi)
}

func messageBackwardWide(v isa, first bool) {
	name := "messageBackward" + suffix(v, first)
	TEXT(name, NOSPLIT, "func(ginS, ginV, grad, gS, gV, inS, inV *float32, i, j *int32, u *[3]float32, phi, slope *float32, pairs, row, part int)")
	Pragma("noescape")
	Doc(name + " is messageBackwardGeneric for 16 features; pointers are to the first of them.")
	l, current := newPairLoop(v, first), none()
	slope := pointer("slope")
	g, in, gin := row(v.vectors(4)), row(v.vectors(4)), row(v.vectors(4))
	store := func(s reg.GPVirtual) { l.move(gin, "ginS", "ginV", s, true) }
	load := func(s reg.GPVirtual) { l.move(gin, "ginS", "ginV", s, false) }
	if first {
		in = in[:1]
		store, load = func(reg.GPVirtual) {}, func(reg.GPVirtual) {}
	}
	l.keep(current, store, func(s reg.GPVirtual) {
		load(s)
		l.move(g, "gS", "gV", s, false)
		l.move(in, "inS", "inV", s, false)
	})
	if first {
		l.prefetch([]string{"gS", "inS"}, []string{"gV"})
	} else {
		l.prefetch([]string{"gS", "inS"}, []string{"gV", "inV", "ginV"})
	}

	// The pair's gradient.
	gj := row(v.vectors(4))
	l.move(gj, "gS", "gV", l.sj, false)
	phiS, phiV, phiU := l.parts(l.phi, 0)
	slopeS, slopeV, slopeU := l.parts(slope, 0)
	sumD := v.vector()
	VMULPS(at(pointer("inS"), l.sj, 0), g[0], sumD)
	VFMADD231PS(in[0], gj[0], sumD)
	VMULPS(slopeS, sumD, sumD)
	var sumU []reg.VecVirtual
	for c := range 3 {
		d := v.vector()
		VSUBPS(gj[1+c], g[1+c], d)
		sum := v.vector()
		VMULPS(phiU, d, sum)
		sumU = append(sumU, sum)
		VMULPS(v.broadcast(Mem{Base: l.u, Disp: 4 * c}), d, d)
		VFMADD231PS(slopeU, d, sumD)
	}
	if !first {
		vectors := l.vectorsOf("inV", l.sj)
		t := v.vector()
		VMULPS(component(vectors, 0, 0), g[1], t)
		VFMADD231PS(in[1], gj[1], t)
		for c := 1; c < 3; c++ {
			VFMADD231PS(component(vectors, c, 0), g[1+c], t)
			VFMADD231PS(in[1+c], gj[1+c], t)
		}
		VFMADD231PS(slopeV, t, sumD)
	}
	all := horizontalSums(v, sumU[0], sumU[1], sumU[2], sumD)
	grad := pointer("grad")
	VADDPS(Mem{Base: grad}, all, all)
	VMOVUPS(all, Mem{Base: grad})
	ADDQ(Imm(16), grad)
	Store(grad, Param("grad"))

	if !first {
		l.aroundSelf(store, load, func() {
			l.accumulate(at(pointer("ginS"), l.sj, 0), g[0], phiS)
			vectors := l.vectorsOf("ginV", l.sj)
			for c := range 3 {
				l.accumulate(component(vectors, c, 0), g[1+c], phiV)
			}
		})
		VFMADD231PS(gj[0], phiS, gin[0])
		for c := range 3 {
			VFMADD231PS(gj[1+c], phiV, gin[1+c])
		}
	}
	l.last(current, store, l.phi, slope)
}
