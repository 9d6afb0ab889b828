//go:build !hdf5 || !cgo

package hdf5

import (
	"errors"
	"fmt"

	"painless/data"
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
