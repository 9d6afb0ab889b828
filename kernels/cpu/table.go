package cpu

// Table is curves φ(d) on [0, cutoff] as continuous splines of degree 4:
// polynomials of t, the share of the interval that a distance has come along,
//
//	φ = c0 + c1·t + … + c4·t⁴      dφ/dd = (c1 + 2·c2·t + 3·c3·t² + 4·c4·t³)/step
//
// The curves are parts·H, cut into groups of GroupWidth features:
// [groups, knots, parts, 5, GroupWidth], c4 first, so that what a pair needs of a
// group lies in one piece, in the order in which it is read. The last group is filled up with zeros. The last knot has
// an interval of its own, of c0 and c1, so that the cutoff is exact.
type Table[T Float] struct {
	parts, knots int
	perLength    T // 1/step, 1/Å
	data         []T
}

// coefficients is the number of them that an interval has of each curve.
const coefficients = 5

// GroupWidth is the number of features that the message works on at a time.
const GroupWidth = 16

// Groups is the number of groups of h features.
func Groups(h int) int { return (h + GroupWidth - 1) / GroupWidth }

// NewTable packs the polynomials of parts·h curves at equidistant knots, step Å
// apart, [knots, parts, h], of which the last knot's are tangents.
func NewTable[T Float](polynomials [][coefficients]float64, knots, parts, h int, step float64) *Table[T] {
	t := &Table[T]{parts: parts, knots: knots, perLength: T(1 / step), data: make([]T, Groups(h)*knots*coefficients*parts*GroupWidth)}
	for k := range knots {
		for part := range parts {
			for f, c := range polynomials[(k*parts+part)*h:][:h] {
				to := t.data[((f/GroupWidth*knots+k)*parts+part)*coefficients*GroupWidth+f%GroupWidth:]
				for n, x := range c {
					to[(coefficients-1-n)*GroupWidth] = T(x)
				}
			}
		}
	}
	return t
}

// Knot is where a pair's distance lies: in the interval above knot Below, its
// share T of it along.
type Knot[T Float] struct {
	T     T
	Below int32
}

// NewKnot places d, Å, in [0, cutoff], among knots that are 1/perLength apart,
// intervals of them up to the cutoff.
func NewKnot[T Float](d T, perLength float64, intervals int) Knot[T] {
	x := float64(d) * perLength
	below := min(int(x), intervals)
	return Knot[T]{T(x - float64(below)), int32(below)}
}

// PlaceKnots sets knots [P] to NewKnot of the distances d [P].
func PlaceKnots[T Float](knots []Knot[T], d []T, perLength float64, intervals int) {
	knots = knots[:len(d)]
	for p := placeKnots(knots, d, perLength, intervals); p < len(d); p++ {
		knots[p] = NewKnot(d[p], perLength, intervals)
	}
}

// Values sets phi [P, parts, GroupWidth] to φ of the pairs, for a group of features.
func (t *Table[T]) Values(phi []T, knots []Knot[T], group int) {
	if !tableRows(phi, nil, t, knots, group) {
		t.rowsGeneric(phi, nil, knots, group)
	}
}

// ValuesAndSlopes sets phi and slope [P, parts, GroupWidth] to φ and dφ/dd.
func (t *Table[T]) ValuesAndSlopes(phi, slope []T, knots []Knot[T], group int) {
	if !tableRows(phi, slope, t, knots, group) {
		t.rowsGeneric(phi, slope, knots, group)
	}
}

// group is the coefficients of a group of features, and how many a knot has of
// each power of t.
func (t *Table[T]) group(i int) (data []T, row int) {
	row = t.parts * GroupWidth
	size := t.knots * coefficients * row
	return t.data[i*size : (i+1)*size], row
}

// rowsGeneric is the specification of the vector code; slope may be nil.
func (t *Table[T]) rowsGeneric(phi, slope []T, knots []Knot[T], group int) {
	data, row := t.group(group)
	for p, k := range knots {
		for part := range t.parts {
			c := data[(int(k.Below)*t.parts+part)*coefficients*GroupWidth:][:coefficients*GroupWidth]
			c4, c3, c2, c1, c0 := c[:GroupWidth], c[GroupWidth:][:GroupWidth], c[2*GroupWidth:][:GroupWidth], c[3*GroupWidth:][:GroupWidth], c[4*GroupWidth:][:GroupWidth]
			to := phi[p*row+part*GroupWidth:][:GroupWidth]
			for f := range to {
				y := T(c4[f]*k.T) + c3[f]
				y = T(y*k.T) + c2[f]
				y = T(y*k.T) + c1[f]
				to[f] = T(y*k.T) + c0[f]
			}
			if slope == nil {
				continue
			}
			to = slope[p*row+part*GroupWidth:][:GroupWidth]
			for f := range to {
				y := T(4*c4[f]*k.T) + 3*c3[f]
				y = T(y*k.T) + 2*c2[f]
				to[f] = (T(y*k.T) + c1[f]) * t.perLength
			}
		}
	}
}
