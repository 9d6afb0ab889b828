package atoms

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"painless/internal/buffer"
)

// search is of the neighbours of one structure's atoms, in the bins around their own.
type search struct {
	bins
	first  int // atom of the structure, in the batch
	spans  []span
	cutoff float64 // without the skin, Å

	kept    atomic.Int64 // pairs
	mutex   sync.Mutex
	counted int     // pairs, where they were counted
	errs    []error // of the spans
}

// searchAlone searches a small structure, on the calling thread.
func (c *candidates) searchAlone(k int) error {
	s := &c.spans[c.start[k]]
	s.pairs = s.pairs[:0]
	if n := s.hi - s.lo; n < allPairsBelow && !c.batch.Periodic(k) {
		s.allPairs(c.batch, (c.cutoff+c.skins[k])*SearchMargin)
		return nil
	}
	one := c.take()
	defer c.give(one)
	if err := c.begin(one, k); err != nil {
		return err
	}
	return one.around(s)
}

// searchOn searches a structure on many threads.
func (c *candidates) searchOn(threads Runner, k int) error {
	c.large = c.take()
	defer c.give(c.large)
	if err := c.begin(c.large, k); err != nil {
		return err
	}
	spans := c.large.spans
	c.large.errs = buffer.Resize(c.large.errs, len(spans))
	threads.Run(len(spans), c.tasks.span)
	for _, err := range c.large.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *candidates) largeSpan(_, unit int) {
	c.large.errs[unit] = c.large.around(&c.large.spans[unit])
}

// begin puts the atoms of structure k into bins.
func (c *candidates) begin(s *search, k int) error {
	s.spans, s.first, s.cutoff = c.spans[c.start[k]:c.start[k+1]], c.batch.Start[k], c.cutoff
	s.kept.Store(0)
	s.counted = 0
	lat, err := NewLattice(c.batch.Cells[k], c.batch.PBC[k])
	if err != nil {
		return err
	}
	return s.fill(&lat, c.batch.Positions[c.batch.Start[k]:c.batch.Start[k+1]], c.cutoff+c.skins[k])
}

// take returns a search that nobody makes.
func (c *candidates) take() *search {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n := len(c.idle)
	if n == 0 {
		return &search{}
	}
	last := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return last
}

func (c *candidates) give(s *search) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.idle = append(c.idle, s)
}

// allPairs looks at all pairs of an isolated structure.
func (s *span) allPairs(b *Batch, reach float64) {
	for i := s.lo; i < s.hi; i++ {
		ri := b.Positions[i]
		for j := i + 1; j < s.hi; j++ {
			rj := &b.Positions[j]
			x, y, z := rj[0]-ri[0], rj[1]-ri[1], rj[2]-ri[2]
			if x*x+y*y+z*z <= reach*reach {
				s.pairs = append(s.pairs, neighbor{i: int32(i), j: int32(j)})
			}
		}
	}
}

// around looks for the neighbours of a span's atoms in the bins around them.
func (c *search) around(s *span) error {
	s.pairs = s.pairs[:0]
	n := len(c.box)
	if n == 0 {
		return nil
	}
	most, looks := mostPairs(n), mostLooks(n)/int64(n)*int64(s.hi-s.lo)
	for i := s.lo; i < s.hi; i++ {
		from, room := len(s.pairs), most-c.kept.Load()
		if room < 0 {
			return c.errCrowded()
		}
		s.pairs = c.bins.around(i-c.first, int32(c.first), s.pairs, from+int(min(room, maxOfAtom)), &looks)
		ofAtom := len(s.pairs) - from
		found := c.kept.Add(int64(ofAtom))
		if found > uncounted && ofAtom > MaxNeighbors/4 { // so many that they are counted before more are kept
			found = max(found, int64(c.count(s.pairs[len(s.pairs):])))
		}
		switch {
		case found > most || ofAtom > maxOfAtom:
			c.kept.Store(most + 1) // so that other spans end, too
			return c.errCrowded()
		case looks < 0:
			return fmt.Errorf("the cell is too skewed, or too thin, to look for neighbours of %d atoms within %v Å: expected a reduced cell", n, c.cutoff)
		}
		slices.SortFunc(s.pairs[from:], compareNeighbors)
	}
	return nil
}

func (c *search) errCrowded() error {
	return fmt.Errorf("more than %d neighbours per atom within %v Å: expected positions and cell in Å", MaxNeighbors, c.cutoff)
}

// Limits of the search in a structure. Each holds before the memory or the time
// is spent that it forbids.
const (
	maxOfAtom = 1 << 18 // neighbours of one atom: they are each other's, and more than all may have
	uncounted = 1 << 18 // pairs that are kept before they are counted
)

// mostPairs is how many pairs n atoms may have.
func mostPairs(n int) int64 { return int64(n) * MaxNeighbors / 2 }

// mostLooks is how many atoms in boxes are looked at for n atoms: some hundreds
// for each are usual, and in cells that are skewed to 179° hundred thousands.
func mostLooks(n int) int64 { return min(int64(n)<<20, 1<<27+int64(n)<<14) }

// count counts the pairs of the structure, up to somewhat more than it may have,
// once. room is memory for those of an atom.
func (c *search) count(room []neighbor) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n := len(c.box)
	if c.counted > 0 {
		return c.counted
	}
	looks := mostLooks(n)
	for i := range n {
		room = c.bins.around(i, 0, room[:0], maxOfAtom, &looks)
		if c.counted += len(room); int64(c.counted) > mostPairs(n) || looks < 0 {
			break
		}
	}
	return c.counted
}

// compareNeighbors orders the neighbours of one atom.
func compareNeighbors(a, b neighbor) int {
	if a.j != b.j {
		return int(a.j - b.j)
	}
	for c := range a.shift {
		if a.shift[c] != b.shift[c] {
			return int(a.shift[c] - b.shift[c])
		}
	}
	return 0
}
