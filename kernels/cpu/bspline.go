package cpu

// A table whose network learns is made anew at every step: of cubic B-splines,
// which are linear in the values at the knots, so that gradients come back the
// same way. The weights of the B-splines at the knots are the values but for a
// third of their second difference (the quasi-interpolant of de Boor and Fix):
// the error is of fourth order, and two derivatives are continuous.
//
// KnotsBefore and KnotsAfter are how many values are needed below 0 and above
// the cutoff.
const (
	KnotsBefore = 2
	KnotsAfter  = 3
	stencil     = KnotsBefore + 1 + KnotsAfter
)

// cubic is the coefficients of 1, t, t² and t³ of an interval, of the values at
// the stencil of knots around it.
var cubic = func() (c [4][stencil]float64) {
	basis := [4][4]float64{{1. / 6, 4. / 6, 1. / 6, 0}, {-1. / 2, 0, 1. / 2, 0}, {1. / 2, -1, 1. / 2, 0}, {-1. / 6, 1. / 2, -1. / 2, 1. / 6}}
	for n := range basis {
		for m, b := range basis[n] {
			for k, share := range [3]float64{-1. / 6, 8. / 6, -1. / 6} {
				c[n][m+k] += b * share
			}
		}
	}
	return c
}()

// Spline makes tables of values at knots, and gradients by these values of
// gradients by φ. Its arrays are [groups, parts, knots, 16], so that a group's
// values at successive knots are a panel of a matrix.
type Spline[T Float] struct {
	Table *Table[T]

	groups, parts, intervals int
	values                   []T // [groups, parts, intervals + stencil, 16]
	forward                  []T // [4, stencil]
	backward                 []T // [stencil·4], of the intervals around a knot
}

// NewSpline makes the spline of parts·h curves on [0, cutoff], Å.
func NewSpline[T Float](intervals, parts, h int, cutoff float64) *Spline[T] {
	s := &Spline[T]{groups: Groups(h), parts: parts, intervals: intervals}
	knots := intervals + 1
	s.Table = &Table[T]{parts: parts, knots: knots, perLength: T(float64(intervals) / cutoff), data: make([]T, s.groups*knots*coefficients*parts*GroupWidth)}
	s.values = make([]T, s.groups*parts*s.knots()*GroupWidth)
	for n := range cubic {
		for _, c := range cubic[n] {
			s.forward = append(s.forward, T(c))
		}
	}
	// A knot is the last of the stencil of the lowest interval that it reaches.
	for m := stencil - 1; m >= 0; m-- {
		for n := range cubic {
			s.backward = append(s.backward, T(cubic[n][m]))
		}
	}
	return s
}

// knots is how many values there are.
func (s *Spline[T]) knots() int { return s.intervals + stencil }

// Set makes the table of the values y at the knots −KnotsBefore up to intervals +
// KnotsAfter, [knots, parts, h].
func (s *Spline[T]) Set(y []T, h int) {
	var none [panelWidth]T
	row := s.parts * GroupWidth
	for group := range s.groups {
		data, _ := s.Table.group(group)
		for part := range s.parts {
			values := s.values[(group*s.parts+part)*s.knots()*GroupWidth:][:s.knots()*GroupWidth]
			width := min(GroupWidth, h-group*GroupWidth)
			CopyRows(values, GroupWidth, y[part*h+group*GroupWidth:], s.parts*h, width, s.knots())
			for i := range s.intervals + 1 {
				panel(data[i*coefficients*row+part*GroupWidth:], s.forward, values[i*GroupWidth:], none[:], len(cubic), row, stencil)
			}
		}
	}
}

// panel is dst = x·Wᵀ of one panel of weights [in, 16], for x [rows, in].
func panel[T Float](dst, x, weights, none []T, rows, stride, in int) {
	if densePanels(dst, x, weights, none, rows, stride, in, panelWidth) == 0 {
		densePanelGeneric(dst, x, weights, none, rows, stride, in, panelWidth)
	}
}

// Moments is Σ ∂L/∂φ·tⁿ over the pairs of each interval, n from 0 to 3:
// [groups, parts, intervals, 4, 16], with intervals of nothing at both ends.
type Moments[T Float] struct{ data []T }

// margin is the intervals of nothing at each end: those whose stencils reach
// beyond the first and the last knot.
const margin = stencil - 1

// NewMoments makes those of a spline, all 0.
func (s *Spline[T]) NewMoments() *Moments[T] {
	return &Moments[T]{make([]T, s.groups*s.parts*s.padded()*len(cubic)*GroupWidth)}
}

// padded is the intervals with the margins.
func (s *Spline[T]) padded() int { return s.intervals + 1 + 2*margin }

// Clear sets all to 0.
func (m *Moments[T]) Clear() { clear(m.data) }

// AddFrom adds those of another.
func (m *Moments[T]) AddFrom(other *Moments[T]) {
	AddRows(m.data, GroupWidth, other.data, GroupWidth, GroupWidth, len(m.data)/GroupWidth)
}

// AddWithSlopes adds ∂L/∂φ and ∂L/∂(dφ/dd), gphi and gslope [P, parts, 16], of the
// pairs at knots, for a group of features: gphi·tⁿ + gslope·n·tⁿ⁻¹/step.
func (s *Spline[T]) AddWithSlopes(m *Moments[T], gphi, gslope []T, knots []Knot[T], group int) {
	part := s.padded() * len(cubic) * GroupWidth
	data := m.data[group*s.parts*part:][:s.parts*part]
	if momentsSlopes(data, gphi, gslope, knots, s.parts, part, s.Table.perLength) {
		return
	}
	for p, k := range knots {
		t, scale := k.T, s.Table.perLength
		powers, slopes := [4]T{1, t, t * t, t * t * t}, [4]T{0, scale, 2 * t * scale, 3 * t * t * scale}
		for c := range s.parts {
			to := data[c*part+(int(k.Below)+margin)*len(cubic)*GroupWidth:][:len(cubic)*GroupWidth]
			g, dg := gphi[(p*s.parts+c)*GroupWidth:][:GroupWidth], gslope[(p*s.parts+c)*GroupWidth:][:GroupWidth]
			for n, power := range powers {
				row, slope := to[n*GroupWidth:][:GroupWidth], slopes[n]
				for f := range row {
					row[f] += T(power*g[f]) + T(slope*dg[f])
				}
			}
		}
	}
}

// Add adds ∂L/∂φ, gphi [P, parts, 16], of the pairs at knots, for a group of features.
func (s *Spline[T]) Add(m *Moments[T], gphi []T, knots []Knot[T], group int) {
	part := s.padded() * len(cubic) * GroupWidth
	data := m.data[group*s.parts*part:][:s.parts*part]
	if moments(data, gphi, knots, s.parts, part) {
		return
	}
	for p, k := range knots {
		powers := [4]T{1, k.T, k.T * k.T, k.T * k.T * k.T}
		for c := range s.parts {
			to := data[c*part+(int(k.Below)+margin)*len(cubic)*GroupWidth:][:len(cubic)*GroupWidth]
			from := gphi[(p*s.parts+c)*GroupWidth:][:GroupWidth]
			for n, power := range powers {
				row := to[n*GroupWidth:][:GroupWidth]
				for f, g := range from {
					row[f] += T(power * g)
				}
			}
		}
	}
}

// Gradient sets gy [knots, parts, h] to ∂L/∂y of the values that Set took.
func (s *Spline[T]) Gradient(gy []T, m *Moments[T], h int) {
	var none, wide [panelWidth]T
	part := s.padded() * len(cubic) * GroupWidth
	for group := range s.groups {
		width := min(GroupWidth, h-group*GroupWidth)
		for c := range s.parts {
			data := m.data[(group*s.parts+c)*part:][:part]
			for k := range s.knots() {
				// Knot k has number k−i of interval i, and thus number 5 of interval k−5.
				panel(wide[:], s.backward, data[k*len(cubic)*GroupWidth:], none[:], 1, panelWidth, len(s.backward))
				copy(gy[(k*s.parts+c)*h+group*GroupWidth:][:width], wide[:])
			}
		}
	}
}
