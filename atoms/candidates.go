package atoms

import (
	"math"
	"slices"
	"sync"

	"painless/internal/buffer"
	"painless/internal/vec"
)

// neighbor is an atom j, moved by shift lattice vectors, near an atom i ≤ j.
type neighbor struct {
	i, j  int32
	shift [3]int32
}

// candidates is the pairs within cutoff + skin at the positions that they were
// found at. Each structure is searched by itself, when it has to be.
type candidates struct {
	spans []span // of all structures, one after another
	start []int  // the spans of structure k are start[k] up to start[k+1]; [S+1]

	cutoff float64
	skins  []float64 // of each structure, [S]
	found  Batch     // positions, cells and boundaries that the searches saw
	again  bool      // the batch has the form of the one before
	anew   bool      // some of the pairs are not those of the update before
	batch  *Batch
	states []state // [S]

	mutex sync.Mutex
	idle  []*search // of workers who have none at hand
	large *search   // of the structure that all work on
	tasks struct{ renew, span func(worker, unit int) }
}

// span is the pairs of atoms lo up to hi of structure k with atoms as high or
// higher, in ascending order of (i, j, shift).
type span struct {
	k, lo, hi int
	pairs     []neighbor
}

// state is what an update does about a structure.
type state struct {
	search bool
	err    error
}

const (
	// Below allPairsBelow atoms of an isolated structure, looking at all pairs is faster than binning them.
	allPairsBelow = 200
	// spanAtoms is as many as one thread searches at a time.
	spanAtoms = 256
	// MaxNeighbors is how many an atom may have: more, on average, are no matter but a wrong unit, and would fill the memory.
	MaxNeighbors = 4096
	// skin, Å: as far as an atom of a simulation moves in some tens of steps, and few pairs more.
	skin = 0.5
)

// update searches structures again whose candidates no longer hold: small ones
// side by side, and each of the large ones on all threads.
func (c *candidates) update(threads Runner, b *Batch, cutoff float64) error {
	c.batch = b
	if c.again = c.cutoff == cutoff && slices.Equal(c.found.Start, b.Start) && slices.Equal(c.found.PBC, b.PBC); !c.again {
		c.layOut(b)
	}
	c.cutoff, c.anew = cutoff, !c.again
	if c.tasks.renew == nil {
		c.tasks.renew, c.tasks.span = c.renew, c.largeSpan
	}
	threads.Run(b.Len(), c.tasks.renew)
	for k := range c.states {
		if s := &c.states[k]; s.search && s.err == nil && c.start[k+1]-c.start[k] > 1 {
			s.err = c.searchOn(threads, k)
		}
		if err := c.states[k].err; err != nil {
			c.cutoff = 0 // these hold for nothing
			return &StructureError{k, err}
		}
		c.anew = c.anew || c.states[k].search
	}
	return nil
}

// layOut makes the spans of a batch of another form than the last one, which are
// empty, but keep their memory.
func (c *candidates) layOut(b *Batch) {
	c.found.Copy(b)
	c.start, c.spans = append(c.start[:0], 0), c.spans[:0]
	for k := range b.Len() {
		lo, hi := b.Start[k], b.Start[k+1]
		for first := true; first || lo < hi; first = false {
			next := min(lo+spanAtoms, hi)
			if len(c.spans) == cap(c.spans) {
				c.spans = append(c.spans, span{})
			} else {
				c.spans = c.spans[:len(c.spans)+1]
			}
			s := &c.spans[len(c.spans)-1]
			s.k, s.lo, s.hi, s.pairs = k, lo, next, s.pairs[:0]
			lo = next
		}
		c.start = append(c.start, len(c.spans))
	}
	c.skins, c.states = buffer.Resize(c.skins, b.Len()), buffer.Resize(c.states, b.Len())
}

// renew looks at structure k, and searches it if it has to and it is small.
func (c *candidates) renew(_, k int) {
	b, s := c.batch, &c.states[k]
	*s = state{}
	similar := c.again && b.similar(&c.found, k)
	if similar && c.near(b, k) {
		return
	}
	s.search = true
	// Structures that come only once would pay for a skin and not use it.
	c.skins[k] = 0
	if similar {
		c.skins[k] = skin
	}
	c.found.Cells[k] = b.Cells[k]
	copy(c.found.Positions[b.Start[k]:b.Start[k+1]], b.Positions[b.Start[k]:b.Start[k+1]])
	if c.start[k+1]-c.start[k] == 1 {
		s.err = c.searchAlone(k)
	}
}

// maxStrain is as far as a cell may have changed to be taken for the same one in a simulation.
const maxStrain = 0.1

// similar reports whether the cell of structure k is the same as in another batch, or changed as in a simulation.
func (b *Batch) similar(other *Batch, k int) bool {
	if b.Cells[k] == other.Cells[k] {
		return true
	}
	_, strain := b.deformation(other, k)
	return strain <= maxStrain && b.PBC[k] == [3]bool{true, true, true}
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

// near reports whether no atom of structure k has moved more than half the skin.
// Where the cell has changed by F, atoms have moved from where F takes them, and a
// pair beyond cutoff + skin, as found, is now beyond (1 − |F − 1|)(cutoff + skin)
// less what its two atoms have moved.
func (c *candidates) near(b *Batch, k int) bool {
	f, most := vec.Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, c.skins[k]/2
	moved := b.Cells[k] != c.found.Cells[k]
	if moved {
		var strain float64
		f, strain = c.found.deformation(b, k)
		most = ((1-strain)*(c.cutoff+c.skins[k]) - c.cutoff) / 2
	}
	if most < 0 {
		return false
	}
	before, now := c.found.Positions[b.Start[k]:b.Start[k+1]], b.Positions[b.Start[k]:b.Start[k+1]]
	xx, xy, xz, yx, yy, yz, zx, zy, zz := f[0][0], f[0][1], f[0][2], f[1][0], f[1][1], f[1][2], f[2][0], f[2][1], f[2][2]
	for i := range now {
		r, o := &now[i], &before[i]
		x, y, z := o[0], o[1], o[2]
		if moved {
			x, y, z = x*xx+y*yx+z*zx, x*xy+y*yy+z*zy, x*xz+y*yz+z*zz
		}
		x, y, z = r[0]-x, r[1]-y, r[2]-z
		if x*x+y*y+z*z > most*most {
			return false
		}
	}
	return true
}
