package main

import (
	"fmt"
	"math"
)

// vec is a vector register: four float32, or two float64.
type vec int

func (v vec) String() string { return fmt.Sprintf("V%d.S4", int(v)) }

// row is some registers of numbers that follow one another.
type row []vec

// lane is one number of a register.
type lane struct {
	vec
	index int
}

// row is n registers.
func (f *function) row(n int) (r row) {
	for range n {
		if f.vecs == 32 {
			panic("there is no vector register left")
		}
		r = append(r, vec(f.vecs))
		f.vecs++
	}
	return r
}

// number is a parameter in the first lane of a register.
func (f *function) number(name string) lane {
	r := f.row(1)[0]
	f.op("FMOVS %s+%d(FP), F%d", name, f.offset(name), r)
	return lane{r, 0}
}

// constant is a number in all lanes of a register.
func (f *function) constant(x float64) vec {
	defer func(before int) { f.gps = before }(f.gps)
	bits, r := f.gp(), f.row(1)[0]
	f.op("MOVD $0x%08x, %s // %v", math.Float32bits(float32(x)), bits, x)
	f.op("VDUP %s, %s", bits, r)
	return r
}

// all is a register as a row of n.
func all(v vec, n int) (r row) {
	for range n {
		r = append(r, v)
	}
	return r
}

func (f *function) zero(r ...vec) {
	for _, v := range r {
		f.op("VEOR V%d.B16, V%[1]d.B16, V%[1]d.B16", v)
	}
}

func (f *function) move(to, from row) {
	for q := range to {
		f.op("VMOV V%d.B16, V%d.B16", from[q], to[q])
	}
}

// load reads the numbers at disp bytes from base on.
func (f *function) load(r row, base gp, disp int) {
	for ; len(r) > 1; r, disp = r[2:], disp+2*quad {
		f.op("FLDPQ %d(%s), (F%d, F%d)", disp, base, r[0], r[1])
	}
	if len(r) == 1 {
		f.op("FMOVQ %d(%s), F%d", disp, base, r[0])
	}
}

// loaded is n registers of the numbers there.
func (f *function) loaded(n int, base gp, disp int) row {
	r := f.row(n)
	f.load(r, base, disp)
	return r
}

func (f *function) store(r row, base gp, disp int) {
	for ; len(r) > 1; r, disp = r[2:], disp+2*quad {
		f.op("FSTPQ (F%d, F%d), %d(%s)", r[0], r[1], disp, base)
	}
	if len(r) == 1 {
		f.op("FMOVQ F%d, %d(%s)", r[0], disp, base)
	}
}

// lanes is the n float32 at disp bytes from base on, for products with a lane, and nothing
// beyond them is read.
func (f *function) lanes(n int, base gp, disp int) (l []lane) {
	for _, load := range []struct {
		lanes int
		op    string
	}{{4, "FMOVQ"}, {2, "FMOVD"}, {1, "FMOVS"}} {
		for ; n >= load.lanes; n, disp = n-load.lanes, disp+4*load.lanes {
			r := f.row(1)[0]
			f.op("%s %d(%s), F%d", load.op, disp, base, r)
			for i := range load.lanes {
				l = append(l, lane{r, i})
			}
		}
	}
	return l
}

// word writes an instruction that Go's assembler has no name for, and its usual name.
func (f *function) word(code uint32, format string, args ...any) {
	f.op("WORD $0x%08x // %s", code, fmt.Sprintf(format, args...))
}

// three is to = a∘b, number by number.
func (f *function) three(name string, code uint32, to, a, b row) {
	for q := range to {
		f.word(code|uint32(b[q]<<16|a[q]<<5|to[q]), "%s v%d.4s, v%d.4s, v%d.4s", name, to[q], a[q], b[q])
	}
}

func (f *function) add(to, a, b row)  { f.three("fadd", 0x4e20d400, to, a, b) }
func (f *function) sub(to, a, b row)  { f.three("fsub", 0x4ea0d400, to, a, b) }
func (f *function) mul(to, a, b row)  { f.three("fmul", 0x6e20dc00, to, a, b) }
func (f *function) div(to, a, b row)  { f.three("fdiv", 0x6e20fc00, to, a, b) }
func (f *function) max(to, a, b row)  { f.three("fmax", 0x4e20f400, to, a, b) }
func (f *function) min(to, a, b row)  { f.three("fmin", 0x4ea0f400, to, a, b) }
func (f *function) addp(to, a, b row) { f.three("faddp", 0x6e20d400, to, a, b) } // a0+a1, a2+a3, b0+b1, b2+b3

// fma is sum += a·b, rounded once.
func (f *function) fma(sum, a, b row) {
	for q := range sum {
		f.op("VFMLA %s, %s, %s", b[q], a[q], sum[q])
	}
}

// fms is sum −= a·b.
func (f *function) fms(sum, a, b row) {
	for q := range sum {
		f.op("VFMLS %s, %s, %s", b[q], a[q], sum[q])
	}
}

// two is to = ∘a, number by number.
func (f *function) two(name string, code uint32, to, a row) {
	for q := range to {
		f.word(code|uint32(a[q]<<5|to[q]), "%s v%d.4s, v%d.4s", name, to[q], a[q])
	}
}

func (f *function) neg(to, a row)   { f.two("fneg", 0x6ea0f800, to, a) }
func (f *function) sqrt(to, a row)  { f.two("fsqrt", 0x6ea1f800, to, a) }
func (f *function) round(to, a row) { f.two("fcvtns", 0x4e21a800, to, a) } // to whole numbers
func (f *function) float(to, a row) { f.two("scvtf", 0x4e21d800, to, a) }

// byLane is to ∘= a·l, or to = a·l, with one number l.
func (f *function) byLane(name string, code uint32, to, a row, l lane) {
	code |= uint32(l.index&1<<21 | l.index>>1<<11 | int(l.vec)<<16)
	for q := range to {
		f.word(code|uint32(a[q]<<5|to[q]), "%s v%d.4s, v%d.4s, v%d.s[%d]", name, to[q], a[q], l.vec, l.index)
	}
}

func (f *function) mulLane(to, a row, l lane)  { f.byLane("fmul", 0x4f809000, to, a, l) }
func (f *function) fmaLane(sum, a row, l lane) { f.byLane("fmla", 0x4f801000, sum, a, l) }
func (f *function) fmsLane(sum, a row, l lane) { f.byLane("fmls", 0x4f805000, sum, a, l) }

// fmaLaneDouble is sum += a·l in float64, with the first number of l.
func (f *function) fmaLaneDouble(sum, a row, l lane) {
	for q := range sum {
		f.word(0x4fc01000|uint32(l.vec<<16|a[q]<<5|sum[q]), "fmla v%d.2d, v%d.2d, v%d.d[0]", sum[q], a[q], l.vec)
	}
}
