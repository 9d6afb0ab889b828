package nn

import (
	"math"
	"runtime"
	"slices"

	"painless/internal/pool"
	"painless/internal/spline"
	"painless/kernels/cpu"
)

// The filters φ(d) depend on one number, so that they are tabulated when a
// potential is made: values, slopes and curvatures at equidistant knots on
// [0, cutoff], in float64, with quintic Hermite splines between them, which the
// CPU lowers to degree 4. Their slope is the splines' own derivative, so that
// forces stay the exact gradient of the energy.

// curves is φ of a block and its derivatives at some distances; each [n, row], a
// row being parts·H.
type curves struct {
	row                     int
	value, slope, curvature []float64
}

func newCurves(n, row int) curves {
	return curves{row, make([]float64, n*row), make([]float64, n*row), make([]float64, n*row)}
}

// rows is the curves at distances from to to−1.
func (c *curves) rows(from, to int) curves {
	from, to = from*c.row, to*c.row
	return curves{c.row, c.value[from:to], c.slope[from:to], c.curvature[from:to]}
}

// filterCurves evaluates a block's filter network with two derivatives.
type filterCurves struct {
	net      *Network
	layers   [2]*cpu.Linear[float64]
	tangents [2]*cpu.Linear[float64]
}

// at sets c to the curves at the distances d, Å, up to the cutoff.
func (f *filterCurves) at(c curves, d []float64) {
	n, num, h := len(d), f.net.NumRBF, f.net.HiddenDim
	e0, e1, e2 := make([]float64, n*num), make([]float64, n*num), make([]float64, n*num)
	for i := range d {
		f.radial(d[i], e0[i*num:], e1[i*num:], e2[i*num:])
	}
	t0, t1, t2 := make([]float64, n*h), make([]float64, n*h), make([]float64, n*h)
	f.layers[0].Apply(t0, e0, n)
	f.tangents[0].Apply(t1, e1, n)
	f.tangents[0].Apply(t2, e2, n)
	for i, t := range t0 {
		sigma := 1 / (1 + math.Exp(-t))
		first := sigma + t*sigma*(1-sigma)
		second := sigma * (1 - sigma) * (2 + t*(1-2*sigma))
		t0[i], t1[i], t2[i] = t*sigma, first*t1[i], second*t1[i]*t1[i]+first*t2[i]
	}
	f.layers[1].Apply(c.value, t0, n)
	f.tangents[1].Apply(c.slope, t1, n)
	f.tangents[1].Apply(c.curvature, t2, n)
}

// radial is e_n(d) = exp(−(d−c_n)²/w_n²)·f(d) and its two derivatives, [R];
// at the cutoff, where f has a kink in its curvature, those from below.
func (f *filterCurves) radial(d float64, e0, e1, e2 []float64) {
	k := math.Pi / f.net.Cutoff
	sin, cos := math.Sincos(k * d)
	f0, f1, f2 := 0.5*(cos+1), -0.5*k*sin, -0.5*k*k*cos
	for n, center := range f.net.Centers {
		x, w2 := d-center, f.net.Widths[n]*f.net.Widths[n]
		g0 := math.Exp(-x * x / w2)
		g1, g2 := -2*x/w2*g0, (4*x*x/w2-2)/w2*g0
		e0[n], e1[n], e2[n] = g0*f0, g1*f0+g0*f1, g2*f0+2*g1*f1+g0*f2
	}
}

const (
	fewestIntervals = 32
	mostIntervals   = 1024
	// maxSlopeError is the error of φ′ that a table may have, as a share of the
	// largest φ′: a few roundings of float32.
	maxSlopeError = 0x1p-19
	// sureGain is what half the step divides the error by at least, so that it
	// need not be measured again: it goes as step⁴, and trained students gain 14 to 32.
	sureGain = 12
)

// newTables is the tables of every block.
func newTables[T cpu.Float](net *Network) (tables []*cpu.Table[T], intervals int) {
	knots, intervals := tabulate(net, quarticSlopeError)
	tables = make([]*cpu.Table[T], len(knots))
	forEach(len(knots), func(k int) {
		c := &knots[k]
		polynomials := spline.Quartic(c.value, c.slope, c.curvature, c.row)
		tables[k] = cpu.NewTable[T](polynomials, intervals+1, len(net.FilterParts(k)), net.HiddenDim, net.Cutoff/float64(intervals))
	})
	return tables, intervals
}

// tabulate is every block's filters at as many knots as they need by a measure of
// φ′'s error, slopes and curvatures times the knots' distance to the power of 1
// and 2, as spline takes them.
func tabulate(net *Network, slopeError func(knots, middles *curves, step float64) float64) (knots []curves, intervals int) {
	filters := make([]filterCurves, len(net.Blocks))
	knots = make([]curves, len(net.Blocks))
	for k := range filters {
		exact := newExactFilter[float64](net, k)
		filters[k] = filterCurves{net, exact.layers, exact.tangents}
		knots[k] = newCurves(fewestIntervals+1, exact.layers[1].Out)
	}
	// Midpoints tell the error, and are the new knots if it is too large.
	intervals = fewestIntervals
	forEach(len(filters), func(k int) { filters[k].at(knots[k], spaced(net.Cutoff, intervals, 0)) })
	for intervals < mostIntervals {
		d, step := spaced(net.Cutoff, intervals, 0.5), net.Cutoff/float64(intervals)
		middles := make([]curves, len(filters))
		for k := range middles {
			middles[k] = newCurves(intervals, knots[k].row)
		}
		// A piece is a block's knots that fill the caches, and no core waits for long.
		pieces := intervals / fewestIntervals
		forEach(len(filters)*pieces, func(i int) {
			k, from := i/pieces, i%pieces*fewestIntervals
			to := from + fewestIntervals
			filters[k].at(middles[k].rows(from, to), d[from:to])
		})
		errors := make([]float64, len(filters))
		forEach(len(filters), func(k int) { errors[k] = slopeError(&knots[k], &middles[k], step) })
		worst := slices.Max(errors)
		if worst <= maxSlopeError {
			break
		}
		forEach(len(knots), func(k int) { knots[k] = interleave(&knots[k], &middles[k]) })
		intervals *= 2
		if worst <= sureGain*maxSlopeError {
			break
		}
	}
	step := net.Cutoff / float64(intervals)
	for _, c := range knots {
		for i := range c.value {
			c.slope[i] *= step
			c.curvature[i] *= step * step
		}
	}
	return knots, intervals
}

// spaced is the points (k + offset)·cutoff/intervals in [0, cutoff].
func spaced(cutoff float64, intervals int, offset float64) (d []float64) {
	for k := 0; float64(k)+offset <= float64(intervals); k++ {
		d = append(d, (float64(k)+offset)*cutoff/float64(intervals))
	}
	return d
}

// quinticSlopeError is the largest error of φ′ between knots that are step apart, as a
// share of the largest φ′. The error of a quintic Hermite spline goes as
// t³(1−t)³: it is largest in the middle, where it is measured, and its slope
// is at most 3.43 times that over the step.
func quinticSlopeError(knots, middles *curves, step float64) float64 {
	worst, largest := 0.0, 0.0
	for i, exact := range middles.value {
		j := i + knots.row // the knot above
		middle := (knots.value[i]+knots.value[j])/2 + 5./32*step*(knots.slope[i]-knots.slope[j]) +
			step*step/64*(knots.curvature[i]+knots.curvature[j])
		worst, largest = max(worst, math.Abs(middle-exact)), max(largest, math.Abs(middles.slope[i]))
	}
	if worst == 0 {
		return 0
	}
	return 3.43 * worst / step / largest
}

// quarticSlopeError is the same of what is left of the splines in degree 4.
func quarticSlopeError(knots, middles *curves, step float64) float64 {
	worst, largest := 0.0, 0.0
	for i, slope := range middles.slope {
		j := i + knots.row
		high := 6*(knots.value[j]-knots.value[i]) - 3*step*(knots.slope[i]+knots.slope[j]) + step*step/2*(knots.curvature[j]-knots.curvature[i])
		worst, largest = max(worst, math.Abs(high)), max(largest, math.Abs(slope))
	}
	if worst == 0 {
		return 0
	}
	return quinticSlopeError(knots, middles, step) + spline.SlopeOfQuartic*worst/step/largest
}

// interleave is the knots with the middles between them.
func interleave(knots, middles *curves) curves {
	merge := func(a, b []float64) []float64 {
		out, row := make([]float64, 0, len(a)+len(b)), knots.row
		for i := 0; i < len(a); i += row {
			out = append(out, a[i:i+row]...)
			if i < len(b) {
				out = append(out, b[i:i+row]...)
			}
		}
		return out
	}
	return curves{knots.row, merge(knots.value, middles.value), merge(knots.slope, middles.slope), merge(knots.curvature, middles.curvature)}
}

// forEach runs do for 0 to n−1, side by side.
func forEach(n int, do func(i int)) {
	p := pool.New(min(n, runtime.GOMAXPROCS(0)))
	defer p.Close()
	p.Run(n, func(_, i int) { do(i) })
}
