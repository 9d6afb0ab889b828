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

// atomRows packs rows of atoms, or unpacks them: see PackRows and UnpackRows. Rows lie on end, and states in a place for
// each group of features, so that a store goes to as many places as there are groups: in registers that are as wide
// as can be, as the stores that wait for memory are counted, and not their bytes.
func atomRows(v isa, unpack bool) {
	name, doc, list := "packRows"+v.name, " packs the rows of a list of atoms.", "list *int32, "
	if unpack {
		name, doc, list = "unpackRows"+v.name, " unpacks the rows of atoms on end.", ""
	}
	TEXT(name, NOSPLIT, "func(rows, s, v *float32, "+list+"n, groups, atoms int)")
	Pragma("noescape")
	Doc(name + doc)
	rows, firstS, firstV, n, groups := pointer("rows"), pointer("s"), pointer("v"), pointer("n"), pointer("groups")
	nextS, nextV := pointer("atoms"), GP64() // from group to group
	SHLQ(Imm(panelBits), nextS)
	LEAQ(Mem{Base: nextS, Index: nextS, Scale: 2}, nextV)
	s, w, left := GP64(), GP64(), GP64()
	var next reg.GPVirtual // in the list
	if !unpack {
		next = pointer("list")
	}
	Label("atom")
	if unpack {
		MOVQ(firstS, s)
		MOVQ(firstV, w)
		ADDQ(Imm(panel), firstS)
		ADDQ(I32(3*panel), firstV)
	} else {
		MOVLQSX(Mem{Base: next}, s)
		ADDQ(Imm(4), next)
		SHLQ(Imm(panelBits), s)
		LEAQ(Mem{Base: s, Index: s, Scale: 2}, w)
		ADDQ(firstS, s)
		ADDQ(firstV, w)
	}
	MOVQ(groups, left)
	Label("group")
	for disp := 0; disp < 4*panel; disp += v.bytes {
		to, from := Mem{Base: rows, Disp: disp}, Mem{Base: s, Disp: disp}
		if disp >= panel {
			from = Mem{Base: w, Disp: disp - panel}
		}
		if unpack {
			to, from = from, to
		}
		VMOVUPS(v.load(from), to)
	}
	ADDQ(I32(4*panel), rows)
	ADDQ(nextS, s)
	ADDQ(nextV, w)
	DECQ(left)
	JNZ(LabelRef("group"))
	DECQ(n)
	JNZ(LabelRef("atom"))
	VZEROUPPER()
	RET()
}
