package validate

import (
	"cmp"
	"math"
	"slices"
)

// density counts points of the plane in square cells. They double when too
// many are in use: it takes any number of points, in any range, in bounded
// memory, and loses none. The zero value is empty.
type density struct {
	side  float64 // of a cell
	cells map[[2]int64]int
}

const (
	maxCells   = 20_000
	finestSide = 1.0 / (1 << 20) // at first; eV, eV/Å
	farthest   = 1 << 60         // cell
)

func (d *density) add(x, y float64) {
	if d.cells == nil {
		d.side, d.cells = finestSide, map[[2]int64]int{}
	}
	for math.Max(math.Abs(x), math.Abs(y)) > farthest*d.side || len(d.cells) > maxCells {
		d.coarsen()
	}
	d.cells[[2]int64{int64(math.Floor(x / d.side)), int64(math.Floor(y / d.side))}]++
}

// coarsen makes four cells one.
func (d *density) coarsen() {
	cells := make(map[[2]int64]int, len(d.cells))
	for at, n := range d.cells {
		cells[[2]int64{at[0] >> 1, at[1] >> 1}] += n
	}
	d.side, d.cells = 2*d.side, cells
}

// cell is the middle of one that is in use, and the points in it.
type cell struct {
	x, y float64
	n    int
}

// list is the cells, the fullest last, so that they are drawn on top.
func (d *density) list() []cell {
	list := make([]cell, 0, len(d.cells))
	for at, n := range d.cells {
		list = append(list, cell{(float64(at[0]) + 0.5) * d.side, (float64(at[1]) + 0.5) * d.side, n})
	}
	slices.SortFunc(list, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y))
	})
	return list
}

// histogram counts numbers from 0 up in logarithmic bins.
type histogram struct {
	counts [binsPerDecade * decades]int
	total  int
}

const (
	binsPerDecade = 5
	lowestDecade  = -10 // what is smaller counts into the first bin, what is larger into the last
	decades       = 16
)

func (h *histogram) add(x float64) {
	bin := math.Floor((math.Log10(x) - lowestDecade) * binsPerDecade) // −∞ for 0
	h.counts[int(math.Max(0, math.Min(bin, float64(len(h.counts)-1))))]++
	h.total++
}

// edge is where bin i begins.
func edge(i int) float64 { return math.Pow(10, lowestDecade+float64(i)/binsPerDecade) }
