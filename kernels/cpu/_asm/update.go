package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// update is the kernels of atoms one after another, 16 features of each.
func update(v isa) {
	updateInput(v)
	updateVectors(v)
	updateOutput(v)
	updateOutputBackward(v)
	updateInputBackward(v)
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

// inverseRoot is half of 1/√n, which is finite where n = 0, and √n before its last
// correction. AVX-512 makes both of an estimate, in a third of the time that the
// instructions take.
func inverseRoot(v isa, n reg.VecVirtual, least, half reg.VecVirtual) (halfInverse, root reg.VecVirtual) {
	inverse, rest := v.vector(), v.vector()
	root, halfInverse = v.vector(), v.vector()
	VMAXPS(least, n, inverse)
	VRSQRT14PS(inverse, inverse)
	VMULPS(inverse, n, root)
	VMULPS(inverse, half, halfInverse)
	// By Newton: 1/√n ← 1/√n + 1/√n·(½ − ½·1/√n·√n), and √n likewise.
	VMOVAPS(half, rest)
	VFNMADD231PS(root, halfInverse, rest)
	VFMADD231PS(rest, root, root)
	VFMADD231PS(rest, halfInverse, halfInverse)
	return halfInverse, root
}

// squareRoot is √n, which but in few cases is rounded as the instruction rounds it.
func squareRoot(v isa, n reg.VecVirtual, least, half reg.VecVirtual) reg.VecVirtual {
	halfInverse, root := inverseRoot(v, n, least, half)
	VFNMADD231PS(root, root, n) // what √n misses
	VFMADD231PS(n, halfInverse, root)
	return root
}

// roots are the constants of inverseRoot.
func roots(v isa, name string) (least, half reg.VecVirtual) {
	return v.broadcast(constant("least"+name+v.name, 0x1p-126)), v.broadcast(constant("half"+name+v.name, 0.5))
}

func updateInput(v isa) {
	TEXT("updateInput"+v.name, NOSPLIT, "func(x, norm, s, v *float32, atoms, row int, floor float32)")
	Pragma("noescape")
	Doc("updateInput" + v.name + " is s and |v| of atoms, x and norm row numbers apart.")
	x, norm, s, row, floor := pointer("x"), pointer("norm"), pointer("s"), scaled("row"), v.number("floor")
	from, next := vectorsAt("v")
	least, half := roots(v, "Input")
	eachAtom(v, []strided{next, {s, Imm(panel)}, {x, row}, {norm, row}}, func(disp int) {
		VMOVUPS(v.load(Mem{Base: s, Disp: disp}), Mem{Base: x, Disp: disp})
		n := squaredNorm(v, loadAll(v, from, disp))
		VADDPS(floor, n, n)
		if v.name == "AVX512" {
			n = squareRoot(v, n, least, half)
		} else {
			VSQRTPS(n, n)
		}
		VMOVUPS(n, Mem{Base: norm, Disp: disp})
	})
}

// mixing is the matrix M [3, 3]: in memory, or held in registers.
type mixing struct {
	isa
	m    reg.GPVirtual
	held []reg.VecVirtual
}

// newMixing is the parameter m, in registers where there are enough.
func newMixing(v isa) mixing {
	x := mixing{isa: v, m: pointer("m")}
	if v.name == "AVX512" {
		for i := range 9 {
			x.held = append(x.held, v.broadcast(Mem{Base: x.m, Disp: 4 * i}))
		}
	}
	return x
}

// times is row c of the matrix, or its column, times r.
func (x mixing) times(r [3]reg.VecVirtual, c int, transposed bool) reg.VecVirtual {
	element := func(k int) reg.VecVirtual {
		i := 3*c + k
		if transposed {
			i = 3*k + c
		}
		if x.held != nil {
			return x.held[i]
		}
		return x.broadcast(Mem{Base: x.m, Disp: 4 * i})
	}
	sum := x.vector()
	VMULPS(r[0], element(0), sum)
	for k := 1; k < 3; k++ {
		VFMADD231PS(element(k), r[k], sum)
	}
	return sum
}

// gated is v ⊙ g1 + (M v) ⊙ g2.
func (x mixing) gated(r [3]reg.VecVirtual, g1, g2 reg.VecVirtual) (out [3]reg.VecVirtual) {
	for c := range out {
		out[c] = x.times(r, c, false)
		VMULPS(g2, out[c], out[c])
		VFMADD231PS(g1, r[c], out[c])
	}
	return out
}

func updateVectors(v isa) {
	TEXT("updateVectors"+v.name, NOSPLIT, "func(out, v, g1, g2 *float32, m *[3][3]float32, atoms, row int)")
	Pragma("noescape")
	Doc("updateVectors" + v.name + " is v ⊙ g1 + (M v) ⊙ g2 of atoms, their gates row numbers apart.")
	row, g1, g2, m := scaled("row"), pointer("g1"), pointer("g2"), newMixing(v)
	out, nextOut := vectorsAt("out")
	from, next := vectorsAt("v")
	eachAtom(v, []strided{nextOut, next, {g1, row}, {g2, row}}, func(disp int) {
		r := loadAll(v, from, disp)
		for c, sum := range m.gated(r, v.load(Mem{Base: g1, Disp: disp}), v.load(Mem{Base: g2, Disp: disp})) {
			VMOVUPS(sum, component(out, c, disp))
		}
	})
}

func updateOutput(v isa) {
	TEXT("updateOutput"+v.name, NOSPLIT, "func(s, out, v, gates, y *float32, m *[3][3]float32, atoms, full int)")
	Pragma("noescape")
	Doc("updateOutput" + v.name + " is UpdateOutput for 16 features of atoms, whose parts of y and of gates are full numbers apart.")
	full, m, s, gates, y := scaled("full"), newMixing(v), pointer("s"), pointer("gates"), pointer("y")
	out, nextOut := vectorsAt("out")
	from, next := vectorsAt("v")
	three, two := GP64(), GP64()
	LEAQ(Mem{Base: full, Index: full, Scale: 2}, three)
	MOVQ(full, two)
	SHLQ(Imm(1), two)
	eachAtom(v, []strided{nextOut, next, {s, Imm(panel)}, {y, three}, {gates, two}}, func(disp int) {
		sum := v.load(Mem{Base: s, Disp: disp})
		VADDPS(Mem{Base: y, Disp: disp}, sum, sum)
		VMOVUPS(sum, Mem{Base: s, Disp: disp})
		g1, g2 := v.load(at(y, full, disp)), v.load(at(y, two, disp))
		VMOVUPS(g1, Mem{Base: gates, Disp: disp})
		VMOVUPS(g2, at(gates, full, disp))
		for c, sum := range m.gated(loadAll(v, from, disp), g1, g2) {
			VMOVUPS(sum, component(out, c, disp))
		}
	})
}

func updateOutputBackward(v isa) {
	TEXT("updateOutputBackward"+v.name, NOSPLIT, "func(gy, gs, gv, v, gates *float32, m *[3][3]float32, atoms, full int)")
	Pragma("noescape")
	Doc("updateOutputBackward" + v.name + " is UpdateOutputBackward for 16 features of atoms, whose parts of gy and of gates are full numbers apart.")
	full, m, gy, gs, gates := scaled("full"), newMixing(v), pointer("gy"), pointer("gs"), pointer("gates")
	gv, nextGrad := vectorsAt("gv")
	from, next := vectorsAt("v")
	three, two := GP64(), GP64()
	LEAQ(Mem{Base: full, Index: full, Scale: 2}, three)
	MOVQ(full, two)
	SHLQ(Imm(1), two)
	eachAtom(v, []strided{nextGrad, next, {gs, Imm(panel)}, {gy, three}, {gates, two}}, func(disp int) {
		VMOVUPS(v.load(Mem{Base: gs, Disp: disp}), Mem{Base: gy, Disp: disp})
		r, grad := loadAll(v, from, disp), loadAll(v, gv, disp)
		first, second := v.vector(), v.vector()
		VMULPS(r[0], grad[0], first)
		VFMADD231PS(r[1], grad[1], first)
		VFMADD231PS(r[2], grad[2], first)
		VMULPS(m.times(r, 0, false), grad[0], second)
		VFMADD231PS(m.times(r, 1, false), grad[1], second)
		VFMADD231PS(m.times(r, 2, false), grad[2], second)
		VMOVUPS(first, at(gy, full, disp))
		VMOVUPS(second, at(gy, two, disp))
		a, b := v.load(Mem{Base: gates, Disp: disp}), v.load(at(gates, full, disp))
		var turned [3]reg.VecVirtual
		for c := range 3 {
			turned[c] = v.vector()
			VMULPS(b, grad[c], turned[c])
			VMULPS(a, grad[c], grad[c])
		}
		for c := range 3 {
			VADDPS(m.times(turned, c, true), grad[c], grad[c])
			VMOVUPS(grad[c], component(gv, c, disp))
		}
	})
}

func updateInputBackward(v isa) {
	TEXT("updateInputBackward"+v.name, NOSPLIT, "func(gs, gv, gx, gnorm, v *float32, atoms, row int, floor float32)")
	Pragma("noescape")
	Doc("updateInputBackward" + v.name + " is gs += gx and gv += gnorm·v/|v| of atoms, and nothing where |v| = 0; gx and gnorm are row numbers apart.")
	gx, gnorm, row, floor, gs := pointer("gx"), pointer("gnorm"), scaled("row"), v.number("floor"), pointer("gs")
	gv, nextGrad := vectorsAt("gv")
	from, next := vectorsAt("v")
	least, half := roots(v, "Back")
	eachAtom(v, []strided{nextGrad, next, {gs, Imm(panel)}, {gx, row}, {gnorm, row}}, func(disp int) {
		sum := v.load(Mem{Base: gs, Disp: disp})
		VADDPS(Mem{Base: gx, Disp: disp}, sum, sum)
		VMOVUPS(sum, Mem{Base: gs, Disp: disp})
		r := loadAll(v, from, disp)
		n := squaredNorm(v, r)
		VADDPS(floor, n, n)
		quotient := v.load(Mem{Base: gnorm, Disp: disp})
		if v.name == "AVX512" {
			halfInverse, _ := inverseRoot(v, n, least, half)
			VMULPS(halfInverse, quotient, quotient)
			VADDPS(quotient, quotient, quotient)
		} else {
			VMAXPS(least, n, n) // where |v| = 0 the quotient is then 0·finite
			VSQRTPS(n, n)
			VDIVPS(n, quotient, quotient)
		}
		for c := range 3 {
			sum := v.load(component(gv, c, disp))
			VFMADD231PS(quotient, r[c], sum)
			VMOVUPS(sum, component(gv, c, disp))
		}
	})
}
