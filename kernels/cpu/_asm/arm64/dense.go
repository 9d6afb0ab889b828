package main

import "fmt"

// precision is the numbers that a product is of.
type precision struct {
	word     string // of the stub
	bits     int    // 1<<bits bytes
	fetch    string // reads one of them
	multiply func(f *function, sum, a row, l lane)
}

var (
	single = precision{"float32", 2, "FMOVS", (*function).fmaLane}
	double = precision{"float64", 3, "FMOVD", (*function).fmaLaneDouble}
)

// registers is how many of them hold 16 numbers.
func (p precision) registers() int { return 16 << p.bits / quad }

// dense is dst[r] = bias + Σ_k x[r][k]·panel[k] for rows r, as many rows at a time as
// there are registers for their sums.
func dense(w *file) {
	denseRows(w, single, "densePanelNEON", 6)
	denseRows(w, double, "densePanelDoubleNEON", 3)
}

func denseRows(w *file, p precision, name string, most int) {
	f := w.function(name, "computes 16 columns of rows of x·Wᵀ + b; rows of dst are stride apart.",
		fmt.Sprintf("dst *%s, stride int, x *%[1]s, in int, panel, bias *%[1]s, rows int", p.word))
	dst, stride, x, in, panel, bias, rows := f.pointer("dst"), f.pointer("stride"), f.pointer("x"), f.pointer("in"), f.pointer("panel"), f.pointer("bias"), f.pointer("rows")
	for _, r := range []gp{stride, in} {
		f.op("LSL $%d, %s, %[2]s", p.bits, r)
	}
	for n := most; n >= 1; n-- {
		f.label(fmt.Sprintf("try%drows", n))
		f.op("CMP $%d, %s", n, rows)
		f.op("BLT less%drows", n)
		denseBlock(f, p, n, dst, stride, x, in, panel, bias)
		f.op("SUB $%d, %s, %[2]s", n, rows)
		if n == most {
			f.op("B try%drows", n)
		}
		f.label(fmt.Sprintf("less%drows", n))
	}
	f.ret()
}

// denseBlock does some rows, and moves dst and x on by them.
func denseBlock(f *function, p precision, rows int, dst, stride, x, in, panel, bias gp) {
	defer f.scope()()
	from := make([]gp, rows)
	for r := range from {
		from[r] = f.gp()
		f.op("MOVD %s, %s", x, from[r])
		f.advance(in, x)
	}
	sums := make([]row, rows)
	for r := range sums {
		sums[r] = f.loaded(p.registers(), bias, 0)
	}
	weights, at := f.gp(), f.gp()
	f.op("MOVD %s, %s", panel, weights)
	f.op("MOVD $0, %s", at)
	loop := fmt.Sprintf("each%drows", rows)
	f.label(loop)
	columns, numbers := f.row(4), f.row(min(rows, 4))
	for half := 0; half < p.registers(); half += len(columns) {
		f.load(columns, weights, half*quad)
		for r, sum := range sums {
			l := lane{numbers[r%len(numbers)], 0}
			if half == 0 {
				f.op("%s (%s)(%s), F%d", p.fetch, from[r], at, l.vec)
			}
			p.multiply(f, sum[half:half+len(columns)], columns, l)
		}
	}
	f.advance(p.registers()*quad, weights)
	f.advance(1<<p.bits, at)
	f.op("CMP %s, %s", in, at)
	f.op("BNE %s", loop)
	for _, sum := range sums {
		f.store(sum, dst, 0)
		f.advance(stride, dst)
	}
}
