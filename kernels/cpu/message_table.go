package cpu

// Tile is a worker's room for φ and dφ/dd of some pairs, which it needs where a
// message cannot read its table by itself.
type Tile[T Float] struct{ phi, slope []T }

// tilePairs is the pairs of a tile; the results do not depend on it.
const tilePairs = 32

// NewTile makes room for the φ of a group of features.
func NewTile[T Float]() Tile[T] {
	const size = tilePairs * 3 * GroupWidth
	return Tile[T]{phi: make([]T, size), slope: make([]T, size)}
}

// filter is what a tile holds of a table's φ.
func (t *Table[T]) filter(tile *Tile[T]) Filter[T] {
	return Filter[T]{Phi: tile.phi, Slope: tile.slope, Row: t.parts * GroupWidth, Part: GroupWidth}
}

// MessageForward is MessageForward of the pairs lo up to hi, with φ of the table's
// group of h features at their knots.
func (t *Table[T]) MessageForward(out, in State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int, tile *Tile[T]) {
	if t.messageForward(&out, &in, pairs, knots, lo, hi, group, h) {
		return
	}
	for ; lo < hi; lo += tilePairs {
		end := min(lo+tilePairs, hi)
		t.Values(tile.phi, knots[lo:end], group)
		MessageForward(out, in, pairs.Slice(lo, end), t.filter(tile), h)
	}
}

// MessageBackward is MessageBackward of the pairs lo up to hi, with φ and dφ/dd of
// the table's group of h features at their knots; grad is of all pairs.
func (t *Table[T]) MessageBackward(gin State[T], grad []PairGrad[T], g, in State[T], pairs *Pairs[T], knots []Knot[T], lo, hi, group, h int, tile *Tile[T]) {
	if t.messageBackward(&gin, grad, &g, &in, pairs, knots, lo, hi, group, h) {
		return
	}
	for ; lo < hi; lo += tilePairs {
		end := min(lo+tilePairs, hi)
		t.ValuesAndSlopes(tile.phi, tile.slope, knots[lo:end], group)
		MessageBackward(gin, grad[lo:end], g, in, pairs.Slice(lo, end), t.filter(tile), h)
	}
}
