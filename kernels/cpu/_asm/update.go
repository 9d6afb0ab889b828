package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// update is the kernels of one atom: rows of h numbers, a multiple of 16.
func update(v isa) {
	updateNorm(v)
	updateVectors(v)
	updateVectorsBackward(v)
	updateNormBackward(v)
}

// eachVector runs body for offsets 0 to h, a register at a time.
func eachVector(v isa, h reg.GPVirtual, body func(offset reg.GPVirtual)) {
	offset := GP64()
	XORQ(offset, offset)
	Label("next")
	body(offset)
	ADDQ(Imm(uint64(v.bytes)), offset)
	CMPQ(offset, h)
	JL(LabelRef("next"))
	VZEROUPPER()
	RET()
}

// components is pointers to x, y and z of a vector's rows.
func components(base, h reg.GPVirtual) (c [3]reg.GPVirtual) {
	c[0] = base
	for k := 1; k < 3; k++ {
		c[k] = GP64()
		MOVQ(c[k-1], c[k])
		ADDQ(h, c[k])
	}
	return c
}

func loadAll(v isa, from [3]reg.GPVirtual, offset reg.GPVirtual) (r [3]reg.VecVirtual) {
	for c := range r {
		r[c] = v.load(at(from[c], offset, 0))
	}
	return r
}

// squaredNorm is x² + y² + z².
func squaredNorm(v isa, r [3]reg.VecVirtual) reg.VecVirtual {
	n := v.vector()
	VMULPS(r[0], r[0], n)
	VFMADD231PS(r[1], r[1], n)
	VFMADD231PS(r[2], r[2], n)
	return n
}

func updateNorm(v isa) {
	TEXT("updateNorm"+v.name, NOSPLIT, "func(norm, v *float32, h int)")
	Pragma("noescape")
	Doc("updateNorm" + v.name + " is |v| of one atom.")
	norm, h := pointer("norm"), scaled("h")
	from := components(pointer("v"), h)
	eachVector(v, h, func(offset reg.GPVirtual) {
		n := squaredNorm(v, loadAll(v, from, offset))
		VSQRTPS(n, n)
		VMOVUPS(n, at(norm, offset, 0))
	})
}

// mixed is row c of the matrix at m, or its column, times r.
func mixed(v isa, m reg.GPVirtual, r [3]reg.VecVirtual, c int, transposed bool) reg.VecVirtual {
	element := func(k int) Mem {
		if transposed {
			return Mem{Base: m, Disp: 4 * (3*k + c)}
		}
		return Mem{Base: m, Disp: 4 * (3*c + k)}
	}
	sum := v.broadcast(element(0))
	VMULPS(r[0], sum, sum)
	for k := 1; k < 3; k++ {
		VFMADD231PS(v.broadcast(element(k)), r[k], sum)
	}
	return sum
}

func updateVectors(v isa) {
	TEXT("updateVectors"+v.name, NOSPLIT, "func(out, v, g1, g2 *float32, m *[3][3]float32, h int)")
	Pragma("noescape")
	Doc("updateVectors" + v.name + " is v ⊙ g1 + (M v) ⊙ g2 of one atom.")
	h := scaled("h")
	out, from := components(pointer("out"), h), components(pointer("v"), h)
	g1, g2, m := pointer("g1"), pointer("g2"), pointer("m")
	eachVector(v, h, func(offset reg.GPVirtual) {
		r := loadAll(v, from, offset)
		a, b := v.load(at(g1, offset, 0)), v.load(at(g2, offset, 0))
		for c := range 3 {
			sum := mixed(v, m, r, c, false)
			VMULPS(b, sum, sum)
			VFMADD231PS(a, r[c], sum)
			VMOVUPS(sum, at(out[c], offset, 0))
		}
	})
}

func updateVectorsBackward(v isa) {
	TEXT("updateVectorsBackward"+v.name, NOSPLIT, "func(gv, gg1, gg2, v, g1, g2 *float32, m *[3][3]float32, h int)")
	Pragma("noescape")
	Doc("updateVectorsBackward" + v.name + " is UpdateVectorsBackward of one atom.")
	h := scaled("h")
	gv, from := components(pointer("gv"), h), components(pointer("v"), h)
	m := pointer("m")
	eachVector(v, h, func(offset reg.GPVirtual) {
		r, grad := loadAll(v, from, offset), loadAll(v, gv, offset)
		first, second := v.vector(), v.vector()
		VMULPS(r[0], grad[0], first)
		VFMADD231PS(r[1], grad[1], first)
		VFMADD231PS(r[2], grad[2], first)
		VMULPS(mixed(v, m, r, 0, false), grad[0], second)
		VFMADD231PS(mixed(v, m, r, 1, false), grad[1], second)
		VFMADD231PS(mixed(v, m, r, 2, false), grad[2], second)
		VMOVUPS(first, at(pointer("gg1"), offset, 0))
		VMOVUPS(second, at(pointer("gg2"), offset, 0))
		a, b := v.load(at(pointer("g1"), offset, 0)), v.load(at(pointer("g2"), offset, 0))
		var turned [3]reg.VecVirtual
		for c := range 3 {
			turned[c] = v.vector()
			VMULPS(b, grad[c], turned[c])
			VMULPS(a, grad[c], grad[c])
		}
		for c := range 3 {
			VADDPS(mixed(v, m, turned, c, true), grad[c], grad[c])
			VMOVUPS(grad[c], at(gv[c], offset, 0))
		}
	})
}

func updateNormBackward(v isa) {
	TEXT("updateNormBackward"+v.name, NOSPLIT, "func(gv, gnorm, v *float32, h int)")
	Pragma("noescape")
	Doc("updateNormBackward" + v.name + " is gv += gnorm·v/|v| of one atom, and nothing where |v| = 0.")
	h := scaled("h")
	gv, from := components(pointer("gv"), h), components(pointer("v"), h)
	gnorm := pointer("gnorm")
	least := v.broadcast(constant("least"+v.name, 0x1p-126))
	eachVector(v, h, func(offset reg.GPVirtual) {
		r := loadAll(v, from, offset)
		n := squaredNorm(v, r)
		VMAXPS(least, n, n) // where |v| = 0 the quotient is then 0·finite
		VSQRTPS(n, n)
		quotient := v.load(at(gnorm, offset, 0))
		VDIVPS(n, quotient, quotient)
		for c := range 3 {
			sum := v.load(at(gv[c], offset, 0))
			VFMADD231PS(quotient, r[c], sum)
			VMOVUPS(sum, at(gv[c], offset, 0))
		}
	})
}
