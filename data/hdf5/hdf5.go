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
// Integers of 8 to 64 bits, float32 and float64 are read in either byte order,
// contiguous or chunked, through the filters gzip, lzf, shuffle and fletcher32.
//
// A frame has the labels as data.Frame has them everywhere: the fields energy
// and stress, the column forces; and the field structure_index.
//
// Nothing in a file reaches another one: soft and external links, external
// storage and virtual datasets are errors. So is what is damaged. As libhdf5
// crashes on some of that, Open lets a child process (fork) try first all that
// a Reader will ask of libhdf5; values are unpacked in Go.
//
// It needs the build tag hdf5, cgo and libhdf5 (Debian's libhdf5-dev). Without
// them it compiles, and Open, Create and Append say how to build for it. libhdf5
// is called by one goroutine at a time, whatever number of Readers and Writers
// there are; one of these is for one goroutine at a time.
package hdf5

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
