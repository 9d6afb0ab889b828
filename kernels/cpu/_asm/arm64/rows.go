package main

// strided is a pointer and by how many bytes it moves from atom to atom: a number, or
// a register.
type strided struct {
	pointer gp
	by      any
}

// eachAtom runs body for every atom and the two halves of its 16 features, disp bytes
// from its pointers on.
func eachAtom(f *function, move []strided, body func(disp int)) {
	atoms := f.pointer("atoms")
	f.label("atom")
	for disp := 0; disp < panel; disp += half * quad {
		end := f.scope()
		body(disp)
		end()
	}
	for _, m := range move {
		f.advance(m.by, m.pointer)
	}
	f.repeat(atoms, 1, "atom")
	f.ret()
}

// half is the registers of 8 features, what an instruction reads or writes at once.
const half = 2

// rows copies rows of 16 numbers, or adds them.
func rows(w *file) {
	for _, add := range []bool{false, true} {
		name, doc := "copyRowsNEON", "copies rows of 16 numbers."
		if add {
			name, doc = "addRowsNEON", "adds rows of 16 numbers to dst."
		}
		f := w.function(name, doc, "dst *float32, to int, src *float32, from, atoms int")
		dst, to, src, from := f.pointer("dst"), f.scaled("to"), f.pointer("src"), f.scaled("from")
		eachAtom(f, []strided{{dst, to}, {src, from}}, func(disp int) {
			r := f.loaded(half, src, disp)
			if add {
				f.add(r, f.loaded(half, dst, disp), r)
			}
			f.store(r, dst, disp)
		})
	}
}
