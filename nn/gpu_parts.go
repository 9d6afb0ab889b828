package nn

import (
	"context"
	"errors"
	"slices"

	"painless/atoms"
	"painless/internal/buffer"
	"painless/kernels/gpu"
)

// atomsOfPart is how many atoms a part has at least: with fewer a large GPU does not run at its full rate.
const atomsOfPart = 24_576

// gpuParts is a large batch in parts, structures in a row each. While the kernels of a part run, the next one is laid out and
// asked for behind them, and the results of the one before are taken: so what crosses is there twice. The buffers are there
// once, of the size of a part: the device does all in the order in which it was asked for, a part's upload and kernels
// after the kernels that read what they overwrite.
type gpuParts struct {
	atoms int   // of a part at least
	ends  []int // structures before the end of each part

	crossings  [gpu.Marks]gpuCrossing // of parts in turn
	recordings []recording            // of each part: they may differ in their shapes
	piece      Result                 // the present part's of the caller's
}

// gpuCrossing is what crosses from host to device and back, and is the host's again when the work is done.
type gpuCrossing struct {
	in, out   gpuParcel // what goes to the device in one copy, and what comes back
	input     gpu.Structures
	host      gpuResults
	opened    gpuResults  // host's, where they come as letters
	room      int         // edges that there was room for
	part      atoms.Batch // in the memory of the call's, but for Start
	firstAtom int         // of the part in the call's batch
}

// turn has part k's crossing and recording at hand.
func (e *gpuEngine) turn(k int) {
	p := &e.parts
	for len(p.recordings) <= k {
		p.recordings = append(p.recordings, recording{})
	}
	e.gpuCrossing, e.recorded = &p.crossings[k%gpu.Marks], &p.recordings[k]
}

// forget gives back all that was recorded.
func (e *gpuEngine) forget() error {
	var failed error
	for i := range e.parts.recordings {
		failed = errors.Join(failed, e.parts.recordings[i].forget())
	}
	return failed
}

// divide cuts a batch into parts that are as even as its structures allow. It is one part where it has atoms for one alone, and where
// shares of atoms are read from the buffers after the call.
func (e *gpuEngine) divide(b *atoms.Batch) {
	p, n := &e.parts, b.NumAtoms()
	p.ends = p.ends[:0]
	for end := 0; end < b.Len(); {
		first := b.Start[end]
		parts := max(1, (n-first)/p.atoms)
		end, _ = slices.BinarySearch(b.Start, first+ceilDiv(n-first, parts))
		if n-b.Start[end] < p.atoms || e.shares.energies || e.shares.virials {
			end = b.Len()
		}
		p.ends = append(p.ends, end)
	}
}

// span is which structures part k is: from up to to.
func (p *gpuParts) span(k int) (from, to int) {
	if k > 0 {
		from = p.ends[k-1]
	}
	return from, p.ends[k]
}

// computeParts computes a batch part by part.
func (e *gpuEngine) computeParts(ctx context.Context, b *atoms.Batch, r *Result) error {
	p := &e.parts
	defer func() { // the caller's memory is the caller's
		for i := range p.crossings {
			c := &p.crossings[i]
			c.part = atoms.Batch{Start: c.part.Start}
		}
		p.piece = Result{}
	}()
	r.Resize(b, e.energyOnly)
	for k := range len(p.ends) + 1 {
		if k < len(p.ends) {
			if err := e.ahead(ctx, b, k); err != nil {
				return e.inBatch(err, k)
			}
		}
		if k > 0 {
			if err := e.take(ctx, b, r, k-1); err != nil {
				return e.inBatch(err, k-1)
			}
		}
	}
	return e.share(r)
}

// ahead lays part k out, and asks for its work behind that of the part before, which runs meanwhile.
func (e *gpuEngine) ahead(ctx context.Context, b *atoms.Batch, k int) error {
	e.turn(k)
	from, to := e.parts.span(k)
	first, last := b.Start[from], b.Start[to]
	e.firstAtom = first
	e.part = atoms.Batch{Numbers: b.Numbers[first:last], Positions: b.Positions[first:last], Cells: b.Cells[from:to], PBC: b.PBC[from:to], Start: buffer.Resize(e.part.Start, to-from+1)}
	for i, start := range b.Start[from : to+1] {
		e.part.Start[i] = start - first
	}
	if err := e.stage(&e.part); err != nil {
		return err
	}
	if err := e.ask(ctx, &e.part); err != nil {
		return err
	}
	return e.dev.Mark(k % gpu.Marks)
}

// take takes part k's results. Where its edges did not find room it is asked for again, behind the part that was asked for
// meanwhile; that one has results of its own, and is looked at in its turn.
func (e *gpuEngine) take(ctx context.Context, b *atoms.Batch, r *Result, k int) error {
	if err := e.dev.Await(k % gpu.Marks); err != nil {
		return err
	}
	e.turn(k)
	if err := e.repeat(ctx, &e.part); err != nil {
		return err
	}
	p := &e.parts
	p.piece = p.of(r, b, k)
	return e.collect(&e.part, &p.piece)
}

// of is part k's of results of the batch.
func (p *gpuParts) of(r *Result, b *atoms.Batch, k int) Result {
	from, to := p.span(k)
	piece := Result{Energy: r.Energy[from:to]}
	if len(r.Virial) > 0 { // more than the energy
		piece.Forces, piece.Virial, piece.Stress = r.Forces[b.Start[from]:b.Start[to]], r.Virial[from:to], r.Stress[from:to]
	}
	return piece
}

// inBatch is part k's error as the batch's: structures are counted in the batch.
func (e *gpuEngine) inBatch(err error, k int) error {
	var which *atoms.StructureError
	if errors.As(err, &which) {
		from, _ := e.parts.span(k)
		which.Index += from
	}
	return err
}
