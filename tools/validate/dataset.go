package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"painless/data"
	"painless/data/hdf5"
	"painless/internal/progress"
)

// dataset is the frames of a file, one after another.
type dataset interface {
	// Read is the next frame; io.EOF after the last one; a *frameError where
	// the next call goes on with the frame after it.
	Read() (*data.Frame, error)
	Close() error
}

// frameError is what keeps one frame of a file from being read.
type frameError struct{ error }

// open opens a data set: HDF5 if its name says so, or extended XYZ.
func open(path string, bar *progress.Bar) (dataset, error) {
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".h5" || ext == ".hdf5" {
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

// each calls do with every frame of a data set and its index, or with what
// keeps that one from being read. A data set without frames is an error.
func each(path string, bar *progress.Bar, do func(f *data.Frame, index int, unreadable error) error) (err error) {
	d, err := open(path, bar)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for index := 0; ; index++ {
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

// count is the number of structures in a data set.
func count(ctx context.Context, path string) (n int, err error) {
	d, err := open(path, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if known, ok := d.(interface{ Len() int }); ok {
		return known.Len(), nil
	}
	for ; err == nil; n++ {
		if _, err = d.Read(); err == io.EOF {
			return n, nil
		}
		err = cmp.Or(err, ctx.Err())
	}
	return n, err
}

// selection takes some of a number of structures, each as likely as any other, in
// their order: selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S).
type selection struct {
	rng          *rand.Rand // nil takes all
	wanted, left int
}

func newSelection(seed uint64, wanted, total int) *selection {
	return &selection{rng: rand.New(rand.NewPCG(seed, 0)), wanted: wanted, left: total}
}

// take says whether the next structure is one of them.
func (d *selection) take() bool {
	if d.rng == nil {
		return true
	}
	taken := d.rng.IntN(d.left) < d.wanted
	d.left--
	if taken {
		d.wanted--
	}
	return taken
}
