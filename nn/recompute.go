package nn

import (
	"context"
	"errors"
	"fmt"

	"painless/atoms"
)

// Recompute is a step without exchanges, for hosts that have none: it fills r with the
// energy of the atoms that own marks, in any order among the others, and its gradient,
// for ghosts too. Ghosts are all atoms and images within K cutoffs of an own one, and
// what their owners would send is computed again: block k of the atoms within K − 1 − k
// pairs of an own one, and nothing of those farther away. Pairs are as in Begin, but of
// ghosts with one another too, and those that nothing needs are left out. What was begun
// is over. On the CPU alone; once it has seen the most atoms and pairs, nothing allocates.
func (d *Domain) Recompute(ctx context.Context, b *atoms.Batch, own []bool, pairs [][2]int32, r *DomainResult) error {
	d.begun, d.asked = false, Done
	if d.closed {
		return errClosed
	}
	if err := check(ctx, b, &Result{}, &d.known); err != nil {
		return err
	}
	if b.Len() != 1 || len(own) != b.NumAtoms() {
		return fmt.Errorf("%d structures, %d atoms and %d marks of own ones: expected one structure, and a mark for each atom", b.Len(), b.NumAtoms(), len(own))
	}
	p, ok := d.part.(*cpuDomain)
	if !ok {
		return fmt.Errorf("%w: ghosts are recomputed on the CPU alone", errors.ErrUnsupported)
	}
	r.reset(b.NumAtoms())
	clear(r.AtomEnergy)
	if err := p.recompute(ctx, b, own, pairs, d.schedule, r); err != nil {
		return err
	}
	return atoms.Finite(r.Energy, r.Forces)
}
