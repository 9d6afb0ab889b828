package atoms

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"painless/internal/buffer"
	"painless/internal/vec"
)

// Batch is structures one after another, of any sizes. In a simulation one
// Batch is kept and its Positions (and Cells) are overwritten at every step.
type Batch struct {
	Numbers   []int           // atomic numbers, [N]
	Positions [][3]float64    // Å, [N]
	Start     []int           // the atoms of structure k are Start[k] up to Start[k+1]; [S+1]
	Cells     [][3][3]float64 // lattice vectors as rows, Å, [S]
	PBC       [][3]bool       // periodic along each lattice vector, [S]
}

// NewBatch copies structures into a batch. What is wrong with a structure is
// said by those who compute, as positions change at every step.
func NewBatch(structures ...Structure) *Batch {
	b := &Batch{}
	b.Reset()
	for i := range structures {
		b.Append(&structures[i])
	}
	return b
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Numbers, b.Positions = b.Numbers[:0], b.Positions[:0]
	b.Start = append(b.Start[:0], 0)
	b.Cells, b.PBC = b.Cells[:0], b.PBC[:0]
}

// Append copies a structure to the end of the batch.
func (b *Batch) Append(s *Structure) {
	b.Numbers = append(b.Numbers, s.Numbers...)
	b.Positions = append(b.Positions, s.Positions...)
	b.Start = append(b.Start, len(b.Numbers))
	b.Cells, b.PBC = append(b.Cells, s.Cell), append(b.PBC, s.PBC)
}

// Remove takes out the structures that are gone, [S]; the others move up.
func (b *Batch) Remove(gone []bool) {
	b.Numbers, b.Positions = buffer.WithoutSpans(b.Numbers, b.Start, gone), buffer.WithoutSpans(b.Positions, b.Start, gone)
	b.Cells, b.PBC = buffer.Without(b.Cells, gone), buffer.Without(b.PBC, gone)
	kept, lo, n := b.Start[:1], 0, 0
	for k, g := range gone {
		hi := b.Start[k+1]
		if !g {
			n += hi - lo
			kept = append(kept, n)
		}
		lo = hi
	}
	b.Start = kept
}

// Copy makes the batch one like another, in memory of its own, which it keeps.
func (b *Batch) Copy(from *Batch) {
	b.Numbers, b.Positions = append(b.Numbers[:0], from.Numbers...), append(b.Positions[:0], from.Positions...)
	b.Start = append(b.Start[:0], from.Start...)
	b.Cells, b.PBC = append(b.Cells[:0], from.Cells...), append(b.PBC[:0], from.PBC...)
}

// Structure returns structure k, which shares the batch's memory.
func (b *Batch) Structure(k int) Structure {
	lo, hi := b.Start[k], b.Start[k+1]
	return Structure{Numbers: b.Numbers[lo:hi], Positions: b.Positions[lo:hi], Cell: b.Cells[k], PBC: b.PBC[k]}
}

// Len is the number of structures, S.
func (b *Batch) Len() int { return len(b.Cells) }

// NumAtoms is the number of atoms of all structures, N.
func (b *Batch) NumAtoms() int { return len(b.Numbers) }

// Volume is the volume of structure k's cell in Å³; ok is false where it has
// none: not periodic, fewer than three independent lattice vectors, or a cell
// whose least height is below 1e-9 of its longest vector.
func (b *Batch) Volume(k int) (volume float64, ok bool) {
	if !b.Periodic(k) {
		return 0, false
	}
	cell := &b.Cells[k]
	volume = math.Abs(vec.Determinant(cell))
	longest, face := 0.0, 0.0 // squared; the volume is the largest face times the least height
	for i := range cell {
		side := vec.Cross(cell[(i+1)%3], cell[(i+2)%3])
		longest, face = max(longest, vec.Dot(cell[i], cell[i])), max(face, vec.Dot(side, side))
	}
	return volume, volume > minHeight*math.Sqrt(longest)*math.Sqrt(face)
}

// minHeight is of a cell, over its longest vector. The thinnest and longest that
// have neighbours in them are above it.
const minHeight = 1e-9

// Periodic reports whether structure k is periodic along any direction.
func (b *Batch) Periodic(k int) bool { return b.PBC[k] != [3]bool{} }

// StructureError says which structure of a batch could not be computed.
type StructureError struct {
	Index int // of the structure in the batch, from 0
	Err   error
}

func (e *StructureError) Error() string { return fmt.Sprintf("structure %d: %v", e.Index, e.Err) }

// Unwrap is what is wrong with the structure.
func (e *StructureError) Unwrap() error { return e.Err }

// maxCoordinate, Å: float64 still resolves 1e-9 Å there, and int32 counts the cells.
const maxCoordinate = 1e7

// Check says what keeps the batch from being one: arrays that do not belong
// together, coordinates that are no numbers or too far away. It does not look
// at the atomic numbers, as who computes knows which it takes.
func (b *Batch) Check() error {
	if b == nil {
		return errors.New("expected a batch, found nil")
	}
	s := len(b.Cells)
	if len(b.Start) != s+1 || len(b.PBC) != s || b.Start[0] != 0 || b.Start[s] != len(b.Numbers) || len(b.Positions) != len(b.Numbers) {
		return fmt.Errorf("batch of %d cells, %d pbc, %d starts, %d numbers, %d positions: expected S, S, S+1, N and N",
			s, len(b.PBC), len(b.Start), len(b.Numbers), len(b.Positions))
	}
	if len(b.Numbers) > math.MaxInt32 {
		return fmt.Errorf("batch of %d atoms: expected at most %d", len(b.Numbers), math.MaxInt32)
	}
	for k := range s { // before the atoms are looked at, which they are the limits of
		if b.Start[k] > b.Start[k+1] {
			return fmt.Errorf("batch starts are not ascending: %d, %d", b.Start[k], b.Start[k+1])
		}
	}
	for i := range b.Positions {
		r := &b.Positions[i]
		if math.Abs(r[0]) <= maxCoordinate && math.Abs(r[1]) <= maxCoordinate && math.Abs(r[2]) <= maxCoordinate {
			continue // as NaN is not
		}
		k := b.StructureOf(i)
		for c, x := range r {
			if !(math.Abs(x) <= maxCoordinate) {
				return &StructureError{k, fmt.Errorf("atom %d has %c = %v Å: expected a number within ±%.0e", i-b.Start[k], "xyz"[c], x, maxCoordinate)}
			}
		}
	}
	return nil
}

// StructureOf returns which structure atom i is of.
func (b *Batch) StructureOf(i int) int {
	return sort.Search(b.Len(), func(k int) bool { return b.Start[k+1] > i })
}

// name is an atom as an error names it: its index in its structure and its element.
func (b *Batch) name(k int, atom int32) string {
	return fmt.Sprintf("atom %d (%s)", int(atom)-b.Start[k], Symbol(b.Numbers[atom]))
}
