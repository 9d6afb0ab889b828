//go:build !hdf5 || !cgo

package hdf5

import (
	"errors"
	"fmt"

	"painless/data"
)

// errNoLibrary says how to get a binary that can.
var errNoLibrary = errors.New("this binary was built without HDF5: with gcc and libhdf5-dev installed (Debian: apt install gcc libhdf5-dev), CGO_ENABLED=1 go build -tags hdf5 ./tools/painless builds one that reads and writes it; extended XYZ needs neither")

func without(path string) error { return fmt.Errorf("%s: %w", path, errNoLibrary) }

// Reader reads the structures of a data set; here Open is an error that says how to build for it.
type Reader struct{}

// Open is an error that says how to build for HDF5.
func Open(path string) (*Reader, error) { return nil, without(path) }

// Len is the number of structures.
func (r *Reader) Len() int { return 0 }

// NumAtoms is the number of atoms of structure k.
func (r *Reader) NumAtoms(int) int { return 0 }

// Seek makes structure k the next.
func (r *Reader) Seek(int) error { return errNoLibrary }

// Read is the next structure.
func (r *Reader) Read() (*data.Frame, error) { return nil, errNoLibrary }

// Close closes the file.
func (r *Reader) Close() error { return errNoLibrary }

// Metadata is the attributes of /metadata.
func (r *Reader) Metadata() (map[string]any, error) { return nil, errNoLibrary }

// Others is what the file has beside the layout.
func (r *Reader) Others() ([]string, error) { return nil, errNoLibrary }

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
