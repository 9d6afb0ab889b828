package gpu

import "fmt"

// sliceWidth is the features of a slice, SLICE in message.cu.
const sliceWidth = 8

// Slices is the number of slices of h features.
func Slices(h int) int { return h / sliceWidth }

// Bytes of a curve on an interval: all of them, and those without c4 and c5.
const curveBytes, lowBytes = 24, 16

// messageShared is the bytes of a slice of a table.
func (k *Kernels) messageShared(parts, intervals int) int {
	return k.curveBytes * sliceWidth * parts * intervals
}

// MessageForward takes the state before a message to the one after it. v is
// where an exact filter is evaluated.
func (k *Kernels) MessageForward(out, in State, e *Edges, f *Filter, v *FilterValues) error {
	n, err := k.message("message forward", out, in, e, f, v)
	if err != nil || n == 0 {
		return err
	}
	grid, run := k.runs(n, f)
	low, high := f.source(v)
	return k.run(k.messageForward[f.kind()], grid, Dim{X: 256}, k.messageShared(f.parts, f.intervals), out.arg(), in.arg(), e.Spans.arg(),
		e.A.arg(), e.B.arg(), low, high, Int(n), Int(f.width), Int(f.intervals), Int(run))
}

// MessageBackward takes g = ∂E/∂state after a message to gin before it (but
// not before the first), and adds the block's share of the forces and virials
// to force [H/8, N, 12]; of the last block, the first to come, it is set to it.
func (k *Kernels) MessageBackward(gin State, force Array[float32], g, in State, e *Edges, f *Filter, v *FilterValues, cutoff float32, last bool) error {
	n, err := k.message("message backward", g, in, e, f, v)
	if err == nil {
		err = sized("message backward", length{"gin", gin.n, g.n}, length{"force", force.n, Slices(f.width) * n * 12})
	}
	if err != nil || n == 0 {
		return err
	}
	kind := f.kind()
	if last {
		kind += lastBlock
	}
	grid, run := k.runs(n, f)
	low, high := f.source(v)
	return k.run(k.messageBackward[kind], grid, Dim{X: 256}, k.messageShared(f.parts, f.intervals), gin.arg(), force.arg(), g.arg(), in.arg(),
		e.Spans.arg(), e.A.arg(), e.B.arg(), low, high, Int(n), Int(f.width), Int(f.intervals), Float(float32(float64(f.intervals)/float64(cutoff))), Int(run))
}

// What kernels of the message are for, added up.
const (
	firstBlock = 1 << iota // its filter has two parts
	exactFilter
	lastBlock // of the network: sets forces, and does not add to them
)

func (f *Filter) kind() (kind int) {
	if f.parts == 2 {
		kind += firstBlock
	}
	if f.network != nil {
		kind += exactFilter
	}
	return kind
}

// source is where the kernels find φ.
func (f *Filter) source(v *FilterValues) (low, high uint64) {
	if f.network != nil {
		return v.phi.arg(), v.slope.arg()
	}
	return f.low.arg(), f.high.arg()
}

// message checks what both directions have in common, evaluates an exact
// filter, and is the number of atoms.
func (k *Kernels) message(operation string, a, b State, e *Edges, f *Filter, v *FilterValues) (atoms int, err error) {
	if f.parts != 2 && f.parts != 3 || f.width%sliceWidth != 0 {
		return 0, fmt.Errorf("%s: filter of %d parts and %d features, expected 2 or 3 and a multiple of %d", operation, f.parts, f.width, sliceWidth)
	}
	atoms = e.Spans.n
	err = sized(operation, length{"state", a.n, atoms * f.width}, length{"state", b.n, atoms * f.width}, length{"B", e.B.n, e.A.n})
	if err == nil && f.network != nil {
		err = k.evaluate(v, e, f)
	}
	return atoms, err
}

// runs is the grid, and the atoms of a block: many, as each block loads its
// slice of the table, but few enough that every multiprocessor has work.
func (k *Kernels) runs(atoms int, f *Filter) (grid Dim, run int) {
	const warps, most = 8, 128
	slices := Slices(f.width)
	blocks := max(1, 6*k.props.Multiprocessors/slices)
	run = min(most, max(warps, ceilDiv(ceilDiv(atoms, blocks), warps)*warps))
	return Dim{X: ceilDiv(atoms, run), Y: slices}, run
}
