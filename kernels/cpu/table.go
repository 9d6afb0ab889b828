package cpu

// Table is curves φ(d) on [0, cutoff] as quintic Hermite splines. With φ′ and
// φ″ times the knots' distance to the power of 1 and 2, a knot holds four rows:
//
//	φ′   φ″   φ   Δ = φ of the next knot − φ
//
// and an interval is six rows on end: these and φ′ and φ″ of the next knot.
// Δ is rounded after subtracting, so that slopes are as exact as values.
//
// The curves are parts·H, cut into slices of SliceWidth features:
// [slices, knots, 4, parts, SliceWidth], so that what a pair needs of a slice
// lies in one piece. The last slice is filled up with zeros.
type Table[T Float] struct {
	Parts, Knots int
	data         []T
}

// knotRows is the rows of a knot.
const knotRows = 4

// SliceWidth is the number of features that the message works on at a time.
const SliceWidth = 16

// Slices is the number of slices of h features.
func Slices(h int) int { return (h + SliceWidth - 1) / SliceWidth }

// NewTable packs values, slopes and curvatures, each [knots, parts, h].
func NewTable[T Float](values, slopes, curvatures []float64, knots, parts, h int) *Table[T] {
	t := &Table[T]{Parts: parts, Knots: knots, data: make([]T, Slices(h)*knots*knotRows*parts*SliceWidth)}
	step := parts * h
	for k := range knots {
		for i := range step {
			part, f, from := i/h, i%h, k*step+i
			rise := 0.0
			if k+1 < knots {
				rise = values[from+step] - values[from]
			}
			for row, x := range [knotRows]float64{slopes[from], curvatures[from], values[from], rise} {
				t.data[(((f/SliceWidth*knots+k)*knotRows+row)*parts+part)*SliceWidth+f%SliceWidth] = T(x)
			}
		}
	}
	return t
}

// Spline is where a pair's distance lies among the knots: the weights of an
// interval's six rows, for φ and then for dφ/dd.
type Spline[T Float] struct {
	Weights [12]T
	Knot    int32 // the one below
}

// NewSpline places d, Å, in [0, cutoff], among knots that are 1/perLength
// apart. At a knot the value's weights are exactly 1 and 0, and d = cutoff is
// the end of the last interval.
func NewSpline[T Float](d T, perLength float64, intervals int) (s Spline[T]) {
	x := float64(d) * perLength
	s.Knot = int32(min(int(x), intervals-1))
	t := x - float64(s.Knot)
	t2 := t * t
	t3 := t2 * t
	s.Weights = [12]T{
		T(t + t3*(-6+t*(8-t*3))),
		T(0.5*t2 + t3*(-1.5+t*(1.5-t*0.5))),
		1,
		T(t3 * (10 + t*(-15+t*6))),
		T(t3 * (-4 + t*(7-t*3))),
		T(t3 * (0.5 + t*(-1+t*0.5))),

		T((1 + t2*(-18+t*(32-t*15))) * perLength),
		T((t + t2*(-4.5+t*(6-t*2.5))) * perLength),
		0,
		T(30 * t2 * (1 - t) * (1 - t) * perLength),
		T(t2 * (-12 + t*(28-t*15)) * perLength),
		T(t2 * (1.5 + t*(-4+t*2.5)) * perLength),
	}
	return s
}

// Values sets phi [P, parts, SliceWidth] to φ of the pairs, for a slice of features.
func (t *Table[T]) Values(phi []T, splines []Spline[T], slice int) {
	knots, row := t.slice(slice), t.Parts*SliceWidth
	if !tableRows(phi, nil, knots, splines, row) {
		tableRowsGeneric(phi, knots, splines, row, 0)
	}
}

// ValuesAndSlopes sets phi and slope [P, parts, SliceWidth] to φ and dφ/dd.
func (t *Table[T]) ValuesAndSlopes(phi, slope []T, splines []Spline[T], slice int) {
	knots, row := t.slice(slice), t.Parts*SliceWidth
	if !tableRows(phi, slope, knots, splines, row) {
		tableRowsGeneric(phi, knots, splines, row, 0)
		tableRowsGeneric(slope, knots, splines, row, 6)
	}
}

func (t *Table[T]) slice(i int) []T {
	size := t.Knots * knotRows * t.Parts * SliceWidth
	return t.data[i*size : (i+1)*size]
}

// tableRowsGeneric is the specification of the vector code: per pair, the six rows
// of its interval, weighted by the six weights from first on.
func tableRowsGeneric[T Float](dst, knots []T, splines []Spline[T], row, first int) {
	for p := range splines {
		s := &splines[p]
		w := s.Weights[first:][:6]
		from := knots[int(s.Knot)*knotRows*row:][:6*row]
		y0, y1, y2, y3, y4, y5 := from[:row], from[row:][:row], from[2*row:][:row], from[3*row:][:row], from[4*row:][:row], from[5*row:][:row]
		to := dst[p*row:][:row]
		for f := range to {
			to[f] = T(y0[f]*w[0]) + T(y1[f]*w[1]) + T(y2[f]*w[2]) + T(y3[f]*w[3]) + T(y4[f]*w[4]) + T(y5[f]*w[5])
		}
	}
}
