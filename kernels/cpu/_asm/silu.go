package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// constant is a number of the program's own, in memory.
func constant(name string, x float64) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	DATA(0, U32(math.Float32bits(float32(x))))
	return m
}

// repeated is a number of the program's own in memory, with AVX2 in all lanes.
func (v isa) repeated(name string, x float64) Mem {
	m := constant(name, x)
	if v.name == "AVX2" {
		for i := 1; i < v.bytes/4; i++ {
			DATA(4*i, U32(math.Float32bits(float32(x))))
		}
	}
	return m
}

// expCoefficients are 1/n!, which on |r| ≤ ½ ln 2 leave e^r an error of 2e-8
// with seven terms.
var expCoefficients = []float64{1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720}

// siluConstants are the numbers that sigmoid needs, in registers.
type siluConstants struct {
	most, least, log2e, ln2High, ln2Low reg.VecVirtual
	exp                                 []Mem
	one                                 reg.VecVirtual
}

func newSiluConstants(v isa, function string) (c siluConstants) {
	load := func(name string, x float64) reg.VecVirtual { return v.broadcast(constant(function+name+v.name, x)) }
	c.most, c.least = load("expMost", 87), load("expLeast", -87)
	c.log2e = load("log2e", math.Log2E)
	high := math.Float64frombits(math.Float64bits(math.Ln2) &^ (1<<37 - 1)) // 16 bits, so that n·high is exact
	c.ln2High, c.ln2Low = load("ln2High", high), load("ln2Low", math.Ln2-high)
	c.one = load("one", 1)
	for i, x := range expCoefficients {
		c.exp = append(c.exp, v.repeated(function+"exp"+string(rune('0'+i))+v.name, x))
	}
	return c
}

// sigmoid is σ(x) = 1/(1 + e^−x), and e^−x: e^y = 2^n·e^r with y = n·ln 2 + r.
func (c *siluConstants) sigmoid(v isa, x reg.VecVirtual) (sigma, exp reg.VecVirtual) {
	y := v.vector()
	v.zero(y)
	VSUBPS(x, y, y)
	VMINPS(c.most, y, y)
	VMAXPS(c.least, y, y)
	n, r := v.vector(), v.vector()
	VMULPS(c.log2e, y, r)
	VCVTPS2DQ(r, n)
	VCVTDQ2PS(n, r)
	VFNMADD231PS(r, c.ln2High, y)
	VFNMADD231PS(r, c.ln2Low, y)
	last := len(c.exp) - 1
	p := v.broadcast(c.exp[last])
	for i := last - 1; i >= 0; i-- {
		if v.name == "AVX2" {
			VFMADD213PS(c.exp[i], y, p)
			continue
		}
		next := v.broadcast(c.exp[i])
		VFMADD231PS(y, p, next)
		p = next
	}
	VPSLLD(Imm(23), n, n) // into the exponent: p·2^n
	VPADDD(n, p, p)
	sigma = v.vector()
	VADDPS(c.one, p, sigma)
	VDIVPS(sigma, c.one, sigma)
	return sigma, p
}

// silu is dst = x·σ(x), or dst ⊙= silu′(x) = σ + x·σ·(1−σ).
func silu(v isa, backward bool) {
	name := "silu"
	if backward {
		name = "siluBackward"
	}
	TEXT(name+v.name, NOSPLIT, "func(dst, x *float32, n int)")
	Pragma("noescape")
	Doc(name + v.name + " is " + name + " on n numbers, a multiple of a register's.")
	dst, from, left := pointer("dst"), pointer("x"), scaled("n")
	c := newSiluConstants(v, name)
	Label("next")
	x := v.load(Mem{Base: from})
	sigma, slope := c.sigmoid(v, x)
	if backward {
		grad := v.load(Mem{Base: dst})
		VMULPS(sigma, slope, slope) // 1 − σ = σ·e^−x, without cancellation
		VMULPS(x, slope, slope)
		VFMADD213PS(sigma, sigma, slope) // σ + σ·x·(1−σ)
		VMULPS(slope, grad, grad)
		VMOVUPS(grad, Mem{Base: dst})
	} else {
		VMULPS(x, sigma, sigma)
		VMOVUPS(sigma, Mem{Base: dst})
	}
	ADDQ(Imm(uint64(v.bytes)), from)
	ADDQ(Imm(uint64(v.bytes)), dst)
	SUBQ(Imm(uint64(v.bytes)), left)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}

// siluDualBackward is grad = grad ⊙ silu′(x) + gtangent ⊙ silu″(x) ⊙ tangent with
// silu″ = σ(1−σ)(2 + x(1−σ) − xσ).
func siluDualBackward(v isa) {
	name := "siluDualBackward"
	TEXT(name+v.name, NOSPLIT, "func(grad, x, tangent, gtangent *float32, n int)")
	Pragma("noescape")
	Doc(name + v.name + " is SiLUDualBackward on n numbers, a multiple of a register's.")
	grad, from, tangent, gtangent, left := pointer("grad"), pointer("x"), pointer("tangent"), pointer("gtangent"), scaled("n")
	c := newSiluConstants(v, name)
	two := v.broadcast(constant(name+"two"+v.name, 2))
	Label("next")
	x := v.load(Mem{Base: from})
	sigma, rest := c.sigmoid(v, x)
	VMULPS(sigma, rest, rest) // 1 − σ = σ·e^−x, without cancellation
	product, curvature := v.vector(), v.vector()
	VMULPS(sigma, rest, product)
	VSUBPS(sigma, rest, curvature)
	VFMADD213PS(two, x, curvature)
	VMULPS(product, curvature, curvature)
	VMULPS(Mem{Base: gtangent}, curvature, curvature)
	VFMADD231PS(x, product, sigma) // σ + x·σ·(1−σ)
	VMULPS(Mem{Base: grad}, sigma, sigma)
	VFMADD231PS(Mem{Base: tangent}, curvature, sigma)
	VMOVUPS(sigma, Mem{Base: grad})
	for _, p := range []reg.GPVirtual{grad, from, tangent, gtangent} {
		ADDQ(Imm(uint64(v.bytes)), p)
	}
	SUBQ(Imm(uint64(v.bytes)), left)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}
