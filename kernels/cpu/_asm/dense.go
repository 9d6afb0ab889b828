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

// precision is the numbers that a product is of.
type precision struct {
	word      string // of the stub
	bits      uint8  // 1<<bits bytes
	load      func(m, r Op)
	broadcast func(m, r Op)
	add       func(a, b, sum Op)
}

var (
	single = precision{"float32", 2, func(m, r Op) { VMOVUPS(m, r) }, func(m, r Op) { VBROADCASTSS(m, r) }, func(a, b, sum Op) { VFMADD231PS(a, b, sum) }}
	double = precision{"float64", 3, func(m, r Op) { VMOVUPD(m, r) }, func(m, r Op) { VBROADCASTSD(m, r) }, func(a, b, sum Op) { VFMADD231PD(a, b, sum) }}
)

// block is how many rows and panels of 16 outputs are computed at a time, with how
// many registers for a panel, and whether a panel need not be whole.
type block struct {
	rows, panels, registers int
	part                    bool
}

// dense is dst[r] = bias + Σ_k x[r][k]·panel[k] for rows r, as many rows at a
// time as there are registers. Where there are enough, on two panels, so that a
// number of x that is loaded is used in more registers.
func dense(v isa) {
	if v.name == "AVX2" {
		denseRows(v, single, "densePanelAVX2", block{6, 1, 2, false})
		denseRows(v, single, "densePartAVX2", block{6, 1, 2, true})
		denseRows(v, double, "densePanelDoubleAVX2", block{2, 1, 4, false})
	} else {
		denseRows(v, single, "densePanelAVX512", block{16, 1, 1, true})
		denseRows(v, single, "densePairAVX512", block{12, 2, 1, false})
		denseRows(v, double, "densePanelDoubleAVX512", block{12, 1, 2, false})
	}
}

func denseRows(v isa, p precision, name string, most block) {
	columns := ""
	doc := fmt.Sprintf("%s computes %d columns of rows of x·Wᵀ + b; rows of dst are stride apart.", name, 16*most.panels)
	if most.part {
		columns, doc = ", columns int", doc+" It stores the first columns of them."
	}
	TEXT(name, NOSPLIT, fmt.Sprintf("func(dst *%s, stride int, x *%[1]s, in int, panel, bias *%[1]s, rows int%s)", p.word, columns))
	Pragma("noescape")
	Doc(doc)
	var mask reg.Register
	switch {
	case most.part && v.name == "AVX2":
		mask = lanesBefore("columns")
	case most.part:
		mask = firstLanes("columns")
	}
	dst, x, rows := pointer("dst"), pointer("x"), pointer("rows")
	stride, in := pointer("stride"), pointer("in")
	SHLQ(Imm(uint64(p.bits)), stride)
	SHLQ(Imm(uint64(p.bits)), in)
	weights, bias := pointer("panel"), pointer("bias")

	label := func(n int) string { return fmt.Sprintf("%drows", n) }
	even := most.rows == 6
	if even {
		evenly(rows, label)
	}
	for n := most.rows; n >= 1; n-- {
		Label("try" + label(n))
		CMPQ(rows, Imm(uint64(n)))
		JL(LabelRef("less" + label(n)))
		denseBlock(v, p, block{n, most.panels, most.registers, most.part}, dst, stride, x, in, weights, bias, mask)
		ADDQ(pitch(stride, n), dst)
		ADDQ(pitch(in, n), x)
		SUBQ(Imm(uint64(n)), rows)
		switch {
		case n == most.rows && even:
			JMP(LabelRef("evenly"))
		case n == most.rows:
			JMP(LabelRef("try" + label(n)))
		case even && n > 3: // as many may be left
			JMP(LabelRef("try" + label(n)))
		}
		Label("less" + label(n))
	}
	VZEROUPPER()
	RET()
}

// evenly shares 7 to 10 rows out as two blocks of 4 or 5: with 3 of them and fewer a
// block waits for its sums, of which the machine adds to two at a time and has each
// after four cycles.
func evenly(rows reg.GPVirtual, label func(n int) string) {
	Label("evenly")
	for _, few := range []struct{ rows, block int }{{6, 6}, {8, 4}, {10, 5}} {
		CMPQ(rows, Imm(uint64(few.rows)))
		JLE(LabelRef("try" + label(few.block)))
	}
}

// firstLanes is a mask of as many lanes as a parameter says, 1 to 16.
func firstLanes(name string) reg.Register {
	bits, left, mask := GP32(), GP64(), K()
	Load(Param(name), left)
	MOVL(U32(1<<16-1), bits)
	SUBQ(Imm(16), left)
	NEGQ(left)
	MOVQ(left, reg.RCX)
	SHRL(reg.CL, bits)
	KMOVW(bits, mask)
	return mask
}

// lanesBefore points to a mask of two registers with as many lanes as a parameter says, 1 to 16.
func lanesBefore(name string) reg.Register {
	const width = 16
	lanes := GLOBL("denseLanes", RODATA|NOPTR)
	for i := range 2 * width {
		bits := uint32(0)
		if i < width {
			bits = 1<<32 - 1
		}
		DATA(4*i, U32(bits))
	}
	mask, columns := GP64(), scaled(name)
	LEAQ(lanes.Offset(4*width), mask)
	SUBQ(columns, mask)
	return mask
}

// pitch is n strides.
func pitch(stride reg.GPVirtual, n int) reg.GPVirtual {
	r := GP64()
	IMUL3Q(Imm(uint64(n)), stride, r)
	return r
}

func denseBlock(v isa, p precision, b block, dst, stride, x, in, weights, bias reg.GPVirtual, mask reg.Register) {
	fetch := func(load func(m, r Op), m Mem) reg.VecVirtual {
		r := v.vector()
		load(m, r)
		return r
	}
	from := newRowPointers(x, in, b.rows)
	sums := make([][]reg.VecVirtual, b.rows)
	for r := range sums {
		for g := range b.panels * b.registers {
			sums[r] = append(sums[r], fetch(p.load, Mem{Base: bias, Disp: g * v.bytes}))
		}
	}
	w, left, second := GP64(), GP64(), GP64()
	MOVQ(weights, w)
	if b.panels == 2 {
		MOVQ(in, second)
		SHLQ(Imm(4), second)
	}
	MOVQ(in, left)
	loop := fmt.Sprintf("each%drows", b.rows)
	Label(loop)
	var columns []reg.VecVirtual
	for g := range b.registers {
		columns = append(columns, fetch(p.load, Mem{Base: w, Disp: g * v.bytes}))
	}
	if b.panels == 2 { // the second panel begins 16·in numbers after the first
		columns = append(columns, fetch(p.load, at(w, second, 0)))
	}
	for r := range sums {
		xr := fetch(p.broadcast, from.row(r, 0))
		for g, sum := range sums[r] {
			p.add(xr, columns[g], sum)
		}
	}
	for _, q := range from.third {
		ADDQ(Imm(1<<p.bits), q)
	}
	ADDQ(Imm(16<<p.bits), w)
	SUBQ(Imm(1<<p.bits), left)
	JNZ(LabelRef(loop))
	to := newRowPointers(dst, stride, b.rows)
	if b.part && v.name == "AVX2" {
		storePart(v, sums, to, mask, fmt.Sprintf("%drows", b.rows))
		return
	}
	for r := range sums {
		for g, sum := range sums[r] {
			if m := to.row(r, g*v.bytes); mask != nil {
				VMOVUPS(sum, mask, m)
			} else {
				p.load(sum, m)
			}
		}
	}
}

// storePart stores as many columns as there are. A store through a mask takes twelve
// cycles: the widths of most readouts, 1 and 8, do without.
func storePart(v isa, sums [][]reg.VecVirtual, to rowPointers, mask reg.Register, label string) {
	each := func(store func(r int)) {
		for r := range sums {
			store(r)
		}
	}
	CMPQ(parameter("columns"), Imm(1))
	JNE(LabelRef("not1" + label))
	each(func(r int) { VMOVSS(sums[r][0].AsX(), to.row(r, 0)) })
	JMP(LabelRef("stored" + label))
	Label("not1" + label)
	CMPQ(parameter("columns"), Imm(8))
	JNE(LabelRef("not8" + label))
	each(func(r int) { VMOVUPS(sums[r][0], to.row(r, 0)) })
	JMP(LabelRef("stored" + label))
	Label("not8" + label)
	each(func(r int) {
		for g, sum := range sums[r] {
			VMASKMOVPS(sum, v.load(Mem{Base: mask, Disp: g * v.bytes}), to.row(r, g*v.bytes))
		}
	})
	Label("stored" + label)
}
