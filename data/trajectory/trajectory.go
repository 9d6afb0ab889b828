// Package trajectory writes structures that move: frames are appended one by
// one, and a run that was stopped goes on where its last whole frame ends.
//
// The formats are extended XYZ, DCD and AMBER NetCDF; docs/trajectories.md says
// what each holds. Lengths are in Å, times in fs, velocities in Å/fs, energies
// in eV: each format's own units are made of these.
//
// A file holds one simulation. Those of several replicas stand side by side:
// see ReplicaPath.
package trajectory

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
)

// Format is how a trajectory is written.
type Format int

// The formats. Auto is that of the file's name.
const (
	Auto   Format = iota
	XYZ           // extended XYZ: .xyz, .extxyz
	DCD           // as NAMD and CHARMM write it: .dcd
	NetCDF        // by AMBER's convention: .nc, .ncdf, .netcdf
)

var endings = map[string]Format{".xyz": XYZ, ".extxyz": XYZ, ".dcd": DCD, ".nc": NetCDF, ".ncdf": NetCDF, ".netcdf": NetCDF}

// FormatOf returns the format that a file's name says by its ending; capitals
// do not matter. Another ending is an error.
func FormatOf(path string) (Format, error) {
	if f, ok := endings[strings.ToLower(filepath.Ext(path))]; ok {
		return f, nil
	}
	return Auto, fmt.Errorf("%s: expected a trajectory's name to end in .xyz, .extxyz, .dcd, .nc, .ncdf or .netcdf, found %q", path, filepath.Ext(path))
}

// ReplicaPath returns the path of replica k of n, counted from 0: traj-0003.xyz
// of traj.xyz. Of a single replica it is path.
func ReplicaPath(path string, k, n int) string {
	if n == 1 {
		return path
	}
	ending := filepath.Ext(path)
	digits := max(4, len(strconv.Itoa(n-1)))
	return fmt.Sprintf("%s-%0*d%s", strings.TrimSuffix(path, ending), digits, k, ending)
}

// layout is how a format lays out a file. Frames are counted from 0.
type layout interface {
	// encode appends frame n to buf, and before the first what stands before it.
	encode(buf []byte, f *Frame, n int) ([]byte, error)
	// announce makes the file say that it has n frames, n ≥ 1.
	announce(file io.WriterAt, n int) error
	// find looks for the last whole frame of a step up to after, in a file that
	// is not empty. A file that is not one of this package's is an error.
	find(file io.ReaderAt, size, after int64) (place, error)
	// last reads step, time and positions of the last frame that find found.
	last(file io.ReaderAt, p place) (*Frame, error)
	// limit is the largest number that there is room for.
	limit() float64
}

// place is where a trajectory ends.
type place struct {
	frames int
	last   int64 // step of the last frame; −1 where there is none
	every  int64 // steps from the first frame to the second; 0 where there is none
	start  int64 // of the last frame as find found it, in bytes from the start of the file
	end    int64 // of the last frame; 0 where there is none
}

var empty = place{last: -1}

// newLayout makes the layout of atoms of these numbers.
func newLayout(path string, f Format, numbers []int) (layout, error) {
	if f == Auto {
		var err error
		if f, err = FormatOf(path); err != nil {
			return nil, err
		}
	}
	if f == XYZ {
		return newXYZ(path, numbers), nil
	}
	if n := len(numbers); n < 1 || n > maxAtoms {
		return nil, fmt.Errorf("%s: expected 1 to %d atoms, found %d", path, maxAtoms, n)
	}
	switch f {
	case DCD:
		return &dcd{atoms: len(numbers)}, nil
	case NetCDF:
		return &netcdf{numbers: numbers}, nil
	}
	return nil, fmt.Errorf("%s: expected a format of this package, found %d", path, f)
}

const (
	maxAtoms  = 1<<31/12 - 1 // the three coordinates of all, in float32, are less than 2³¹ bytes
	maxSingle = 1e35         // for numbers that fit into float32 in any unit, and turned
)

// foreign is the error of a file that might be anyone's.
func foreign(format string, a ...any) error {
	return fmt.Errorf("expected a trajectory that painless wrote, found "+format, a...)
}
