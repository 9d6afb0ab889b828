package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"painless/data"
	"painless/internal/progress"
)

// dataset is the frames of a file, one after another.
type dataset interface {
	Read() (*data.Frame, error) // io.EOF after the last one
	Close() error
}

// open opens a data set of extended XYZ.
func open(path string, bar *progress.Bar) (dataset, error) {
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

// each calls do with every frame of the data sets, and with its place.
func each(paths []string, bar *progress.Bar, do func(f *data.Frame, file, index int) error) error {
	for i, path := range paths {
		if err := eachOf(path, bar, func(f *data.Frame, index int) error { return do(f, i, index) }); err != nil {
			return err
		}
	}
	return nil
}

func eachOf(path string, bar *progress.Bar, do func(f *data.Frame, index int) error) (err error) {
	d, err := open(path, bar)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	for index := 0; ; index++ {
		frame, err := d.Read()
		switch {
		case err == io.EOF && index == 0:
			return fmt.Errorf("%s: expected a structure, found none", path)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := do(frame, index); err != nil {
			return err
		}
	}
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
