// Command asm writes the vector code of package cpu: a file for each stem, for
// AVX2 with FMA and for AVX-512. It is run by go generate in kernels/cpu:
//
//	go run . -stem message -out ../message_amd64.s -stubs ../message_stub_amd64.go -pkg cpu
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is a set of vector instructions. Code works on panels of 16 numbers:
// two registers of AVX2, or one of AVX-512.
type isa struct {
	name   string
	bytes  int // of a register
	vector func() reg.VecVirtual
	zero   func(reg.VecVirtual)
}

// panel is the bytes of 16 float32, 1<<panelBits.
const panel, panelBits = 64, 6

var isas = []isa{
	{"AVX2", 32, YMM, func(r reg.VecVirtual) { VXORPS(r, r, r) }},
	{"AVX512", 64, ZMM, func(r reg.VecVirtual) { VPXORD(r, r, r) }},
}

// registers is how many of them make a panel.
func (v isa) registers() int { return panel / v.bytes }

// vectors is n registers.
func (v isa) vectors(n int) (r []reg.VecVirtual) {
	for range n {
		r = append(r, v.vector())
	}
	return r
}

// load is a new register with the numbers at m.
func (v isa) load(m Mem) reg.VecVirtual {
	r := v.vector()
	VMOVUPS(m, r)
	return r
}

// broadcast is a new register with the one number at m.
func (v isa) broadcast(m Mem) reg.VecVirtual {
	r := v.vector()
	VBROADCASTSS(m, r)
	return r
}

// number is a parameter in all lanes of a new register. It is not loaded by itself:
// avo does that with MOVSS, which without a V waits, on Intel's, for some hundred
// cycles where registers have been used at their full width.
func (v isa) number(name string) reg.VecVirtual { return v.broadcast(parameter(name)) }

// parameter is where one lies in memory.
func parameter(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// at is the memory offset bytes from base + index.
func at(base, index reg.Register, offset int) Mem {
	return Mem{Base: base, Index: index, Scale: 1, Disp: offset}
}

// pointer is a parameter in a register.
func pointer(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// scaled is a parameter times 4, the size of a number.
func scaled(name string) reg.GPVirtual {
	r := pointer(name)
	SHLQ(Imm(2), r)
	return r
}

var stems = map[string]func(v isa){
	"dense":   dense,
	"table":   func(v isa) { tableRows(v, false); tableRows(v, true) },
	"silu":    func(v isa) { silu(v, false); silu(v, true); siluDualBackward(v) },
	"message": message,
	"rows": func(v isa) {
		rows(v, false)
		rows(v, true)
		atomRows(v, pack)
		atomRows(v, stream)
		atomRows(v, unpack)
	},
	"update": update,
	"outer":  outer,
	"spline": func(v isa) { splineRows(v, false); splineRows(v, true); splineScatter(v) },

	"message_dual":  messageDual,
	"update_dual":   updateDual,
	"message_table": messageTable,
	"pairs":         func(v isa) { pairGradients(v); directions(v); placeKnots(v) },
}

func main() {
	stem := flag.String("stem", "", "which file to write")
	flag.Parse()
	ConstraintExpr("amd64,!purego")
	for _, v := range isas {
		stems[*stem](v)
	}
	Generate()
}
