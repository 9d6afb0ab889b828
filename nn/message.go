package nn

import (
	"context"

	"painless/kernels/cpu"
)

// embed sets s_i = embedding[Z_i].
func (e *engine[T]) embed(numbers []int) {
	h := e.h
	for i, z := range numbers {
		copy(e.s[0][i*h:(i+1)*h], e.weights.embedding[z*h:(z+1)*h])
	}
}

// message is s_i += Σ_j s_j ⊙ φs and v_i += Σ_j v_j ⊙ φv + u ⊗ φu, from block
// k's state to s[k+1] and mid[k]. Atoms sum in the order of the pairs.
func (e *engine[T]) message(ctx context.Context) error {
	k := e.block
	copy(e.s[k+1], e.s[k])
	if e.v[k] == nil {
		clear(e.mid[k])
	} else {
		copy(e.mid[k], e.v[k])
	}
	return e.eachChunk(ctx, func(pairs int) {
		e.pool.run(ceilDiv(pairs, pairTile), e.tasks.filter)
		e.pool.run(ceilDiv(e.h, sliceSize), e.tasks.message)
	})
}

// eachChunk runs work on all pairs, some at a time, in order.
func (e *engine[T]) eachChunk(ctx context.Context, work func(pairs int)) error {
	for start := 0; start < len(e.list.D); start += chunkSize {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := min(start+chunkSize, len(e.list.D))
		e.chunk.start, e.chunk.pairs = start, e.list.Slice(start, end)
		work(end - start)
	}
	return nil
}

// tile is the pairs of a unit of the filter, from lo up to hi of the chunk.
func (c *chunk[T]) tile(unit int) (lo, hi int) {
	return unit * pairTile, min((unit+1)*pairTile, len(c.pairs.D))
}

// filterTile is φ(d) = W2·silu(W1·e(d) + b1) + b2.
func (e *engine[T]) filterTile(worker, unit int) {
	lo, hi := e.chunk.tile(unit)
	n, s, filter := hi-lo, &e.scratch[worker], &e.weights.blocks[e.block].filter
	e.weights.rbf.RBF(s.radial, nil, e.chunk.pairs.D[lo:hi])
	filter[0].apply(s.hidden, s.radial, n)
	hidden := s.hidden[:n*e.h]
	cpu.SiLU(hidden, hidden)
	filter[1].apply(e.chunk.filter.Phi[lo*filter[1].out:], hidden, n)
}

// filterSlopeTile is φ(d), and φ′(d) = W2·(silu′(W1·e(d) + b1) ⊙ W1·e′(d)).
func (e *engine[T]) filterSlopeTile(worker, unit int) {
	lo, hi := e.chunk.tile(unit)
	n, s, filter := hi-lo, &e.scratch[worker], &e.weights.blocks[e.block].filter
	e.weights.rbf.RBF(s.radial, s.radialSlope, e.chunk.pairs.D[lo:hi])
	filter[0].apply(s.hidden, s.radial, n)
	filter[0].tangent(s.hiddenSlope, s.radialSlope, n)
	hidden, slope := s.hidden[:n*e.h], s.hiddenSlope[:n*e.h]
	cpu.SiLUTangent(hidden, slope, hidden, slope)
	filter[1].apply(e.chunk.filter.Phi[lo*filter[1].out:], hidden, n)
	filter[1].tangent(e.chunk.filter.Slope[lo*filter[1].out:], slope, n)
}

// in is the state before the block.
func (e *engine[T]) in() cpu.State[T] { return cpu.State[T]{S: e.s[e.block], V: e.v[e.block]} }

func (e *engine[T]) messageSlice(_, unit int) {
	out := cpu.State[T]{S: e.s[e.block+1], V: e.mid[e.block]}
	cpu.MessageForward(out, e.in(), e.chunk.pairs, e.chunk.filter, e.h, unit*sliceSize, min((unit+1)*sliceSize, e.h))
}

// messageBackward takes g from the state after the message to the one before
// it, and adds the block's share of ∂E/∂d and ∂E/∂u to the pairs'.
func (e *engine[T]) messageBackward(ctx context.Context) error {
	if e.block > 0 { // nothing before the first message depends on positions
		copy(e.gin.S, e.g.S)
		copy(e.gin.V, e.g.V)
	}
	err := e.eachChunk(ctx, func(pairs int) {
		e.pool.run(ceilDiv(pairs, pairTile), e.tasks.filterSlope)
		e.pool.run(ceilDiv(e.h, sliceSize), e.tasks.messageBackward)
		e.sumSlices(pairs)
	})
	e.g, e.gin = e.gin, e.g
	return err
}

func (e *engine[T]) messageBackwardSlice(_, unit int) {
	cpu.MessageBackward(e.gin, e.chunk.slices[unit], e.g, e.in(), e.chunk.pairs, e.chunk.filter, e.h, unit*sliceSize, min((unit+1)*sliceSize, e.h))
}

// sumSlices adds the slices' gradients of the chunk's pairs, in order.
func (e *engine[T]) sumSlices(pairs int) {
	gd, gu := e.pairs.D[e.chunk.start:][:pairs], e.pairs.U[e.chunk.start:][:pairs]
	for _, slice := range e.chunk.slices {
		for p := range gd {
			gd[p] += slice.D[p]
			for c := range gu[p] {
				gu[p][c] += slice.U[p][c]
			}
		}
	}
}
