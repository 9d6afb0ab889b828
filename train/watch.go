package train

import (
	"errors"
	"fmt"

	"painless/atoms"
)

// ErrDiverged is that training gives no numbers, or ever larger errors: the best
// weights are those of the best validation before.
var ErrDiverged = errors.New("training diverged")

// Limits of a loss that still learns: times the lowest that it was, the share of a step in
// the mean of the recent ones, and how many times that mean a step counts at most: a label that is far off, of which
// the loss falls no further, is no divergence, however low the others come.
const (
	diverging  = 30
	recent     = 0.01
	surprising = 10
)

// diverged is an error of a computation that gives no numbers, in a run's words.
func (t *Trainer) diverged(err error) error {
	var which *atoms.StructureError
	if errors.As(err, &which) {
		return fmt.Errorf("%w at step %d: %w", ErrDiverged, t.Steps+1, which.Err)
	}
	return err
}

// watch notices a loss that grows.
func (t *Trainer) watch(loss float64) error {
	if t.Steps == 1 {
		t.Recent, t.Lowest = loss, loss
	}
	if t.Steps > 1/recent {
		loss = min(loss, surprising*t.Recent)
	}
	t.Recent += max(recent, 1/float64(t.Steps)) * (loss - t.Recent)
	if t.Steps >= 1/recent {
		t.Lowest = min(t.Lowest, t.Recent)
	} else {
		t.Lowest = t.Recent
	}
	if t.Recent > diverging*t.Lowest && t.Lowest > 0 {
		return fmt.Errorf("%w at step %d: the loss is %.3g, %.0f times what it was", ErrDiverged, t.Steps, t.Recent, t.Recent/t.Lowest)
	}
	return nil
}
