package nn

import (
	"context"

	"painless/kernels/cpu"
)

// embedTile sets s_i = embedding[Z_i]; v_i = 0 takes no memory.
func (e *cpuEngine[T]) embedTile(_, unit int) {
	lo, hi := unit*e.atomTile, min((unit+1)*e.atomTile, len(e.numbers)) // ghosts too
	for group := range e.pairGrads {
		p := e.piece(group, lo, hi)
		s := e.s[0][p.from:p.to]
		for i, z := range e.numbers[lo:hi] {
			to, from := s[i*p.width:], e.weights.embedding[z*e.h+p.first:]
			if p.width == cpu.GroupWidth { // which is no call
				*(*[cpu.GroupWidth]T)(to) = *(*[cpu.GroupWidth]T)(from)
			} else {
				copy(to[:p.width], from)
			}
		}
	}
}

// overPairs runs work on every group of features: of each part of the structures with
// tables, and otherwise of a chunk of pairs at a time, after its filter.
func (e *cpuEngine[T]) overPairs(ctx context.Context, filter, work func(worker, unit int)) error {
	if e.weights.intervals > 0 {
		e.pool.Run((len(e.parts)-1)*len(e.pairGrads), work)
		return nil
	}
	pairs := e.numPairs()
	for start := 0; start == 0 || start < pairs; start += chunkSize {
		if err := ctx.Err(); err != nil {
			return err
		}
		e.chunk.start, e.chunk.end = start, min(start+chunkSize, pairs)
		e.pool.Run(e.chunk.tiles(), filter)
		e.pool.Run(len(e.pairGrads), work)
	}
	return nil
}

// numPairs is the pairs of the running stage.
func (e *cpuEngine[T]) numPairs() int { return e.pairStart[len(e.pairStart)-1] }

// share is a group of features and a part of the pairs, lo up to hi, which are those
// of the atoms from first on: what a message works on at a time.
type share struct{ group, lo, hi, first, end int }

func (e *cpuEngine[T]) share(unit int) share {
	n, group := unit/len(e.pairGrads), unit%len(e.pairGrads)
	from, to := e.parts[n], e.parts[n+1]
	s := share{group, e.pairStart[from], e.pairStart[to], e.atomStart[from], e.atomStart[to]}
	if e.weights.intervals == 0 {
		s.lo, s.hi = e.chunk.start, e.chunk.end
		if s.lo > 0 { // the atoms have had their turn
			s.first = s.end
		}
	}
	return s
}

// tiles is the number of pairTiles in the chunk.
func (c *chunk[T]) tiles() int { return ceilDiv(c.end-c.start, pairTile) }

// tile is the pairs of tile i, lo up to hi.
func (c *chunk[T]) tile(i int) (lo, hi int) {
	return c.start + i*pairTile, min(c.start+(i+1)*pairTile, c.end)
}

// features is the features of a group: lo up to hi.
func (e *cpuEngine[T]) features(group int) (lo, hi int) {
	return group * cpu.GroupWidth, min((group+1)*cpu.GroupWidth, e.h)
}

// piece is a group of features of some atoms: width of them from first on, whose
// scalars are from up to to of all that a state has, and their vectors at thrice that.
type piece struct{ first, width, from, to int }

// piece is that of the atoms lo up to hi.
func (e *cpuEngine[T]) piece(group, lo, hi int) piece {
	first, last := e.features(group)
	width, start := last-first, len(e.energy)*first
	return piece{first, width, start + lo*width, start + hi*width}
}

// before is the state before block k. After its message the state is s[k+1] and
// mid[k], of which the update then changes s alone.
func (e *cpuEngine[T]) before(k int) cpu.State[T] { return cpu.State[T]{S: e.s[k], V: e.v[k]} }

// messageGroup is s_i += Σ_j s_j ⊙ φs and v_i += Σ_j v_j ⊙ φv + u ⊗ φu, from
// block k's state to s[k+1] and mid[k]: it adds to a copy. Atoms sum in the order of
// the pairs.
func (e *cpuEngine[T]) messageGroup(worker, unit int) {
	s := e.share(unit)
	block, k, p := &e.weights.blocks[e.block], e.block, e.piece(s.group, 0, len(e.energy))
	in, out := cpu.State[T]{S: e.s[k][p.from:p.to]}, cpu.State[T]{S: e.s[k+1][p.from:p.to], V: e.mid[k][3*p.from : 3*p.to]}
	if from, to := s.first*p.width, s.end*p.width; k > 0 {
		in.V = e.v[k][3*p.from : 3*p.to]
		copy(out.S[from:to], in.S[from:to])
		copy(out.V[3*from:3*to], in.V[3*from:3*to])
	} else {
		copy(out.S[from:to], in.S[from:to])
		clear(out.V[3*from : 3*to])
	}
	if block.table == nil {
		cpu.MessageForward(out, in, e.pairs.Slice(s.lo, s.hi), e.exact(s.group), p.width)
		return
	}
	block.table.MessageForward(out, in, &e.pairs, e.knots, s.lo, s.hi, s.group, p.width, &e.scratch[worker].tile)
}

// messageBackwardGroup takes g from the state after the message to the one
// before it, gin, where it adds to a copy, and adds the block's share of ∂E/∂d and
// ∂E/∂u to the pairs'.
func (e *cpuEngine[T]) messageBackwardGroup(worker, unit int) {
	s := e.share(unit)
	block, k, p := &e.weights.blocks[e.block], e.block, e.piece(s.group, 0, len(e.energy))
	in := cpu.State[T]{S: e.s[k][p.from:p.to]}
	g, gin := cpu.State[T]{S: e.g.S[p.from:p.to], V: e.g.V[3*p.from : 3*p.to]}, cpu.State[T]{S: e.gin.S[p.from:p.to], V: e.gin.V[3*p.from : 3*p.to]}
	if from, to := s.first*p.width, s.end*p.width; k > 0 { // nothing before the first message depends on positions
		in.V = e.v[k][3*p.from : 3*p.to]
		copy(gin.S[from:to], g.S[from:to])
		copy(gin.V[3*from:3*to], g.V[3*from:3*to])
	}
	grad := e.pairGrads[s.group]
	if s.hi > e.graded {
		clear(grad[max(s.lo, e.graded):s.hi])
	}
	if block.table == nil {
		cpu.MessageBackward(gin, grad[s.lo:s.hi], g, in, e.pairs.Slice(s.lo, s.hi), e.exact(s.group), p.width)
		return
	}
	block.table.MessageBackward(gin, grad, g, in, &e.pairs, e.knots, s.lo, s.hi, s.group, p.width, &e.scratch[worker].tile)
}
