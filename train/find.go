package train

import (
	"math"
	"slices"

	"painless/atoms"
	"painless/internal/vec"
)

// sameWithin is how far an atom of the same structure may be from where it was, Å.
const sameWithin = 1e-4

// lookup finds structures by three lengths that neither moving nor turning changes.
// They are counted in steps, and an atom that is off by sameWithin takes a length to
// the next step at most: that one is looked at too where it is near.
type lookup struct {
	last   map[uint64]int32 // structure by its key
	before []int32          // of each structure, the one before with its key; −1 where there is none
}

const lengthStep = 20 * sameWithin

// shape is what a structure is looked up by.
type shape struct {
	order   uint64 // hash of the elements, in order, and the periodic directions
	lengths [3]float64
}

// shapeOf is that of a checked structure with at least one atom.
func shapeOf(x *atoms.Structure) (sh shape) {
	sh.order = fnvOffset
	for _, z := range x.Numbers {
		sh.order = mix(sh.order, uint64(z))
	}
	first, middle, last := x.Positions[0], x.Positions[len(x.Positions)/2], x.Positions[len(x.Positions)-1]
	if x.PBC == [3]bool{} {
		sh.lengths = [3]float64{vec.Distance(first, last), vec.Distance(first, middle), vec.Distance(middle, last)}
		return sh
	}
	for k, periodic := range x.PBC {
		if periodic {
			sh.order = mix(sh.order, uint64(k)+200)
			sh.lengths[2] += vec.Norm(x.Cell[k])
		}
	}
	if l, err := atoms.NewLattice(x.Cell, x.PBC); err == nil {
		sh.lengths[0], sh.lengths[1] = nearest(&l, vec.Sub(last, first)), nearest(&l, vec.Sub(middle, first))
	}
	return sh
}

// fnvOffset begins a hash that mix goes on with: FNV-1a, of numbers in place of bytes.
const fnvOffset = 14695981039346656037

func mix(h, x uint64) uint64 { return (h ^ x) * 1099511628211 }

// nearest is the length of the shortest of d's images.
func nearest(l *atoms.Lattice, d [3]float64) float64 {
	var f [3]float64
	var reach [3]int
	for k := range f {
		if f[k] = vec.Dot(l.Reciprocal[k], d); l.Periodic[k] {
			f[k] -= math.Round(f[k])
			reach[k] = 1
		}
	}
	least := math.Inf(1)
	for a := -reach[0]; a <= reach[0]; a++ {
		for b := -reach[1]; b <= reach[1]; b++ {
			for c := -reach[2]; c <= reach[2]; c++ {
				least = min(least, vec.Norm(vec.RowTimes([3]float64{f[0] + float64(a), f[1] + float64(b), f[2] + float64(c)}, &l.Vectors)))
			}
		}
	}
	return least
}

// key is of the steps that the lengths are at when they are this much longer.
func (sh *shape) key(longer [3]float64) uint64 {
	h := sh.order
	for i, d := range sh.lengths {
		step := uint64(math.Floor((d + longer[i]) / lengthStep))
		h = mix(mix(h, step&0xffff), step>>16)
		h ^= h >> 29
	}
	return h
}

// add adds the next structure.
func (l *lookup) add(x *atoms.Structure) {
	if l.last == nil {
		l.last = map[uint64]int32{}
	}
	sh := shapeOf(x)
	key, k := sh.key([3]float64{}), int32(len(l.before))
	before, ok := l.last[key]
	if !ok {
		before = -1
	}
	l.before, l.last[key] = append(l.before, before), k
}

// Find returns a structure of the set that is the same: the same elements in the same
// order, with the atoms within 1e-4 Å of where they were. What is isolated may be moved
// and turned as a whole, and mirrored; what is periodic moved, wrapped into the cell
// otherwise, and in two or three directions turned with its cell. No set has none.
func (s *Set) Find(x *atoms.Structure) (k int, found bool) {
	if s == nil || len(x.Numbers) == 0 || x.Check() != nil {
		return 0, false
	}
	sh := shapeOf(x)
	// What moves both ends by sameWithin, or a length of each cell vector.
	const off = 3 * sameWithin
	var tried []uint64
	for corner := range 8 {
		var longer [3]float64
		for i := range longer {
			longer[i] = off * float64(corner>>i&1*2-1)
		}
		key := sh.key(longer)
		if slices.Contains(tried, key) {
			continue
		}
		tried = append(tried, key)
		k, ok := s.lookup.last[key]
		for ; ok && k >= 0; k = s.lookup.before[k] {
			if s.same(int(k), x) {
				return int(k), true
			}
		}
	}
	return 0, false
}

// same reports whether structure k is x.
func (s *Set) same(k int, x *atoms.Structure) bool {
	lo, hi := s.start[k], s.start[k+1]
	if hi-lo != len(x.Numbers) || s.cells[k].pbc != x.PBC {
		return false
	}
	for i, z := range s.numbers[lo:hi] {
		if int(z) != x.Numbers[i] {
			return false
		}
	}
	if x.PBC != [3]bool{} {
		return s.wrapped(k, x)
	}
	return s.moved(lo, x) || s.turned(lo, x)
}

// moved reports whether the atoms from lo on are those of x, moved as a whole.
func (s *Set) moved(lo int, x *atoms.Structure) bool {
	by := vec.Sub(x.Positions[0], widened(s.positions[lo]))
	for i, r := range x.Positions {
		if vec.Distance(vec.Sub(r, by), widened(s.positions[lo+i])) > 2*sameWithin { // the first atom may be off too
			return false
		}
	}
	return true
}

// turned reports whether the atoms from lo on have the distances of those of x.
func (s *Set) turned(lo int, x *atoms.Structure) bool {
	for i, r := range x.Positions {
		for j, q := range x.Positions[:i] {
			if math.Abs(vec.Distance(r, q)-vec.Distance(widened(s.positions[lo+i]), widened(s.positions[lo+j]))) > 2*sameWithin {
				return false
			}
		}
	}
	return true
}

// wrapped reports whether structure k is x in a cell that may be turned.
func (s *Set) wrapped(k int, x *atoms.Structure) bool {
	c := s.cells[k]
	for i := range 3 {
		for j := range i + 1 {
			a, b, p, q := x.Cell[i], x.Cell[j], c.vectors[i], c.vectors[j]
			if x.PBC[i] && x.PBC[j] && math.Abs(vec.Dot(a, b)-vec.Dot(p, q)) > sameWithin*(vec.Norm(a)+vec.Norm(b)) {
				return false
			}
		}
	}
	l, err := atoms.NewLattice(x.Cell, x.PBC)
	was, errWas := atoms.NewLattice(c.vectors, c.pbc)
	if err != nil || errWas != nil {
		return false
	}
	lo := s.start[k]
	for i := range x.Positions {
		d, e := vec.Sub(x.Positions[i], x.Positions[0]), vec.Sub(widened(s.positions[lo+i]), widened(s.positions[lo]))
		var off [3]float64
		for a := range off {
			if off[a] = vec.Dot(l.Reciprocal[a], d) - vec.Dot(was.Reciprocal[a], e); l.Periodic[a] {
				off[a] -= math.Round(off[a])
			}
		}
		if vec.Norm(vec.RowTimes(off, &l.Vectors)) > 2*sameWithin {
			return false
		}
	}
	return true
}
