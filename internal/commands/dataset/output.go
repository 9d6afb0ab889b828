package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"painless/data"
	"painless/data/hdf5"
	"painless/internal/commands/cli"
	"painless/internal/commands/datasets"
)

// output is a data set being written: whole at its path after Close, or not there.
type output interface {
	// Write is a *badFrame where the frames after it can be written.
	Write(f *data.Frame) error
	Close() error
	Abort() // may be deferred
}

// badFrame is what keeps one frame from being written.
type badFrame struct{ error }

// create starts the output, whatever of the metadata it can hold.
func (s *settings) create(std cli.Std, metadata map[string]any) (output, error) {
	switch {
	case s.more:
		return opened(hdf5.Append(s.output))
	case datasets.IsHDF5(s.output):
		return opened(hdf5.Create(s.output, hdf5.Options{
			Compression: compressions[s.compression], Float32Forces: s.single, New: !s.force, Metadata: metadata,
		}))
	}
	out, err := std.Records(s.output)
	if err != nil {
		return nil, err
	}
	return &xyz{out, data.NewWriter(out), s.force}, nil
}

// opened makes no output of a nil Writer.
func opened(w *hdf5.Writer, err error) (output, error) {
	if err != nil {
		return nil, err
	}
	return &hdf5File{w}, nil
}

type hdf5File struct{ *hdf5.Writer }

func (h *hdf5File) Write(f *data.Frame) error {
	if err := f.Structure.Check(); err != nil {
		return &badFrame{err}
	}
	if _, err := f.OwnLabels(); err != nil {
		return &badFrame{err}
	}
	return h.Writer.Write(f)
}

// xyz is extended XYZ.
type xyz struct {
	*cli.Records
	frames *data.Writer
	force  bool
}

func (x *xyz) Write(f *data.Frame) error {
	if err := errors.Join(x.frames.Write(f), x.frames.Flush()); err != nil {
		return &badFrame{err}
	}
	return x.End()
}

func (x *xyz) Close() error { return x.Commit(x.force) }

// taken says what to do about a file that came to be there during the work.
func taken(path string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s has come to be there meanwhile: -force overwrites it: %w", path, err)
	}
	return err
}

// inspect says what of the HDF5 files will not be in the output, and returns the
// metadata that will: that of the only input.
func (s *settings) inspect() (metadata map[string]any, lost []string, err error) {
	for _, path := range s.inputs {
		if path == "-" || !datasets.HoldsHDF5(path) {
			continue
		}
		r, err := hdf5.Open(path)
		if err != nil {
			return nil, nil, err
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
