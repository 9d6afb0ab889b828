// Package series keeps of numbers that follow one another without end what a
// report says of them, in memory that does not grow: means and trends with the
// errors that correlation leaves them, curves, histograms, quantiles.
package series

import "math"

const (
	maxBlocks = 64 // that are held
	minBlocks = 16 // from which an error is told: with fewer it is too uncertain itself
)

// Fit is the mean of values y and the straight line of least squares through the
// points (t, y), of all points that were added.
//
// The errors of both are by block averages (Flyvbjerg and Petersen, J. Chem. Phys.
// 91, 461 (1989)): neighbours in a series are alike, and count for less than as
// many independent values. The series is cut into 64 to 32 blocks, and into half
// as many, down to 16; the largest of the errors that these give is the error. It
// is right where a sixteenth of the series is longer than its values remember. Of
// fewer than 16 points each is a block.
type Fit struct {
	n             int64
	t0, y0        float64 // the first point, from which the others are counted
	meanT, meanY  float64
	stt, sty, syy float64 // sums of products of deviations from the means
	blocks        []block
	per           int64 // points of a whole block
}

// block is the sums of points that follow one another.
type block struct {
	n    int64
	t, y float64
}

// Add adds a point.
func (f *Fit) Add(t, y float64) {
	if f.n == 0 {
		f.t0, f.y0, f.per = t, y, 1
	}
	t, y = t-f.t0, y-f.y0
	f.n++
	dt, dy := t-f.meanT, y-f.meanY
	f.meanT += dt / float64(f.n)
	f.meanY += dy / float64(f.n)
	f.stt += dt * (t - f.meanT)
	f.sty += dt * (y - f.meanY)
	f.syy += dy * (y - f.meanY)
	if last := len(f.blocks) - 1; last < 0 || f.blocks[last].n == f.per {
		if len(f.blocks) == maxBlocks {
			f.blocks = halved(f.blocks)
			f.per *= 2
		}
		f.blocks = append(f.blocks, block{})
	}
	b := &f.blocks[len(f.blocks)-1]
	b.n, b.t, b.y = b.n+1, b.t+t, b.y+y
}

// halved joins the blocks in twos, in place; an odd one at the end is dropped.
func halved(blocks []block) []block {
	for i := range len(blocks) / 2 {
		a, b := blocks[2*i], blocks[2*i+1]
		blocks[i] = block{a.n + b.n, a.t + b.t, a.y + b.y}
	}
	return blocks[:len(blocks)/2]
}

// Len is how many points there were.
func (f *Fit) Len() int64 { return f.n }

// Mean is that of y; 0 without points.
func (f *Fit) Mean() float64 { return f.y0 + f.meanY }

// MeanT is the mean of t.
func (f *Fit) MeanT() float64 { return f.t0 + f.meanT }

// Deviation is the standard deviation of y, and whether there are the two points that it needs.
func (f *Fit) Deviation() (float64, bool) {
	if f.n < 2 {
		return 0, false
	}
	return math.Sqrt(f.syy / float64(f.n-1)), true
}

// MeanError is the standard error of the mean, and whether there are the two blocks that it needs.
func (f *Fit) MeanError() (float64, bool) {
	return f.largest(2, func(y []block) float64 {
		_, _, _, _, syy := sums(y)
		n := float64(len(y))
		return syy / (n - 1) / n
	})
}

// Slope is dy/dt, and whether there are points of two different t.
func (f *Fit) Slope() (float64, bool) {
	if !(f.stt > 0) {
		return 0, false
	}
	return f.sty / f.stt, true
}

// SlopeError is the standard error of the slope, and whether there are the three blocks that it needs.
func (f *Fit) SlopeError() (float64, bool) {
	if !(f.stt > 0) {
		return 0, false
	}
	return f.largest(3, func(y []block) float64 {
		_, _, stt, sty, syy := sums(y)
		return max(0, syy-sty*sty/stt) / float64(len(y)-2) / stt
	})
}

// largest is the root of the largest of the variances that whole blocks of several lengths give.
func (f *Fit) largest(least int, variance func([]block) float64) (float64, bool) {
	blocks := append([]block(nil), f.blocks...)
	if n := len(blocks); n > 0 && blocks[n-1].n < f.per {
		blocks = blocks[:n-1]
	}
	if len(blocks) < least {
		return 0, false
	}
	largest := variance(blocks)
	for len(blocks) >= 2*minBlocks {
		blocks = halved(blocks)
		largest = max(largest, variance(blocks))
	}
	return math.Sqrt(largest), true
}

// sums is the means of the blocks' averages, and the sums of the products of deviations from them.
func sums(blocks []block) (t, y, stt, sty, syy float64) {
	for i, b := range blocks {
		bt, by := b.t/float64(b.n), b.y/float64(b.n)
		dt, dy := bt-t, by-y
		t += dt / float64(i+1)
		y += dy / float64(i+1)
		stt += dt * (bt - t)
		sty += dt * (by - y)
		syy += dy * (by - y)
	}
	return t, y, stt, sty, syy
}
