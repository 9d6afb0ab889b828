package nn

import (
	"context"

	"painless/kernels/cpu"
)

// embed sets s_i = embedding[Z_i] and v_i = 0, and where the message begins to add.
func (e *engine[T]) embed(numbers []int) {
	h := e.h
	for i, z := range numbers {
		row := e.weights.embedding[z*h : (z+1)*h]
		copy(e.s[0][i*h:(i+1)*h], row)
		copy(e.s[1][i*h:(i+1)*h], row)
	}
	clear(e.mid[0])
}

// message is s_i += Σ_j s_j ⊙ φs and v_i += Σ_j v_j ⊙ φv + u ⊗ φu, from block
// k's state to s[k+1] and mid[k], where the stage before has left a copy of it.
// Atoms sum in the order of the pairs.
func (e *engine[T]) message(ctx context.Context) error {
	k := e.block
	return e.eachChunk(ctx, func(pairs int) {
		if e.weights.blocks[k].exact != nil {
			e.pool.run(ceilDiv(pairs, pairTile), e.tasks.filter)
		}
		e.pool.run(len(e.chunk.slices), e.tasks.message)
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

// in is the state before the block.
func (e *engine[T]) in() cpu.State[T] { return cpu.State[T]{S: e.s[e.block], V: e.v[e.block]} }

// features is the features of a slice: lo up to hi.
func (e *engine[T]) features(slice int) (lo, hi int) {
	return slice * cpu.SliceWidth, min((slice+1)*cpu.SliceWidth, e.h)
}

func (e *engine[T]) messageSlice(worker, slice int) {
	in, out := e.in(), cpu.State[T]{S: e.s[e.block+1], V: e.mid[e.block]}
	lo, hi := e.features(slice)
	for tile := range ceilDiv(len(e.chunk.pairs.D), pairTile) {
		first, last := e.chunk.tile(tile)
		filter := e.filter(worker, slice, first, last, false)
		cpu.MessageForward(out, in, e.chunk.pairs.Slice(first, last), filter, e.h, lo, hi)
	}
}

// messageBackward takes g from the state after the message to the one before
// it, gin, where the update's backward has left a copy of it, and adds the
// block's share of ∂E/∂d and ∂E/∂u to the pairs'.
func (e *engine[T]) messageBackward(ctx context.Context) error {
	err := e.eachChunk(ctx, func(pairs int) {
		if e.weights.blocks[e.block].exact != nil {
			e.pool.run(ceilDiv(pairs, pairTile), e.tasks.filterSlope)
		}
		e.pool.run(len(e.chunk.slices), e.tasks.messageBackward)
		e.pool.run(ceilDiv(pairs, splineTile), e.tasks.sumSlices)
	})
	e.g, e.gin = e.gin, e.g
	return err
}

func (e *engine[T]) messageBackwardSlice(worker, slice int) {
	in := e.in()
	lo, hi := e.features(slice)
	for tile := range ceilDiv(len(e.chunk.pairs.D), pairTile) {
		first, last := e.chunk.tile(tile)
		filter := e.filter(worker, slice, first, last, true)
		share := cpu.PairGrad[T]{D: e.chunk.slices[slice].D[first:last], U: e.chunk.slices[slice].U[first:last]}
		cpu.MessageBackward(e.gin, share, e.g, in, e.chunk.pairs.Slice(first, last), filter, e.h, lo, hi)
	}
}

// sumSlicesTile adds the slices' gradients of some of the chunk's pairs, in order.
func (e *engine[T]) sumSlicesTile(_, unit int) {
	lo, hi := unit*splineTile, min((unit+1)*splineTile, len(e.chunk.pairs.D))
	gd, gu := e.pairs.D[e.chunk.start:][lo:hi], e.pairs.U[e.chunk.start:][lo:hi]
	for i := range e.chunk.slices {
		sliceD, sliceU := e.chunk.slices[i].D[lo:hi], e.chunk.slices[i].U[lo:hi]
		for p := range gd {
			gd[p] += sliceD[p]
			gu[p][0] += sliceU[p][0]
			gu[p][1] += sliceU[p][1]
			gu[p][2] += sliceU[p][2]
		}
	}
}
