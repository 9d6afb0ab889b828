package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"painless/data"
	"painless/data/hdf5"
	"painless/internal/atomicfile"
	"painless/internal/commands/datasets"
)

// output is a data set being written: whole at its path after Close, or not there.
type output interface {
	Write(f *data.Frame) error
	Close() error
	Abort() // may be deferred
}

// create starts the output, whatever of the metadata it can hold.
func (s *settings) create(stdout io.Writer, metadata map[string]any) (output, error) {
	switch {
	case s.more:
		return opened(hdf5.Append(s.output))
	case datasets.IsHDF5(s.output):
		return opened(hdf5.Create(s.output, hdf5.Options{
			Compression: compressions[s.compression], Float32Forces: s.single, New: !s.force, Metadata: metadata,
		}))
	case s.output == "-":
		return &xyz{Writer: data.NewWriter(stdout)}, nil
	}
	file, err := atomicfile.Create(s.output)
	if err != nil {
		return nil, err
	}
	return &xyz{data.NewWriter(file), file, s.force}, nil
}

// opened makes no output of a nil Writer.
func opened(w *hdf5.Writer, err error) (output, error) {
	if err != nil {
		return nil, err
	}
	return w, nil
}

// xyz is extended XYZ in a file, or on standard output where that is nil.
type xyz struct {
	*data.Writer
	file  *atomicfile.File
	force bool
}

func (x *xyz) Close() error {
	if err := x.Flush(); err != nil || x.file == nil {
		return err
	}
	if x.force {
		return x.file.Commit()
	}
	return x.file.CommitNew()
}

func (x *xyz) Abort() {
	if x.file != nil {
		x.file.Abort()
	}
}

// taken says what to do about a file that came to be there during the work.
func taken(path string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s has come to be there meanwhile: -force overwrites it: %w", path, err)
	}
	return err
}

// inspect says whose layout HDF5 files have, and what of them will not be in the
// output, and returns the metadata that will: that of the only input.
func (s *settings) inspect() (metadata map[string]any, lost []string, err error) {
	for _, path := range s.inputs {
		if path == "-" || !datasets.HoldsHDF5(path) {
			continue
		}
		r, err := hdf5.Open(path)
		if err != nil {
			return nil, nil, err
		}
		if whose := r.Layout(); whose != "" {
			lost = append(lost, path+" has "+whose)
		}
		found, err := r.Metadata()
		others, errOthers := r.Others()
		if err := errors.Join(err, errOthers, r.Close()); err != nil {
			return nil, nil, err
		}
		if len(s.inputs) == 1 && datasets.IsHDF5(s.output) && !s.more {
			metadata = found
		} else if len(found) > 0 {
			lost = append(lost, fmt.Sprintf("left out the metadata of %s: %s", path, strings.Join(slices.Sorted(maps.Keys(found)), ", ")))
		}
		if len(others) > 0 {
			lost = append(lost, fmt.Sprintf("left out what else is in %s: %s", path, strings.Join(others, ", ")))
		}
	}
	return metadata, lost, nil
}
