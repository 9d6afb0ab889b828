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
