package cpu

// Spline is curves φ(d) as cubic B-splines on equidistant knots, for training: linear
// in the curves' values at the knots, with two continuous derivatives. Between knot
// Below and the next, t along,
//
//	φ = Σ_m B_m(t)·c[Below+m]      dφ/dd = Σ_m B_m′(t)·c[Below+m]/step      m = 0 … 3
//
// where coefficient i belongs to the knot i−1: there is one before the first knot, and
// there are two beyond the last. The curves are parts·H, cut into groups of GroupWidth
// features: [groups, coefficients, parts, GroupWidth]. The last group is filled up with
// zeros. A second Spline of the same shape takes gradients by the coefficients.
type Spline[T Float] struct {
	parts, h     int
	coefficients int
	perLength    T // 1/step, 1/Å
	data         []T
}

// How many coefficients of a Spline, and values for it, there are more than intervals.
const (
	SplineCoefficients = 4
	SplineValues       = 6
)

// NewSpline makes room for parts·h curves on intervals, 1/perLength Å apart.
func NewSpline[T Float](parts, h, intervals int, perLength float64) *Spline[T] {
	s := &Spline[T]{parts: parts, h: h, coefficients: intervals + SplineCoefficients, perLength: T(perLength)}
	s.data = make([]T, Groups(h)*s.coefficients*parts*GroupWidth)
	return s
}

// group is the coefficients of a group of features from index lo on, and how many
// numbers each has.
func (s *Spline[T]) group(group, lo int) (data []T, row int) {
	row = s.parts * GroupWidth
	return s.data[(group*s.coefficients+lo)*row : (group+1)*s.coefficients*row], row
}

// Fit makes the coefficients lo up to hi of values of the curves, [hi−lo+2, parts·H],
// of which row i belongs to the knot lo+i−2:
//
//	c[lo+i] = −1/6·f[i] + 8/6·f[i+1] − 1/6·f[i+2]
//
// Polynomials of the third degree are met exactly; the error of others goes with the
// fourth power of the knots' distance.
func (s *Spline[T]) Fit(values []T, lo, hi int) {
	for group := range Groups(s.h) {
		to, row := s.group(group, lo)
		first := group * GroupWidth
		width := min(GroupWidth, s.h-first)
		for i := range hi - lo {
			for part := range s.parts {
				at := part*s.h + first
				a, b, c := values[i*s.parts*s.h+at:][:width], values[(i+1)*s.parts*s.h+at:][:width], values[(i+2)*s.parts*s.h+at:][:width]
				c0 := to[i*row+part*GroupWidth:][:width]
				for f := range c0 {
					c0[f] = T(b[f]*(8./6)) - T((a[f]+c[f])*(1./6))
				}
			}
		}
	}
}

// FitBackward is the reverse of Fit for a Spline of gradients: it adds to
// gvalues [hi−lo+2, parts·H] those of the coefficients lo up to hi.
func (s *Spline[T]) FitBackward(gvalues []T, lo, hi int) {
	for group := range Groups(s.h) {
		from, row := s.group(group, lo)
		first := group * GroupWidth
		width := min(GroupWidth, s.h-first)
		for i := range hi - lo {
			for part := range s.parts {
				at := part*s.h + first
				a, b, c := gvalues[i*s.parts*s.h+at:][:width], gvalues[(i+1)*s.parts*s.h+at:][:width], gvalues[(i+2)*s.parts*s.h+at:][:width]
				for f, g := range from[i*row+part*GroupWidth:][:width] {
					a[f] -= T(g * (1. / 6))
					b[f] += T(g * (8. / 6))
					c[f] -= T(g * (1. / 6))
				}
			}
		}
	}
}

// Clear sets the coefficients lo up to hi to 0.
func (s *Spline[T]) Clear(lo, hi int) {
	for group := range Groups(s.h) {
		data, row := s.group(group, lo)
		clear(data[:(hi-lo)*row])
	}
}

// Add adds the coefficients lo up to hi of another one of the same shape.
func (s *Spline[T]) Add(from *Spline[T], lo, hi int) {
	for group := range Groups(s.h) {
		to, row := s.group(group, lo)
		x, _ := from.group(group, lo)
		AddRows(to, GroupWidth, x, GroupWidth, GroupWidth, (hi-lo)*row/GroupWidth)
	}
}

// basis is B_m(t) and its derivatives by t.
func basis[T Float](t T) (b, db [4]T) {
	u := 1 - t
	b = [4]T{u * u * u / 6, T((t/2-1)*t*t) + 2./3, T((u/2-1)*u*u) + 2./3, t * t * t / 6}
	db = [4]T{-u * u / 2, (1.5*t - 2) * t, (2 - 1.5*u) * u, t * t / 2}
	return b, db
}

// Values sets phi [P, parts, GroupWidth] to φ of the pairs, for a group of features.
func (s *Spline[T]) Values(phi []T, knots []Knot[T], group int) {
	data, row := s.group(group, 0)
	if splineValues(phi, data, knots, row) {
		return
	}
	for p, k := range knots {
		b, _ := basis(k.T)
		c := data[int(k.Below)*row:][:4*row]
		c0, c1, c2, c3 := c[:row], c[row:][:row], c[2*row:][:row], c[3*row:][:row]
		for f := range c0 {
			phi[p*row+f] = T(b[0]*c0[f]) + T(b[1]*c1[f]) + T(b[2]*c2[f]) + T(b[3]*c3[f])
		}
	}
}

// ValuesAndSlopes sets phi and slope [P, parts, GroupWidth] to φ and dφ/dd.
func (s *Spline[T]) ValuesAndSlopes(phi, slope []T, knots []Knot[T], group int) {
	data, row := s.group(group, 0)
	if splineSlopes(phi, slope, data, knots, row, s.perLength) {
		return
	}
	s.Values(phi, knots, group)
	for p, k := range knots {
		_, b := basis(k.T)
		for m := range b {
			b[m] *= s.perLength
		}
		c := data[int(k.Below)*row:][:4*row]
		c0, c1, c2, c3 := c[:row], c[row:][:row], c[2*row:][:row], c[3*row:][:row]
		for f := range c0 {
			slope[p*row+f] = T(b[0]*c0[f]) + T(b[1]*c1[f]) + T(b[2]*c2[f]) + T(b[3]*c3[f])
		}
	}
}

// Scatter is the reverse of ValuesAndSlopes for a Spline of gradients: from gphi =
// ∂L/∂φ and gslope = ∂L/∂(dφ/dd) [P, parts, GroupWidth] of a group of features it adds
//
//	c[Below+m] += B_m(t)·gphi + B_m′(t)/step·gslope
//
// pair by pair.
func (s *Spline[T]) Scatter(gphi, gslope []T, knots []Knot[T], group int) {
	data, row := s.group(group, 0)
	if splineScatter(data, gphi, gslope, knots, row, s.perLength) {
		return
	}
	for p, k := range knots {
		b, db := basis(k.T)
		g, dg := gphi[p*row:][:row], gslope[p*row:][:row]
		for m := range b {
			value, slope := b[m], db[m]*s.perLength
			c := data[(int(k.Below)+m)*row:][:row]
			for f := range c {
				c[f] += T(value*g[f]) + T(slope*dg[f])
			}
		}
	}
}
