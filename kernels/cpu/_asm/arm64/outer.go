package main

import "fmt"

// outer is gw[o] += Σ_r gy[r][o]·x[r] for 16 columns, as many outputs o at a time as
// there are registers for their sums.
func outer(w *file) {
	const most = 6
	f := w.function("outerPanelNEON", "adds 16 columns of gyᵀ·x; rows of gw and x are in apart, those of gy stride.",
		"gw *float32, in int, gy *float32, stride int, x *float32, rows, out int")
	gw, in, gy, stride, out := f.pointer("gw"), f.scaled("in"), f.pointer("gy"), f.scaled("stride"), f.pointer("out")
	for n := most; n >= 1; n-- {
		f.label(fmt.Sprintf("try%douts", n))
		f.op("CMP $%d, %s", n, out)
		f.op("BLT less%douts", n)
		outerBlock(f, gw, in, gy, stride, n)
		f.advance(4*n, gy)
		f.op("SUB $%d, %s, %[2]s", n, out)
		if n == most {
			f.op("B try%douts", n)
		}
		f.label(fmt.Sprintf("less%douts", n))
	}
	f.ret()
}

// outerBlock does some outputs, and moves gw on by them.
func outerBlock(f *function, gw, in, gy, stride gp, outs int) {
	defer f.scope()()
	to, g, x, left := f.gp(), f.gp(), f.pointer("x"), f.pointer("rows")
	f.op("MOVD %s, %s", gw, to)
	f.op("MOVD %s, %s", gy, g)
	sums := make([]row, outs)
	for o := range sums {
		sums[o] = f.loaded(panel/quad, to, 0)
		f.advance(in, to)
	}
	loop := fmt.Sprintf("each%douts", outs)
	f.label(loop)
	columns, seeds := f.loaded(panel/quad, x, 0), f.lanes(outs, g, 0)
	for o, sum := range sums {
		f.fmaLane(sum, columns, seeds[o])
	}
	f.advance(in, x)
	f.advance(stride, g)
	f.repeat(left, 1, loop)
	for _, sum := range sums {
		f.store(sum, gw, 0)
		f.advance(in, gw)
	}
}
