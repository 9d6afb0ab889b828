package series

import (
	"math"
	"slices"
)

const (
	firstValues = 512 // that choose the bins
	binsOfWidth = 5   // of a standard deviation
	maxBins     = 256
)

// Histogram counts values in bins of one width. The first values choose it; where
// later ones lie so far away that the bins become many, they are joined in twos.
type Histogram struct {
	first []float64 // until there are enough to choose the bins
	width float64
	from  int64 // bin counts[0], of those that count from 0 at 0
	count []int64
}

// Add adds a value, which is finite.
func (h *Histogram) Add(x float64) {
	if h.count == nil {
		if h.first = append(h.first, x); len(h.first) == firstValues {
			h.choose()
		}
		return
	}
	h.bin(x)
}

// choose makes the bins, and puts the first values into them.
func (h *Histogram) choose() {
	var f Fit
	for _, x := range h.first {
		f.Add(0, x)
	}
	deviation, _ := f.Deviation()
	if h.width = deviation / binsOfWidth; h.width < 1e-9*math.Abs(f.Mean()) || h.width == 0 {
		h.width = max(1e-9*math.Abs(f.Mean()), math.SmallestNonzeroFloat64*1e30) // all are as good as one value
	}
	slices.Sort(h.first) // the middle first, so that the bins begin there
	h.from = int64(math.Floor(h.first[len(h.first)/2] / h.width))
	h.count = []int64{0}
	for _, x := range h.first {
		h.bin(x)
	}
	h.first = nil
}

func (h *Histogram) bin(x float64) {
	for {
		at := math.Floor(x / h.width)
		lo, hi := min(at, float64(h.from)), max(at, float64(h.from)+float64(len(h.count)-1))
		if hi-lo < maxBins {
			if at < float64(h.from) {
				h.count = slices.Insert(h.count, 0, make([]int64, h.from-int64(at))...)
				h.from = int64(at)
			}
			if more := int64(at) - h.from + 1 - int64(len(h.count)); more > 0 {
				h.count = append(h.count, make([]int64, more)...)
			}
			h.count[int64(at)-h.from]++
			return
		}
		h.join()
	}
}

// join joins the bins in twos.
func (h *Histogram) join() {
	h.width *= 2
	from := h.from >> 1
	joined := make([]int64, (h.from+int64(len(h.count))-1)>>1-from+1)
	for i, n := range h.count {
		joined[(h.from+int64(i))>>1-from] += n
	}
	h.from, h.count = from, joined
}

// Bins is the counts of values from a number on, in bins of a width; none without values.
func (h *Histogram) Bins() (from, width float64, counts []int64) {
	whole := h
	if h.count == nil {
		if len(h.first) == 0 {
			return 0, 0, nil
		}
		whole = &Histogram{first: slices.Clone(h.first)}
		whole.choose()
	}
	return float64(whole.from) * whole.width, whole.width, whole.count
}
