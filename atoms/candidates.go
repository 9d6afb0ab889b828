package atoms

import (
	"fmt"
	"math"
	"slices"

	"painless/internal/vec"
)

// neighbor is an atom j, moved by shift lattice vectors, near an atom i ≤ j.
type neighbor struct {
	i, j  int32
	shift [3]int32
}

// candidates is the pairs within cutoff + skin at the positions that they were
// found at, in ascending order of (i, j, shift).
type candidates struct {
	pairs []neighbor
	start []int // the pairs of structure k are start[k] up to start[k+1]; [S+1]

	cutoff, skin float64
	found        Batch // positions, cells and boundaries that the search saw
	bins         bins
}

const (
	// Below allPairsBelow atoms of an isolated structure, looking at all pairs is faster than binning them.
	allPairsBelow = 200
	// MaxNeighbors is how many an atom may have: more, on average, are no matter but a wrong unit, and would fill the memory.
	MaxNeighbors = 4096
	// skin, Å: as far as an atom of a simulation moves in some tens of steps, and few pairs more.
	skin = 0.5
)

// update searches again unless the candidates still hold.
func (c *candidates) update(b *Batch, cutoff float64) error {
	again := c.cutoff == cutoff && slices.Equal(c.found.Start, b.Start) && slices.Equal(c.found.PBC, b.PBC) && c.found.similar(b)
	if again && c.hold(b) {
		return nil
	}
	// Structures that come only once would pay for a skin and not use it.
	c.cutoff, c.skin = cutoff, 0
	if again {
		c.skin = skin
	}
	if err := c.search(b); err != nil {
		c.cutoff = 0 // these hold for nothing
		return err
	}
	c.found.Copy(b)
	return nil
}

// maxStrain is as far as a cell may have changed to be taken for the same one in a simulation.
const maxStrain = 0.1

// similar reports whether the cells of as many structures are the same, or changed as in a simulation.
func (b *Batch) similar(other *Batch) bool {
	for k := range b.Cells {
		if b.Cells[k] == other.Cells[k] {
			continue
		}
		if _, strain := b.deformation(other, k); !(strain <= maxStrain) || b.PBC[k] != [3]bool{true, true, true} {
			return false
		}
	}
	return true
}

// deformation is F that takes the lattice vectors of structure k to those in
// another batch, a' = a F, and |F − 1|, which no vector's relative change exceeds.
func (b *Batch) deformation(other *Batch, k int) (f vec.Matrix, strain float64) {
	inverse := vec.Inverse(&b.Cells[k])
	for i := range f {
		f[i] = vec.RowTimes(inverse[i], &other.Cells[k])
		for c, x := range f[i] {
			if i == c {
				x--
			}
			strain += x * x
		}
	}
	return f, math.Sqrt(strain)
}

// hold reports whether no pair can have come within the cutoff that is no candidate.
func (c *candidates) hold(b *Batch) bool {
	for k := range b.Len() {
		if !c.near(b, k) {
			return false
		}
	}
	return true
}

// near reports whether no atom of structure k has moved more than half the skin.
// Where the cell has changed by F, atoms have moved from where F takes them, and a
// pair beyond cutoff + skin, as found, is now beyond (1 − |F − 1|)(cutoff + skin)
// less what its two atoms have moved.
func (c *candidates) near(b *Batch, k int) bool {
	f, most := vec.Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, c.skin/2
	moved := b.Cells[k] != c.found.Cells[k]
	if moved {
		var strain float64
		f, strain = c.found.deformation(b, k)
		most = ((1-strain)*(c.cutoff+c.skin) - c.cutoff) / 2
	}
	if most < 0 {
		return false
	}
	for i := b.Start[k]; i < b.Start[k+1]; i++ {
		before := c.found.Positions[i]
		if moved {
			before = vec.RowTimes(before, &f)
		}
		r := &b.Positions[i]
		x, y, z := r[0]-before[0], r[1]-before[1], r[2]-before[2]
		if x*x+y*y+z*z > most*most {
			return false
		}
	}
	return true
}

func (c *candidates) search(b *Batch) error {
	c.pairs, c.start = c.pairs[:0], append(c.start[:0], 0)
	for k := range b.Len() {
		if n := b.Start[k+1] - b.Start[k]; n < allPairsBelow && !b.Periodic(k) {
			c.allPairs(b, k)
		} else if err := c.binned(b, k); err != nil {
			return &StructureError{k, err}
		}
		c.start = append(c.start, len(c.pairs))
	}
	return nil
}

func (c *candidates) allPairs(b *Batch, k int) {
	reach := (c.cutoff + c.skin) * SearchMargin
	for i := b.Start[k]; i < b.Start[k+1]; i++ {
		ri := b.Positions[i]
		for j := i + 1; j < b.Start[k+1]; j++ {
			rj := &b.Positions[j]
			x, y, z := rj[0]-ri[0], rj[1]-ri[1], rj[2]-ri[2]
			if x*x+y*y+z*z <= reach*reach {
				c.pairs = append(c.pairs, neighbor{i: int32(i), j: int32(j)})
			}
		}
	}
}

// binned looks for the neighbours of an atom in the bins around its own.
func (c *candidates) binned(b *Batch, k int) error {
	first, last := b.Start[k], b.Start[k+1]
	lat, err := NewLattice(b.Cells[k], b.PBC[k])
	if err != nil {
		return err
	}
	if err := c.bins.fill(&lat, b.Positions[first:last], c.cutoff+c.skin); err != nil {
		return err
	}
	begin, n, counted := len(c.pairs), last-first, false
	most := mostPairs(n)
	c.bins.looks = mostLooks(n)
	for i := range n {
		from := len(c.pairs)
		c.pairs = c.bins.around(i, int32(first), c.pairs, min(begin+most, from+maxOfAtom))
		found, ofAtom := len(c.pairs)-begin, len(c.pairs)-from
		if found > uncounted && ofAtom > MaxNeighbors/4 && !counted { // so many that they are counted before more are kept
			counted = true
			found = max(found, c.bins.pairs(c.pairs[len(c.pairs):], most))
		}
		switch {
		case found > most || ofAtom > maxOfAtom:
			return fmt.Errorf("more than %d neighbours per atom within %v Å: expected positions and cell in Å", MaxNeighbors, c.cutoff)
		case c.bins.looks < 0:
			return fmt.Errorf("the cell is too skewed, or too thin, to look for neighbours of %d atoms within %v Å: expected a reduced cell", n, c.cutoff)
		}
		slices.SortFunc(c.pairs[from:], compareNeighbors)
	}
	return nil
}

// Limits of the search in a structure. Each holds before the memory or the time
// is spent that it forbids.
const (
	maxOfAtom = 1 << 18 // neighbours of one atom: they are each other's, and more than all may have
	uncounted = 1 << 18 // pairs that are kept before they are counted
)

// mostPairs is how many pairs n atoms may have.
func mostPairs(n int) int { return n * MaxNeighbors / 2 }

// mostLooks is how many atoms in boxes are looked at for n atoms: some hundreds
// for each are usual, and in cells that are skewed to 179° hundred thousands.
func mostLooks(n int) int { return min(n<<20, 1<<27+n<<14) }

// pairs counts the pairs of a structure, up to somewhat more than most. room is
// memory for those of an atom.
func (s *bins) pairs(room []neighbor, most int) (n int) {
	looks := s.looks
	s.looks = mostLooks(len(s.box))
	for i := range s.box {
		room = s.around(i, 0, room[:0], maxOfAtom)
		if n += len(room); n > most || s.looks < 0 {
			break
		}
	}
	s.looks = min(looks, s.looks)
	return n
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
