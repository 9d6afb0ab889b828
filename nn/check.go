package nn

import (
	"context"
	"errors"
	"fmt"

	"painless/atoms"
)

// check says what keeps a batch from being computed by a network that knows these
// elements, with the arguments of Compute.
func check(ctx context.Context, b *atoms.Batch, r *Result, known *acquainted) error {
	switch {
	case ctx == nil:
		return errors.New("expected a context, found nil")
	case r == nil:
		return errors.New("expected a result to fill, found nil")
	}
	if err := b.Check(); err != nil {
		return err
	}
	for i, z := range b.Numbers {
		if !known.has(z) {
			k := b.StructureOf(i)
			return &atoms.StructureError{Index: k, Err: known.unknown(i-b.Start[k], z)}
		}
	}
	return nil
}

// check says what keeps a network that was made by hand from being one: weights
// that are not of its architecture.
func (n *Network) check() error {
	if n == nil {
		return errors.New("expected a network, found nil")
	}
	h, r := n.HiddenDim, n.NumRBF
	if h < 4 || r < 1 || n.NumInteractions < 1 || n.MaxZ < 1 || !(n.Cutoff > 0) || n.Cutoff > maxCutoff {
		return fmt.Errorf("network of %+v: expected 4 features or more, no number below 1, and a cutoff of at most %d Å", n.Config, maxCutoff)
	}
	for _, c := range []struct {
		what        string
		found, want int
	}{{"numbers of the embedding", len(n.Embedding), (n.MaxZ + 1) * h}, {"centers", len(n.Centers), r}, {"widths", len(n.Widths), r}, {"blocks", len(n.Blocks), n.NumInteractions}} {
		if c.found != c.want {
			return fmt.Errorf("network: expected %d %s, found %d", c.want, c.what, c.found)
		}
	}
	for k := range n.Blocks {
		b := &n.Blocks[k]
		if err := errors.Join(b.Filter[0].check(r, h), b.Filter[1].check(h, 3*h), b.Update[0].check(2*h, h), b.Update[1].check(h, 3*h)); err != nil {
			return fmt.Errorf("network, block %d: %w", k, err)
		}
	}
	if err := errors.Join(n.Head[0].check(h, h/2), n.Head[1].check(h/2, h/4), n.Head[2].check(h/4, 1)); err != nil {
		return fmt.Errorf("network, head: %w", err)
	}
	return nil
}

func (l *Linear) check(in, out int) error {
	if l.In != in || l.Out != out || len(l.Weight) != in*out || len(l.Bias) != out {
		return fmt.Errorf("expected a layer of %d to %d, found %d to %d with %d weights and %d biases", in, out, l.In, l.Out, len(l.Weight), len(l.Bias))
	}
	return nil
}
