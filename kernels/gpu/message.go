package gpu

import "fmt"

// sliceWidth is the features of a slice, SLICE in message.cu.
const sliceWidth = 8

// Slices is the number of slices of h features.
func Slices(h int) int { return h / sliceWidth }

// Table is φ(d) of one block of the network as polynomials of degree 5 on
// equidistant intervals of [0, cutoff]: see message.cu. Its parts are φs, φv and
// φu, or φs and φu in the first block.
type Table struct {
	low                     Array[[4]float32] // [H/8, intervals, parts, 8]
	high                    Array[[2]float32]
	parts, intervals, width int // width is H
}

// NewTable makes a table from φ, and from φ′ and φ″ times the knots' distance
// to the power of 1 and 2, each [knots, parts, h].
func NewTable(m *Memory, values, slopes, curvatures []float64, knots, parts, h int) (*Table, error) {
	t := &Table{parts: parts, intervals: knots - 1, width: h}
	row := parts * h
	if err := sized("table", length{"values", len(values), knots * row}, length{"slopes", len(slopes), knots * row},
		length{"curvatures", len(curvatures), knots * row}); err != nil {
		return nil, err
	}
	low, high := make([][4]float32, t.intervals*row), make([][2]float32, t.intervals*row)
	for k := range t.intervals {
		for i := range row {
			from, to := k*row+i, (k+1)*row+i
			rise, m0, m1, a0, a1 := values[to]-values[from], slopes[from], slopes[to], curvatures[from], curvatures[to]
			part, f := i/h, i%h
			at := ((f/sliceWidth*t.intervals+k)*parts+part)*sliceWidth + f%sliceWidth
			low[at] = [4]float32{float32(values[from]), float32(m0), float32(a0 / 2), float32(10*rise - 6*m0 - 4*m1 - 1.5*a0 + 0.5*a1)}
			high[at] = [2]float32{float32(-15*rise + 8*m0 + 7*m1 + 1.5*a0 - a1), float32(6*rise - 3*m0 - 3*m1 - 0.5*a0 + 0.5*a1)}
		}
	}
	if err := Upload(m, &t.low, "tables", low); err != nil {
		return nil, err
	}
	if err := Upload(m, &t.high, "tables", high); err != nil {
		return nil, err
	}
	return t, m.dev.Synchronize()
}

// messageShared is the bytes of a slice of a table.
func messageShared(parts, intervals int) int { return 24 * sliceWidth * parts * intervals }

// MessageForward takes the state before a message to the one after it.
func (k *Kernels) MessageForward(out, in State, e *Edges, t *Table) error {
	n, err := k.message("message forward", out, in, e, t)
	if err != nil || n == 0 {
		return err
	}
	grid, run := k.runs(n, t)
	return k.run(k.messageForward[t.first()], grid, Dim{X: 256}, messageShared(t.parts, t.intervals), out.arg(), in.arg(), e.Start.arg(),
		e.A.arg(), e.B.arg(), t.low.arg(), t.high.arg(), Int(n), Int(t.width), Int(t.intervals), Int(run))
}

// MessageBackward takes g = ∂E/∂state after a message to gin before it (but
// not before the first), and adds the block's share of the forces and virials
// to force [H/8, N, 12]; of the last block, the first to come, it is set to it.
func (k *Kernels) MessageBackward(gin State, force Array[float32], g, in State, e *Edges, t *Table, cutoff float32, last bool) error {
	n, err := k.message("message backward", g, in, e, t)
	if err == nil {
		err = sized("message backward", length{"gin", gin.n, g.n}, length{"force", force.n, Slices(t.width) * n * 12})
	}
	if err != nil || n == 0 {
		return err
	}
	kernel := t.first()
	if last {
		kernel += 2
	}
	grid, run := k.runs(n, t)
	return k.run(k.messageBackward[kernel], grid, Dim{X: 256}, messageShared(t.parts, t.intervals), gin.arg(), force.arg(), g.arg(), in.arg(),
		e.Start.arg(), e.A.arg(), e.B.arg(), t.low.arg(), t.high.arg(), Int(n), Int(t.width), Int(t.intervals), Float(float32(float64(t.intervals)/float64(cutoff))), Int(run))
}

// first is 1 for the table of the first block, and 0 for others.
func (t *Table) first() int { return 3 - t.parts }

// message checks what both directions have in common and is the number of atoms.
func (k *Kernels) message(operation string, a, b State, e *Edges, t *Table) (atoms int, err error) {
	if t.parts != 2 && t.parts != 3 || t.width%sliceWidth != 0 {
		return 0, fmt.Errorf("%s: table of %d parts and %d features, expected 2 or 3 and a multiple of %d", operation, t.parts, t.width, sliceWidth)
	}
	atoms = e.Start.n - 1
	return atoms, sized(operation, length{"state", a.n, atoms * t.width}, length{"state", b.n, atoms * t.width}, length{"B", e.B.n, e.A.n})
}

// runs is the grid, and the atoms of a block: many, as each block loads its
// slice of the table, but few enough that every multiprocessor has work.
func (k *Kernels) runs(atoms int, t *Table) (grid Dim, run int) {
	const warps, most = 8, 128
	slices := Slices(t.width)
	blocks := max(1, 6*k.props.Multiprocessors/slices)
	run = min(most, max(warps, ceilDiv(ceilDiv(atoms, blocks), warps)*warps))
	return Dim{X: ceilDiv(atoms, run), Y: slices}, run
}
