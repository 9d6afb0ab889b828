package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowPointers are pointers to every third of some rows, stride bytes apart.
type rowPointers struct {
	third  []reg.GPVirtual
	stride reg.GPVirtual
}

func newRowPointers(base, stride reg.GPVirtual, rows int) rowPointers {
	p := rowPointers{stride: stride}
	for r := 0; r < rows; r += 3 {
		q := GP64()
		if r == 0 {
			MOVQ(base, q)
		} else {
			before := p.third[len(p.third)-1]
			LEAQ(Mem{Base: before, Index: stride, Scale: 2}, q)
			ADDQ(stride, q)
		}
		p.third = append(p.third, q)
	}
	return p
}

// row is the memory offset bytes into row r.
func (p rowPointers) row(r, offset int) Mem {
	m := Mem{Base: p.third[r/3], Disp: offset}
	if r%3 > 0 {
		m.Index, m.Scale = p.stride, uint8(r%3)
	}
	return m
}

// dense is dst[r] = bias + Σ_k x[r][k]·panel[k] for rows r, as many rows at a
// time as there are registers. AVX2 works on one panel of 16 outputs, AVX-512
// on two, so that a number of x that is loaded is used in two registers.
func dense(v isa) {
	name, panels, most := "densePanelAVX2", 1, 6
	if v.name == "AVX512" {
		name, panels, most = "densePairAVX512", 2, 12
	}
	TEXT(name, NOSPLIT, "func(dst *float32, stride int, x *float32, in int, panel, bias *float32, rows int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes %d columns of rows of x·Wᵀ + b; rows of dst are stride apart.", name, 16*panels))
	dst, x, rows := pointer("dst"), pointer("x"), pointer("rows")
	stride, in := scaled("stride"), scaled("in")
	weights, bias := pointer("panel"), pointer("bias")

	label := func(n int) string { return fmt.Sprintf("%drows", n) }
	for n := most; n >= 1; n-- {
		Label("try" + label(n))
		CMPQ(rows, Imm(uint64(n)))
		JL(LabelRef("less" + label(n)))
		denseBlock(v, panels, dst, stride, x, in, weights, bias, n)
		ADDQ(pitch(stride, n), dst)
		ADDQ(pitch(in, n), x)
		SUBQ(Imm(uint64(n)), rows)
		if n == most {
			JMP(LabelRef("try" + label(n)))
		}
		Label("less" + label(n))
	}
	VZEROUPPER()
	RET()
}

// pitch is n strides.
func pitch(stride reg.GPVirtual, n int) reg.GPVirtual {
	r := GP64()
	IMUL3Q(Imm(uint64(n)), stride, r)
	return r
}

func denseBlock(v isa, panels int, dst, stride, x, in, weights, bias reg.GPVirtual, rows int) {
	from := newRowPointers(x, in, rows)
	sums := make([][]reg.VecVirtual, rows)
	for r := range sums {
		for g := range panels * v.registers() {
			sums[r] = append(sums[r], v.load(Mem{Base: bias, Disp: g * v.bytes}))
		}
	}
	w, left, second := GP64(), GP64(), GP64()
	MOVQ(weights, w)
	if panels == 2 {
		MOVQ(in, second)
		SHLQ(Imm(4), second)
	}
	MOVQ(in, left)
	loop := fmt.Sprintf("each%drows", rows)
	Label(loop)
	var columns []reg.VecVirtual
	for g := range v.registers() {
		columns = append(columns, v.load(Mem{Base: w, Disp: g * v.bytes}))
	}
	if panels == 2 { // the second panel begins 16·in numbers after the first
		columns = append(columns, v.load(at(w, second, 0)))
	}
	for r := range sums {
		xr := v.broadcast(from.row(r, 0))
		for g, sum := range sums[r] {
			VFMADD231PS(xr, columns[g], sum)
		}
	}
	for _, p := range from.third {
		ADDQ(Imm(4), p)
	}
	ADDQ(Imm(panel), w)
	SUBQ(Imm(4), left)
	JNZ(LabelRef(loop))
	to := newRowPointers(dst, stride, rows)
	for r := range sums {
		for g, sum := range sums[r] {
			VMOVUPS(sum, to.row(r, g*v.bytes))
		}
	}
}
