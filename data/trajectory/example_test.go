package trajectory_test

import (
	"fmt"
	"os"
	"path/filepath"

	"painless/atoms"
	"painless/data/trajectory"
)

// A run that writes every tenth step, and one that goes on from step 10 of it.
func Example() {
	dir, err := os.MkdirTemp("", "trajectory")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "nitrogen.dcd")

	frame := &trajectory.Frame{Structure: atoms.Structure{Numbers: []int{7, 7}, Positions: [][3]float64{{0, 0, 0}, {1.1, 0, 0}}}}
	w, err := trajectory.Create(path, frame.Numbers, trajectory.Options{})
	for _, frame.Step = range []int64{0, 10, 20} {
		frame.Time = 0.5 * float64(frame.Step)
		if err == nil {
			err = w.Write(frame)
		}
	}
	if err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}

	if w, err = trajectory.Append(path, frame.Numbers, 10, trajectory.Options{}); err != nil {
		panic(err)
	}
	defer w.Close()
	fmt.Println(w.Frames(), "frames, the last of step", w.LastStep())
	// Output: 2 frames, the last of step 10
}
