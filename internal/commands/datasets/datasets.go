// Package datasets reads the structures that a command line names, in the format
// that a file has: HDF5 or XYZ.
package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"painless/data"
	"painless/data/hdf5"
	"painless/internal/progress"
)

// IsHDF5 reports whether a file's name ends as those of HDF5 files do.
func IsHDF5(path string) bool {
	return slices.Contains([]string{".h5", ".hdf5", ".hdf"}, strings.ToLower(filepath.Ext(path)))
}

// HoldsHDF5 reports whether the file at a path is HDF5, whatever its name, or has
// a name that promises it.
func HoldsHDF5(path string) bool {
	if IsHDF5(path) {
		return true
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return hdf5.IsHDF5(file, info.Size())
}

// Each calls do with every frame of the file at path, or of stdin where that is
// -, and its index, or with what keeps that one from being read: the frames after
// it follow. A file without frames is an error. The bar, which may be nil, is told
// what is read.
func Each(ctx context.Context, path string, stdin io.Reader, bar *progress.Bar, do func(f *data.Frame, index int, unreadable error) error) (err error) {
	d, err := open(path, stdin, bar)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for index := 0; ; index++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		frame, err := d.Read()
		var unreadable *frameError
		switch {
		case err == io.EOF && index == 0:
			return fmt.Errorf("%s: expected a structure, found none", path)
		case err == io.EOF:
			return nil
		case errors.As(err, &unreadable):
			err = do(&data.Frame{}, index, unreadable)
		case err == nil:
			err = do(frame, index, nil)
		}
		if err != nil {
			return err
		}
	}
}

// dataset is the frames of a file, one after another.
type dataset interface {
	// Read is the next frame; io.EOF after the last one; a *frameError where
	// the next call goes on with the frame after it.
	Read() (*data.Frame, error)
	Close() error
}

// frameError is what keeps one frame of a file from being read.
type frameError struct{ error }

func open(path string, stdin io.Reader, bar *progress.Bar) (dataset, error) {
	if path == "-" {
		return xyzFile{data.NewReader(bar.Reading(stdin), path), io.NopCloser(nil)}, nil
	}
	if HoldsHDF5(path) {
		return openHDF5(path, bar)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return xyzFile{data.NewReader(bar.Reading(file), path), file}, nil
}

type xyzFile struct {
	*data.Reader
	io.Closer
}

// hdf5File counts a share of the file's bytes for each structure.
type hdf5File struct {
	*hdf5.Reader
	bar   *progress.Bar
	share int64
}

func openHDF5(path string, bar *progress.Bar) (dataset, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r, err := hdf5.Open(path)
	if err != nil {
		return nil, err
	}
	return hdf5File{r, bar, info.Size() / int64(max(1, r.Len()))}, nil
}

func (f hdf5File) Read() (*data.Frame, error) {
	f.bar.Read(f.share)
	frame, err := f.Reader.Read()
	if err != nil && err != io.EOF {
		err = &frameError{err}
	}
	return frame, err
}
