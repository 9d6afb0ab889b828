//go:build !cgo

package hdf5

import (
	"errors"

	"painless/data"
)

var errNoLibrary = errors.New("this binary was built without cgo and can use no HDF5 files: install libhdf5's headers (Debian: apt install gcc libhdf5-dev) and build it on this machine with CGO_ENABLED=1, or use extended XYZ")

// Reader reads the structures of a data set; here Open is an error that says how to build for it.
type Reader struct{}

// Open is an error that says how to build for HDF5.
func Open(string) (*Reader, error) { return nil, errNoLibrary }

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

// Writer writes a data set; here Create and Append are errors that say how to build for it.
type Writer struct{}

// Create is an error that says how to build for HDF5.
func Create(string, Options) (*Writer, error) { return nil, errNoLibrary }

// Append is an error that says how to build for HDF5.
func Append(string) (*Writer, error) { return nil, errNoLibrary }

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
