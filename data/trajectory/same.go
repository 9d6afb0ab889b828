package trajectory

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrAnother is that of a trajectory which another simulation wrote than the one
// that goes on.
var ErrAnother = errors.New("it is another simulation's")

// Same says where a frame of a trajectory, with step, time and positions, cannot be of
// the simulation that a later frame is of, or is at the same step another: ErrAnother.
// It allows for the float32 that formats hold.
func Same(found, later *Frame) error {
	if later.Step > 0 {
		due := later.Time / float64(later.Step) * float64(found.Step)
		if !(math.Abs(found.Time-due) <= 1e-9+2e-6*math.Abs(due)) {
			return fmt.Errorf("step %d: expected the time %.6g fs, found %.6g fs: %w", found.Step, due, found.Time, ErrAnother)
		}
	}
	if found.Step != later.Step {
		return nil
	}
	for i := range found.Positions {
		for c, x := range found.Positions[i] {
			if due := later.Positions[i][c]; !(math.Abs(x-due) <= 1e-4+1e-6*math.Abs(due)) {
				return fmt.Errorf("step %d: expected atom %d at %.6g Å, found %.6g Å: %w", found.Step, i, later.Positions[i], found.Positions[i], ErrAnother)
			}
		}
	}
	return nil
}

// same is Same of the last frame that is kept.
func (w *Writer) same(file io.ReaderAt, later *Frame) error {
	if later == nil || w.frames == 0 {
		return nil
	}
	if err := later.Check(w.numbers, -1, w.layout.limit()); err != nil {
		return err
	}
	found, err := w.layout.last(file, w.place)
	if err != nil {
		return err
	}
	turned := *later
	if _, asIs := w.layout.(*xyz); !asIs {
		b, _, err := newBox(&later.Structure)
		if err != nil {
			return err
		}
		turned.Positions = make([][3]float64, len(later.Positions))
		for i := range turned.Positions {
			for k := range 3 {
				turned.Positions[i][k] = b.along(k, &later.Positions[i])
			}
		}
	}
	return Same(found, &turned)
}
