package gpu

// Filter is φ(d) of one block of the network, and φ′(d): tabulated, or the
// filter network itself. Its parts are φs, φv and φu, or φs and φu in the first
// block.
type Filter struct {
	parts, width int // width is H

	// As polynomials of degree 5 on equidistant intervals of [0, cutoff]: see message.cu.
	intervals int
	low       Array[[4]float32] // [H/8, intervals, parts, 8]
	high      Array[[2]float32]

	network *FilterNetwork // in place of the table
}

// NewTable makes a filter of φ, and of φ′ and φ″ times the knots' distance to
// the power of 1 and 2, each [knots, parts, h].
func NewTable(m *Memory, values, slopes, curvatures []float64, knots, parts, h int) (*Filter, error) {
	t := &Filter{parts: parts, intervals: knots - 1, width: h}
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

// FilterNetwork is the weights of a filter network R → H → parts·H, and the
// radial functions that it begins with.
type FilterNetwork struct {
	Centers, Widths Array[float32] // Å, [R]
	Cutoff          float32        // Å
	Hidden, Out     Dense          // the ways back are not used
}

// NewExact makes a filter that is evaluated for every edge.
func NewExact(n *FilterNetwork, parts, h int) *Filter {
	return &Filter{parts: parts, width: h, network: n}
}

// FilterValues is φ and φ′ of all edges, [edges, parts, H], of the filter that
// was evaluated last.
type FilterValues struct{ phi, slope Array[float32] }

// Resize makes room for so many edges of filters of up to 3 parts.
func (v *FilterValues) Resize(m *Memory, edges, h int) error {
	if err := Resize(m, &v.phi, "filters of edges", edges*3*h); err != nil {
		return err
	}
	return Resize(m, &v.slope, "filters of edges", edges*3*h)
}

// filterShared is the bytes of a tile's radial functions and hidden layers.
func filterShared(h, rbf int) int { return tileShared(2*h + 2*rbf) }

// evaluate leaves an exact filter's values; a table has none.
func (k *Kernels) evaluate(v *FilterValues, e *Edges, f *Filter) error {
	n := f.network
	edges, h, rbf := e.A.n, f.width, n.Centers.n
	if err := sized("filter", length{"widths", n.Widths.n, rbf}, length{"hidden bias", n.Hidden.Bias.n, h}, length{"bias", n.Out.Bias.n, f.parts * h},
		length{"values", v.phi.n, edges * 3 * h}, length{"slopes", v.slope.n, v.phi.n}); err != nil || edges == 0 {
		return err
	}
	return k.run(k.filter, Dim{X: ceilDiv(edges, atomTile)}, Dim{X: h}, filterShared(h, rbf), v.phi.arg(), v.slope.arg(), e.A.arg(), e.Status.arg(), Int(edges),
		n.Centers.arg(), n.Widths.arg(), n.Hidden.Forward.arg(), n.Hidden.Bias.arg(), n.Out.Forward.arg(), n.Out.Bias.arg(),
		Int(h), Int(rbf), Int(f.parts), Float(n.Cutoff))
}
