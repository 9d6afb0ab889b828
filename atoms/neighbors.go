package atoms

import (
	"fmt"
	"sync/atomic"

	"painless/internal/buffer"
)

// NeighborList is every undirected pair {i, j} of a batch with d ≤ cutoff:
// pairs of different atoms, and of atoms (an atom itself included) with
// periodic images. A pair stands for the two directed edges j → i with
// displacement x = r_j + Shift·cell − r_i and i → j with −x.
//
// x is computed in float64 and rounded to T once; d ≤ cutoff is decided on
// that x in T, the one that a potential uses, so that both directions of a
// pair take the same decision. Pairs are in ascending order of (i, j, Shift)
// with i ≤ j, however they were found.
//
// The search finds candidates, up to a skin beyond the cutoff once it sees the
// same structures again, and keeps those of a structure while none of its atoms has
// moved more than half the skin. The pairs are those candidates that are within the cutoff now.
type NeighborList[T Float] struct {
	Pairs[T]
	Start []int // the pairs of structure k are Start[k] up to Start[k+1]; [S+1]

	// Places, set before Build, is for who keeps much memory for each atom: in
	// structures of thousands, I and J are then places, and not atoms, which are near
	// one another where the atoms are. The order of pairs is that of places, and of J's
	// atoms and shifts for each.
	Places bool
	Order  []int32 // the atom of each place, [N]; nil where places are atoms

	given      given // where a host found the pairs
	candidates candidates
	places     places
	blocks     []block // of candidates; none holds those of two structures
	begin      []int   // among all candidates those of atom i begin, where there are places; [N+1]
	x          [][3]T  // of the candidates
	d          []T     // of the candidates
	onOnePoint atomic.Int64
	batch      *Batch
	cutoff     T
	tasks      struct{ measure, keep func(worker, unit int) }
}

// block is candidates of structure k: some on end, or those of the atoms of some places.
// Of them are pairs, which begin at first among all.
type block struct {
	k, pairs, first int
	of              []neighbor
	candidates      int // before of
	lo, hi          int // places
}

const (
	blockSize   = 256
	blockPlaces = 16
)

// Runner shares work among threads: it calls task for every unit from 0 to
// units−1, in any order, and returns when all are done.
type Runner interface {
	Run(units int, task func(worker, unit int))
}

// alone is the calling thread.
type alone struct{}

func (alone) Run(units int, task func(worker, unit int)) {
	for unit := range units {
		task(0, unit)
	}
}

// Build finds the pairs of a batch within cutoff, Å, on the calling thread.
// Memory is reused from call to call. A structure that has no list, as two
// atoms are on one point, its cell is flat, or thinner than cutoff/64, or there
// are too many neighbours, is a *StructureError.
func (l *NeighborList[T]) Build(b *Batch, cutoff float64) error {
	if err := b.Check(); err != nil {
		return err
	}
	return l.BuildOn(alone{}, b, cutoff)
}

// BuildOn is Build on many threads, for a batch that has passed its Check.
func (l *NeighborList[T]) BuildOn(threads Runner, b *Batch, cutoff float64) error {
	if !(cutoff > 0 && cutoff <= maxCoordinate) {
		return fmt.Errorf("cutoff %v Å: expected a length above 0", cutoff)
	}
	if err := l.candidates.update(threads, b, cutoff); err != nil {
		return err
	}
	if l.tasks.measure == nil {
		l.tasks.measure, l.tasks.keep = l.measure, l.keep
	}
	l.batch, l.cutoff = b, T(cutoff)
	before := l.Order != nil
	l.Order = nil
	if l.Places && l.places.update(threads, b) {
		l.Order = l.places.order
	}
	if l.candidates.anew || before != (l.Order != nil) {
		l.cut()
	}
	n := len(l.d)
	l.onOnePoint.Store(int64(n))
	threads.Run(len(l.blocks), l.tasks.measure)
	if c := int(l.onOnePoint.Load()); c < n {
		return l.errOnOnePoint(c)
	}

	l.Start = buffer.Resize(l.Start, b.Len()+1)
	total, at := 0, 0
	for k := range b.Len() {
		l.Start[k] = total
		for ; at < len(l.blocks) && l.blocks[at].k == k; at++ {
			l.blocks[at].first = total
			total += l.blocks[at].pairs
		}
	}
	l.Start[b.Len()] = total
	l.Resize(total)
	threads.Run(len(l.blocks), l.tasks.keep)
	return nil
}

// cut makes blocks of the candidates.
func (l *NeighborList[T]) cut() {
	l.blocks = l.blocks[:0]
	n := 0
	for i := range l.candidates.spans {
		s := &l.candidates.spans[i]
		for of := s.pairs; l.Order == nil && len(of) > 0; {
			few := min(len(of), blockSize)
			l.blocks = append(l.blocks, block{k: s.k, candidates: n + len(s.pairs) - len(of), of: of[:few]})
			of = of[few:]
		}
		n += len(s.pairs)
	}
	if l.Order != nil {
		l.cutPlaces()
	}
	l.x, l.d = buffer.Resize(l.x, n), buffer.Resize(l.d, n)
}

// cutPlaces makes blocks of places.
func (l *NeighborList[T]) cutPlaces() {
	l.begin = append(l.begin[:0], 0)
	for i := range l.candidates.spans {
		s := &l.candidates.spans[i]
		before, at := l.begin[s.lo], 0
		for atom := s.lo; atom < s.hi; atom++ {
			for at < len(s.pairs) && int(s.pairs[at].i) == atom {
				at++
			}
			l.begin = append(l.begin, before+at)
		}
	}
	for k := range l.batch.Len() {
		for lo, hi := l.batch.Start[k], l.batch.Start[k+1]; lo < hi; lo += blockPlaces {
			l.blocks = append(l.blocks, block{k: k, lo: lo, hi: min(lo+blockPlaces, hi)})
		}
	}
}

// pieces is in how many pieces a block's candidates lie.
func (l *NeighborList[T]) pieces(b *block) int {
	if l.Order == nil {
		return 1
	}
	return b.hi - b.lo
}

// piece is candidates of a block on end, and their displacements and distances.
func (l *NeighborList[T]) piece(b *block, i int) (of []neighbor, x [][3]T, d []T, first int) {
	of, first = b.of, b.candidates
	if l.Order != nil {
		atom := int(l.Order[b.lo+i])
		s := &l.candidates.spans[l.candidates.start[b.k]+(atom-l.batch.Start[b.k])/spanAtoms]
		first = l.begin[atom]
		of = s.pairs[first-l.begin[s.lo]:][:l.begin[atom+1]-first]
	}
	return of, l.x[first:][:len(of)], l.d[first:][:len(of)], first
}

// measure computes the displacements of a block's candidates and counts its pairs.
// Whether a candidate is a pair is hard to foretell: neither here nor in keep does
// a branch hang on it. Threes of numbers are written and read one by one: a copy of
// three that were just written would wait for them.
func (l *NeighborList[T]) measure(_, unit int) {
	block := &l.blocks[unit]
	cell, positions, cutoff := &l.batch.Cells[block.k], l.batch.Positions, l.cutoff
	var sx, sy, sz float64
	before := [3]int32{} // the shift that these are of
	pairs := 0
	for i := range l.pieces(block) {
		of, xs, ds, first := l.piece(block, i)
		for c := range of {
			n := &of[c]
			if n.shift != before {
				before = n.shift
				fa, fb, fc := float64(before[0]), float64(before[1]), float64(before[2])
				sx = fa*cell[0][0] + fb*cell[1][0] + fc*cell[2][0]
				sy = fa*cell[0][1] + fb*cell[1][1] + fc*cell[2][1]
				sz = fa*cell[0][2] + fb*cell[1][2] + fc*cell[2][2]
			}
			ri, rj, to := &positions[n.i], &positions[n.j], &xs[c]
			x, y, z := T(rj[0]+sx-ri[0]), T(rj[1]+sy-ri[1]), T(rj[2]+sz-ri[2])
			d := distance(x, y, z)
			if d == 0 {
				l.foundOnOnePoint(first + c)
			}
			pairs += within(d, cutoff)
			to[0], to[1], to[2], ds[c] = x, y, z, d
		}
	}
	block.pairs = pairs
}

// within is 1 for d ≤ cutoff, and 0 beyond.
func within[T Float](d, cutoff T) int {
	if d <= cutoff {
		return 1
	}
	return 0
}

// foundOnOnePoint keeps the first of the candidates that it is told.
func (l *NeighborList[T]) foundOnOnePoint(c int) {
	for before := l.onOnePoint.Load(); int64(c) < before && !l.onOnePoint.CompareAndSwap(before, int64(c)); {
		before = l.onOnePoint.Load()
	}
}

// keep puts a block's pairs where they belong: each candidate where the next pair
// does, until all pairs are there.
func (l *NeighborList[T]) keep(_, unit int) {
	block := &l.blocks[unit]
	at, end := block.first, block.first+block.pairs
	for i := range l.pieces(block) {
		of, xs, ds, _ := l.piece(block, i)
		for c := range of {
			if at == end {
				return
			}
			a, b := of[c].i, of[c].j
			if l.Order != nil {
				a, b = l.places.of[a], l.places.of[b]
			}
			l.Set(at, a, b, xs[c], ds[c])
			at += within(ds[c], l.cutoff)
		}
	}
}

// errOnOnePoint is of the candidate c.
func (l *NeighborList[T]) errOnOnePoint(c int) error {
	at := 0
	for ; c >= len(l.candidates.spans[at].pairs); at++ {
		c -= len(l.candidates.spans[at].pairs)
	}
	s := &l.candidates.spans[at]
	n := s.pairs[c]
	return &StructureError{s.k, fmt.Errorf("%s and %s are on the same point, %v Å", l.batch.name(s.k, n.i), l.batch.name(s.k, n.j), l.batch.Positions[n.i])}
}

// Shift is by how many lattice vectors atom J of each pair is moved, [P].
func (l *NeighborList[T]) Shift() (shifts [][3]int32) {
	for b := range l.blocks {
		for i := range l.pieces(&l.blocks[b]) {
			of, _, ds, _ := l.piece(&l.blocks[b], i)
			for c, n := range of {
				if ds[c] <= l.cutoff {
					shifts = append(shifts, n.shift)
				}
			}
		}
	}
	return shifts
}
