package train

import (
	"math"

	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// knotFilter is the filter network of a block at the knots that a batch touches, and
// the splines of φ(d) through them. φ depends on d alone, so that this is done once a
// step, whatever the pairs.
type knotFilter[T cpu.Float] struct {
	coefficients *cpu.Spline[T]
	tiles        []chainState[T] // of knotTile knots, from the first that is touched on
	values       []T             // φ at the knots, and then ∂L/∂φ; [touched, parts·H]
}

// knotTile is how many knots a unit of work has.
const knotTile = 32

// Limits of the number of intervals that the cutoff is cut into. There are seven or
// more over the narrowest radial function's width, so that the forces of trained
// students are within 3e-4 of their size: see docs/training-gradient.md.
const (
	fewestIntervals = 64
	mostIntervals   = 512
	perWidth        = 7
)

func intervalsFor(m *Model) int {
	narrowest := math.Inf(1)
	for _, w := range m.Widths {
		narrowest = min(narrowest, math.Abs(w))
	}
	want := math.Ceil(perWidth*m.Config.Cutoff/narrowest/32) * 32
	return int(max(fewestIntervals, min(mostIntervals, want)))
}

// span is the coefficients, lo up to hi, that a batch touches.
type span struct{ lo, hi int }

func (s span) len() int { return s.hi - s.lo }

// values is how many values at knots the coefficients are made of.
func (s span) values() int { return s.len() + cpu.SplineValues - cpu.SplineCoefficients }

// newKnots makes room for the splines, and computes what the weights do not change.
func (e *Engine[T]) newKnots() {
	e.splines = make([]knotFilter[T], len(e.layout.blocks))
	for k := range e.splines {
		e.splines[k].coefficients = e.newSpline(k)
	}
	d := make([]T, e.intervals+cpu.SplineValues)
	for i := range d {
		d[i] = T(float64(i-2) / e.perLength)
	}
	e.radial = make([]T, len(d)*len(e.rbf.Centers))
	e.rbf.RBF(e.radial, nil, d)
}

func (e *Engine[T]) newSpline(k int) *cpu.Spline[T] {
	return cpu.NewSpline[T](len(e.layout.config.FilterParts(k)), e.h, e.intervals, e.perLength)
}

func (e *Engine[T]) touched(batch []*Sample) span {
	nearest, farthest := math.Inf(1), 0.0
	for _, x := range batch {
		for _, d := range x.pairs.D {
			nearest, farthest = min(nearest, d), max(farthest, d)
		}
	}
	if farthest == 0 {
		return span{0, 1}
	}
	place := func(d float64) int { return int(cpu.NewKnot(T(d), e.perLength, e.intervals).Below) }
	return span{place(nearest), place(farthest) + cpu.SplineCoefficients}
}

// tilesOf is how many tiles of knots a block has.
func (e *Engine[T]) knotTiles() int { return (e.span.values() + knotTile - 1) / knotTile }

// knotTileAt is a unit's block and its knots, lo up to hi, of those touched.
func (e *Engine[T]) knotTileAt(unit int) (k, tile, lo, hi int) {
	k, tile = unit/e.knotTiles(), unit%e.knotTiles()
	return k, tile, tile * knotTile, min((tile+1)*knotTile, e.span.values())
}

// growKnots makes room for the knots that are touched.
func (e *Engine[T]) growKnots() {
	for k := range e.splines {
		f, c := &e.splines[k], e.network.filters[k]
		for len(f.tiles) < e.knotTiles() {
			f.tiles = append(f.tiles, chainState[T]{})
		}
		f.values = buffer.Resize(f.values, e.span.values()*c[1].out)
	}
}

// knotValues computes φ at a tile of knots.
func (e *Engine[T]) knotValues(_, unit int) {
	k, tile, lo, hi := e.knotTileAt(unit)
	f, c := &e.splines[k], e.network.filters[k]
	s := &f.tiles[tile]
	s.grow(c, hi-lo)
	r := len(e.model.Centers)
	x, _ := halves(s.x[0])
	copy(x, e.radial[(e.span.lo+lo)*r:(e.span.lo+hi)*r])
	c.values(s)
	y, _ := halves(s.y[1])
	copy(f.values[lo*c[1].out:], y)
}

// knotFit makes the spline of a block.
func (e *Engine[T]) knotFit(_, k int) {
	f := &e.splines[k]
	f.coefficients.Fit(f.values, e.span.lo, e.span.hi)
}

// knotFitBackward makes ∂L/∂φ at the knots of the shards' gradients.
func (e *Engine[T]) knotFitBackward(_, k int) {
	f, sum := &e.splines[k], e.shards[0].splines[k]
	for _, s := range e.shards[1:e.used] {
		sum.Add(s.splines[k], e.span.lo, e.span.hi)
	}
	clear(f.values)
	sum.FitBackward(f.values, e.span.lo, e.span.hi)
}

// knotBackward takes ∂L/∂φ of a tile of knots through the filter network.
func (e *Engine[T]) knotBackward(_, unit int) {
	k, tile, lo, hi := e.knotTileAt(unit)
	f, c := &e.splines[k], e.network.filters[k]
	s := &f.tiles[tile]
	_, g := halves(s.g[1])
	copy(g, f.values[lo*c[1].out:hi*c[1].out])
	c.backward(s)
}

// knotGradient adds the gradient by the weights of one layer of a filter.
func (e *Engine[T]) knotGradient(_, unit int) {
	k, i := unit/2, unit%2
	f, d := &e.splines[k], e.network.filters[k][i]
	for tile := range e.knotTiles() {
		s := &f.tiles[tile]
		_, g := halves(s.g[i])
		x, _ := halves(s.x[i])
		d.addGradient(e.gradient, g, x, s.n, true)
	}
}
