package train

import (
	"math"

	"painless/kernels/cpu"
)

// knotFilter is the filter network of a block at the knots, and the splines of φ(d)
// through them. φ depends on d alone, so that this is done once a step, whatever the
// pairs.
type knotFilter[T cpu.Float] struct {
	*cpu.Spline[T]
	tiles  []chainState[T] // of knotTile knots
	values []T             // φ at the knots, and then ∂L/∂φ; [knots, parts·H]
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

// newKnots makes room for the splines, and computes what the weights do not change.
func (e *Engine[T]) newKnots() {
	e.knotCount = e.intervals + cpu.KnotsBefore + 1 + cpu.KnotsAfter
	e.splines = make([]knotFilter[T], len(e.layout.blocks))
	for k := range e.splines {
		out := e.network.filters[k][1].out
		e.splines[k] = knotFilter[T]{
			Spline: cpu.NewSpline[T](e.intervals, out/e.h, e.h, e.model.Config.Cutoff),
			tiles:  make([]chainState[T], e.knotTiles()), values: make([]T, e.knotCount*out),
		}
	}
	d := make([]T, e.knotCount)
	for i := range d {
		d[i] = T(float64(i-cpu.KnotsBefore) / e.perLength)
	}
	e.radial = make([]T, len(d)*len(e.rbf.Centers))
	e.rbf.RBF(e.radial, nil, d)
}

// knotTiles is how many tiles of knots a block has.
func (e *Engine[T]) knotTiles() int { return (e.knotCount + knotTile - 1) / knotTile }

// knotTileAt is a unit's block and its knots, lo up to hi.
func (e *Engine[T]) knotTileAt(unit int) (k, tile, lo, hi int) {
	k, tile = unit/e.knotTiles(), unit%e.knotTiles()
	return k, tile, tile * knotTile, min((tile+1)*knotTile, e.knotCount)
}

// knotValues computes φ at a tile of knots.
func (e *Engine[T]) knotValues(_, unit int) {
	k, tile, lo, hi := e.knotTileAt(unit)
	f, c := &e.splines[k], e.network.filters[k]
	s := &f.tiles[tile]
	s.grow(c, hi-lo)
	r := len(e.model.Centers)
	x, _ := halves(s.x[0])
	copy(x, e.radial[lo*r:hi*r])
	c.values(s)
	y, _ := halves(s.y[1])
	copy(f.values[lo*c[1].out:], y)
}

// knotFit makes the spline of a block.
func (e *Engine[T]) knotFit(_, k int) { e.splines[k].Set(e.splines[k].values, e.h) }

// knotFitBackward makes ∂L/∂φ at the knots of the shards' moments.
func (e *Engine[T]) knotFitBackward(_, k int) {
	f, sum := &e.splines[k], e.shards[0]
	for _, s := range e.shards[1:e.used] {
		sum.moments[k].AddFrom(s.moments[k])
	}
	f.Gradient(f.values, sum.moments[k], e.h)
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
