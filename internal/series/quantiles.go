package series

import "math"

const (
	leastQuantile = 1e-7 // below it values count as this
	quantileBins  = 2560 // up to 1e4, so that
	binsOfDecade  = 232  // each is 1 % wide
)

// Quantiles is the distribution of numbers above 0, such as times in seconds,
// from 1e-7 to 1e4, to a relative accuracy of half a percent.
type Quantiles struct {
	counts  [quantileBins]int64
	n       int64
	largest float64
}

// Add adds a number.
func (q *Quantiles) Add(x float64) {
	at := int(binsOfDecade * math.Log10(max(x, leastQuantile)/leastQuantile))
	q.counts[min(max(at, 0), quantileBins-1)]++
	q.n++
	q.largest = max(q.largest, x)
}

// At is the number that a fraction p of all do not exceed; 0 without numbers.
func (q *Quantiles) At(p float64) float64 {
	sum := int64(0)
	for i, n := range q.counts {
		if sum += n; n > 0 && float64(sum) >= p*float64(q.n) {
			return min(q.largest, leastQuantile*math.Pow(10, (float64(i)+0.5)/binsOfDecade))
		}
	}
	return q.largest
}

// Largest is the largest number, as it was.
func (q *Quantiles) Largest() float64 { return q.largest }
