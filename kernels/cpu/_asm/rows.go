package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
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
