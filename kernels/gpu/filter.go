package gpu

import "fmt"

type filterKernels struct{ filter entry }

// stem's blocks have a tile's radial functions and hidden layers, and their slopes.
func (k *filterKernels) stem(n size) stem {
	k.filter = entry{name: "filter", threads: n.h, shared: tileShared(2*n.h + 2*n.rbf)}
	return stem{"filter.ptx", []*entry{&k.filter}}
}

// Filter is φ(d) of one block of the network, and φ′(d): tabulated, or the
// filter network itself. Its parts are φs, φv and φu, or φs and φu in the first
// block.
type Filter struct {
	parts, width int // width is H

	// As polynomials of degree 5 on equidistant intervals of [0, cutoff]: see message.cu.
	intervals int
	low       Array[[4]float32] // [H/8, intervals, parts, 8]
	high      Array[[2]float32] // [H/8, intervals·parts·8]

	network *FilterNetwork // in place of the table
}

// NewTable makes a filter of φ as polynomials of the share of an interval,
// [intervals, parts, h] and any number more.
func NewTable(m *Memory, polynomials [][6]float64, intervals, parts, h int) (*Filter, error) {
	t := &Filter{parts: parts, intervals: intervals, width: h}
	row := parts * h
	if err := sized("table", length{"polynomials", min(len(polynomials), intervals*row), intervals * row}); err != nil {
		return nil, err
	}
	low, high := make([][4]float32, intervals*row), make([][2]float32, intervals*row)
	for i, c := range polynomials[:intervals*row] {
		k, part, f := i/row, i%row/h, i%h
		at := ((f/groupWidth*intervals+k)*parts+part)*groupWidth + f%groupWidth
		low[at] = [4]float32{float32(c[0]), float32(c[1]), float32(c[2]), float32(c[3])}
		group, column := f/groupWidth*intervals*parts*groupWidth, k*groupWidth+f%groupWidth
		switch part { // φs and φu side by side, φv behind them
		case 0:
			at = group + 2*column
		case parts - 1:
			at = group + 2*column + 1
		default:
			at = group + 2*groupWidth*intervals + column
		}
		high[at] = [2]float32{float32(c[4]), float32(c[5])}
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

// evaluate leaves an exact filter's values; a table has none.
func (k *Kernels) evaluate(v *FilterValues, e *Edges, f *Filter) error {
	n := f.network
	edges, h, rbf := e.A.n, f.width, n.Centers.n
	if rbf != k.size.rbf {
		return fmt.Errorf("filter: %d radial functions, the kernels were loaded for %d", rbf, k.size.rbf)
	}
	if err := sized("filter", length{"widths", n.Widths.n, rbf}, length{"hidden bias", n.Hidden.Bias.n, h}, length{"bias", n.Out.Bias.n, f.parts * h},
		length{"values", v.phi.n, edges * 3 * h}, length{"slopes", v.slope.n, v.phi.n}); err != nil || edges == 0 {
		return err
	}
	return k.run(&k.filters.filter, Dim{X: ceilDiv(edges, atomTile)}, v.phi.arg(), v.slope.arg(), e.A.arg(), e.Status.arg(), integer(edges),
		n.Centers.arg(), n.Widths.arg(), n.Hidden.Forward.arg(), n.Hidden.Bias.arg(), n.Out.Forward.arg(), n.Out.Bias.arg(),
		integer(h), integer(rbf), integer(f.parts), single(n.Cutoff))
}
