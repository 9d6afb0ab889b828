//go:build !hdf5 || !cgo

package hdf5

import (
	"errors"
	"fmt"

	"painless/data"
	"painless/data/trajectory"
)

// errNoLibrary says how to get a binary that can.
var errNoLibrary = errors.New("this binary was built without libhdf5, and reads HDF5 but does not write it: with gcc and libhdf5-dev installed (Debian: apt install gcc libhdf5-dev), CGO_ENABLED=1 go build -tags hdf5 ./tools/painless builds one that does; extended XYZ needs neither")

func without(path string) error { return fmt.Errorf("%s: %w", path, errNoLibrary) }

// Writer writes a data set; here Create and Append are errors that say how to build for it.
type Writer struct{}

// Create is an error that says how to build for HDF5.
func Create(path string, _ Options) (*Writer, error) { return nil, without(path) }

// Append is an error that says how to build for HDF5.
func Append(path string) (*Writer, error) { return nil, without(path) }

// Write adds a structure with its labels.
func (w *Writer) Write(*data.Frame) error { return errNoLibrary }

// Len is the number of structures so far.
func (w *Writer) Len() int { return 0 }

// Dropped is the names of what the layout cannot hold.
func (w *Writer) Dropped() []string { return nil }

// Close moves the file to its path.
func (w *Writer) Close() error { return errNoLibrary }

// Abort gives the file up.
func (w *Writer) Abort() {}

// Trajectory appends frames in H5MD; here CreateTrajectory and AppendTrajectory
// are errors that say how to build for it.
type Trajectory struct{}

// CreateTrajectory is an error that says how to build for HDF5.
func CreateTrajectory(path string, _ []int, _ bool) (*Trajectory, error) { return nil, without(path) }

// AppendTrajectory is an error that says how to build for HDF5.
func AppendTrajectory(path string, _ []int, _ int64, _ *trajectory.Frame) (*Trajectory, error) {
	return nil, without(path)
}

// Write appends a frame.
func (t *Trajectory) Write(*trajectory.Frame) error { return errNoLibrary }

// Frames returns how many frames the file has.
func (t *Trajectory) Frames() int { return 0 }

// LastStep returns the step of the last frame.
func (t *Trajectory) LastStep() int64 { return -1 }

// Interval returns the steps from the first frame to the second.
func (t *Trajectory) Interval() int64 { return 0 }

// Sync waits until the disk has all frames.
func (t *Trajectory) Sync() error { return errNoLibrary }

// Close closes the file.
func (t *Trajectory) Close() error { return errNoLibrary }
