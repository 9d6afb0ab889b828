// Package hdf5 reads and writes data sets of labelled structures in HDF5, as
// the training side writes them with h5py. The S structures follow one another
// in arrays of all their N atoms; structure k has atoms splits[k] to splits[k+1].
//
//	/structures/atomic_numbers         int64 [N]
//	/structures/atomic_numbers_splits  int64 [S+1]
//	/structures/positions              float64 [N, 3]     Å
//	/structures/cells                  float64 [S, 3, 3]  Å, lattice vectors as rows; optional
//	/structures/pbc                    bool [S, 3]        optional
//	/labels/energy                     float64 [S]        eV; optional
//	/labels/forces                     float64 [M, 3]     eV/Å; optional
//	/labels/forces_splits              int64 [S+1]        optional where M is N
//	/labels/stress                     float64 [S, 6]     eV/Å³, xx yy zz yz xz xy; optional
//	/labels/stress_mask                bool [S]           whose stress is meant; optional
//	/labels/structure_indices          int64 [S]          optional
//	/metadata                          attributes; optional
//
// Integers of 8 to 64 bits and floats of 16 to 64 bits are read in either byte
// order, contiguous or chunked, through the filters gzip, lzf, shuffle and
// fletcher32. A label that is NaN or infinite is missing in its structure, which
// is read; data.Frame.Labels says so.
//
// A frame has the labels as data.Frame has them everywhere: the fields energy
// and stress, the column forces; and the field structure_index.
//
// Files are read in Go, by package h5, in every build: libhdf5 writes a crafted
// file's bytes over the memory of the process that reads it. Nothing in a file
// reaches another one: soft and external links, external storage and virtual
// datasets are errors. So is what is damaged, and what is more than a file of its
// size can mean.
//
// Writing needs the build tag hdf5, cgo and libhdf5 (Debian's libhdf5-dev). Without
// them Create and Append say how to build for it. libhdf5 is called by one
// goroutine at a time, whatever number of Writers there are. A Reader or a Writer
// is for one goroutine at a time.
package hdf5

import (
	"io"

	"painless/data/hdf5/h5"
)

// IsHDF5 says whether a file of size bytes is HDF5, by its first bytes or, where
// these are another program's, by those at 512, 1024, 2048 and so on.
func IsHDF5(in io.ReaderAt, size int64) bool {
	_, ok := h5.Find(in, size)
	return ok
}

// Compression is how the chunks of a file are compressed.
type Compression int

// Gzip is what the training side uses.
const (
	Gzip Compression = iota
	Uncompressed
)

// Options says how to write a data set.
type Options struct {
	Compression Compression
	// Float32Forces stores forces as the training side does: in half the space
	// and rounded. Without it they are float64, and what was written reads back
	// the same.
	Float32Forces bool
	// New refuses to replace a file that is at the path when the new one is whole:
	// Close's error is fs.ErrExist.
	New bool
	// Metadata is the attributes of /metadata: texts, float64s, int64s, bools and slices of these.
	Metadata map[string]any
}
