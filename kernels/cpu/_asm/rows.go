package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rows copies rows of 16 numbers, or adds them.
func rows(v isa, add bool) {
	name, doc := "copyRows"+v.name, " copies rows of 16 numbers."
	if add {
		name, doc = "addRows"+v.name, " adds rows of 16 numbers to dst."
	}
	TEXT(name, NOSPLIT, "func(dst *float32, to int, src *float32, from, atoms int)")
	Pragma("noescape")
	Doc(name + doc)
	dst, to, src, from := pointer("dst"), scaled("to"), pointer("src"), scaled("from")
	eachAtom(v, []strided{{dst, to}, {src, from}}, func(disp int) {
		r := v.load(Mem{Base: src, Disp: disp})
		if add {
			VADDPS(Mem{Base: dst, Disp: disp}, r, r)
		}
		VMOVUPS(r, Mem{Base: dst, Disp: disp})
	})
}

// way is what becomes of rows of atoms.
type way struct{ name, doc, list string }

var (
	pack   = way{"packRows", "packs the rows of a list of atoms", "list *int32, "}
	stream = way{"streamRows", "packs them past the caches, to rows that begin at a whole register", "list *int32, "}
	unpack = way{"unpackRows", "unpacks the rows of atoms on end", ""}
)

// atomRows packs rows of atoms, or unpacks them: see PackRows and UnpackRows. Rows lie on end, and states in a place for
// each group of features, so that a store goes to as many places as there are groups: in registers that are as wide
// as can be, as the stores that wait for memory are counted, and not their bytes.
func atomRows(v isa, w way) {
	name := w.name + v.name
	TEXT(name, NOSPLIT, "func(rows, s, v *float32, "+w.list+"n, groups, atoms int)")
	Pragma("noescape")
	Doc(name + " " + w.doc + ".")
	rows, firstS, firstV, n, groups := pointer("rows"), pointer("s"), pointer("v"), pointer("n"), pointer("groups")
	nextS, nextV := pointer("atoms"), GP64() // from group to group
	SHLQ(Imm(panelBits), nextS)
	LEAQ(Mem{Base: nextS, Index: nextS, Scale: 2}, nextV)
	atS, atV, left := GP64(), GP64(), GP64()
	var next reg.GPVirtual // in the list
	if w != unpack {
		next = pointer("list")
	}
	Label("atom")
	if w == unpack {
		MOVQ(firstS, atS)
		MOVQ(firstV, atV)
		ADDQ(Imm(panel), firstS)
		ADDQ(I32(3*panel), firstV)
	} else {
		MOVLQSX(Mem{Base: next}, atS)
		ADDQ(Imm(4), next)
		SHLQ(Imm(panelBits), atS)
		LEAQ(Mem{Base: atS, Index: atS, Scale: 2}, atV)
		ADDQ(firstS, atS)
		ADDQ(firstV, atV)
	}
	MOVQ(groups, left)
	Label("group")
	for disp := 0; disp < 4*panel; disp += v.bytes {
		to, from := Mem{Base: rows, Disp: disp}, Mem{Base: atS, Disp: disp}
		if disp >= panel {
			from = Mem{Base: atV, Disp: disp - panel}
		}
		switch w {
		case pack:
			VMOVUPS(v.load(from), to)
		case stream:
			VMOVNTPS(v.load(from), to)
		case unpack:
			VMOVUPS(v.load(to), from)
		}
	}
	ADDQ(I32(4*panel), rows)
	ADDQ(nextS, atS)
	ADDQ(nextV, atV)
	DECQ(left)
	JNZ(LabelRef("group"))
	DECQ(n)
	JNZ(LabelRef("atom"))
	if w == stream {
		SFENCE()
	}
	VZEROUPPER()
	RET()
}
