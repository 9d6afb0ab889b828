package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// update is the kernels of atoms one after another, 16 features of each.
func update(v isa) {
	updateNorm(v)
	updateVectors(v)
	updateVectorsBackward(v)
	updateNormBackward(v)
}

// strided is a pointer and by how many bytes it moves from atom to atom: a
// number, or a register.
type strided struct{ pointer, by Op }

// vectorsAt is a parameter that moves by the vectors of an atom, x, y and z.
func vectorsAt(name string) (reg.GPVirtual, strided) {
	p := pointer(name)
	return p, strided{p, Imm(3 * panel)}
}

// eachAtom runs body for every atom and each register of its features.
func eachAtom(v isa, move []strided, body func(disp int)) {
	atoms := pointer("atoms")
	Label("atom")
	for g := range v.registers() {
		body(g * v.bytes)
	}
	for _, m := range move {
		ADDQ(m.by, m.pointer)
	}
	DECQ(atoms)
	JNZ(LabelRef("atom"))
	VZEROUPPER()
	RET()
}

// component is x, y or z of the vectors at base.
func component(base reg.GPVirtual, c, disp int) Mem { return Mem{Base: base, Disp: c*panel + disp} }

func loadAll(v isa, from reg.GPVirtual, disp int) (r [3]reg.VecVirtual) {
	for c := range r {
		r[c] = v.load(component(from, c, disp))
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
	TEXT("updateNorm"+v.name, NOSPLIT, "func(norm, v *float32, atoms, row int, floor float32)")
	Pragma("noescape")
	Doc("updateNorm" + v.name + " is |v| of atoms, their norms row numbers apart.")
	norm, row, floor := pointer("norm"), scaled("row"), v.number("floor")
	from, next := vectorsAt("v")
	eachAtom(v, []strided{next, {norm, row}}, func(disp int) {
		n := squaredNorm(v, loadAll(v, from, disp))
		VADDPS(floor, n, n)
		VSQRTPS(n, n)
		VMOVUPS(n, Mem{Base: norm, Disp: disp})
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
	TEXT("updateVectors"+v.name, NOSPLIT, "func(out, v, g1, g2 *float32, m *[3][3]float32, atoms, row int)")
	Pragma("noescape")
	Doc("updateVectors" + v.name + " is v ⊙ g1 + (M v) ⊙ g2 of atoms, their gates row numbers apart.")
	row, g1, g2, m := scaled("row"), pointer("g1"), pointer("g2"), pointer("m")
	out, nextOut := vectorsAt("out")
	from, next := vectorsAt("v")
	eachAtom(v, []strided{nextOut, next, {g1, row}, {g2, row}}, func(disp int) {
		r := loadAll(v, from, disp)
		a, b := v.load(Mem{Base: g1, Disp: disp}), v.load(Mem{Base: g2, Disp: disp})
		for c := range 3 {
			sum := mixed(v, m, r, c, false)
			VMULPS(b, sum, sum)
			VFMADD231PS(a, r[c], sum)
			VMOVUPS(sum, component(out, c, disp))
		}
	})
}

func updateVectorsBackward(v isa) {
	TEXT("updateVectorsBackward"+v.name, NOSPLIT, "func(gv, gg1, gg2, v, g1, g2 *float32, m *[3][3]float32, atoms, rows, row int)")
	Pragma("noescape")
	Doc("updateVectorsBackward" + v.name + " is UpdateVectorsBackward of atoms, their gates row numbers apart, and rows those of the gates' gradients.")
	rows, row, m := scaled("rows"), scaled("row"), pointer("m")
	gg1, gg2, g1, g2 := pointer("gg1"), pointer("gg2"), pointer("g1"), pointer("g2")
	gv, nextGrad := vectorsAt("gv")
	from, next := vectorsAt("v")
	eachAtom(v, []strided{nextGrad, next, {gg1, rows}, {gg2, rows}, {g1, row}, {g2, row}}, func(disp int) {
		r, grad := loadAll(v, from, disp), loadAll(v, gv, disp)
		first, second := v.vector(), v.vector()
		VMULPS(r[0], grad[0], first)
		VFMADD231PS(r[1], grad[1], first)
		VFMADD231PS(r[2], grad[2], first)
		VMULPS(mixed(v, m, r, 0, false), grad[0], second)
		VFMADD231PS(mixed(v, m, r, 1, false), grad[1], second)
		VFMADD231PS(mixed(v, m, r, 2, false), grad[2], second)
		VMOVUPS(first, Mem{Base: gg1, Disp: disp})
		VMOVUPS(second, Mem{Base: gg2, Disp: disp})
		a, b := v.load(Mem{Base: g1, Disp: disp}), v.load(Mem{Base: g2, Disp: disp})
		var turned [3]reg.VecVirtual
		for c := range 3 {
			turned[c] = v.vector()
			VMULPS(b, grad[c], turned[c])
			VMULPS(a, grad[c], grad[c])
		}
		for c := range 3 {
			VADDPS(mixed(v, m, turned, c, true), grad[c], grad[c])
			VMOVUPS(grad[c], component(gv, c, disp))
		}
	})
}

func updateNormBackward(v isa) {
	TEXT("updateNormBackward"+v.name, NOSPLIT, "func(gv, gnorm, v *float32, atoms, row int, floor float32)")
	Pragma("noescape")
	Doc("updateNormBackward" + v.name + " is gv += gnorm·v/|v| of atoms, and nothing where |v| = 0; gnorm are row numbers apart.")
	gnorm, row, floor := pointer("gnorm"), scaled("row"), v.number("floor")
	gv, nextGrad := vectorsAt("gv")
	from, next := vectorsAt("v")
	least := v.broadcast(constant("least"+v.name, 0x1p-126))
	eachAtom(v, []strided{nextGrad, next, {gnorm, row}}, func(disp int) {
		r := loadAll(v, from, disp)
		n := squaredNorm(v, r)
		VADDPS(floor, n, n)
		VMAXPS(least, n, n) // where |v| = 0 the quotient is then 0·finite
		VSQRTPS(n, n)
		quotient := v.load(Mem{Base: gnorm, Disp: disp})
		VDIVPS(n, quotient, quotient)
		for c := range 3 {
			sum := v.load(component(gv, c, disp))
			VFMADD231PS(quotient, r[c], sum)
			VMOVUPS(sum, component(gv, c, disp))
		}
	})
}
