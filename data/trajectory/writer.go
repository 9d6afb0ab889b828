package trajectory

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// Options say how a trajectory is opened. The zero value is the usual.
type Options struct {
	Format  Format // Auto: by the ending of the file's name
	Replace bool   // Create empties a file that is there
	// Later is how the simulation stands that Append goes on with; nil where that is
	// not known. A file whose last frame cannot be of it is ErrAnother, and stays as it is.
	Later *Frame
}

// file is what a Writer needs of one.
type file interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// Writer appends frames to a trajectory. Use it from one goroutine at a time.
type Writer struct {
	place
	layout  layout
	file    file
	path    string
	numbers []int
	torn    bool // something may stand beyond the end
	buf     []byte
}

// Create starts a trajectory of atoms of these atomic numbers. A file that is at
// the path is an error (fs.ErrExist) unless it is to be replaced; so are pipes
// and terminals, and numbers of atoms that the format has no room for.
func Create(path string, numbers []int, o Options) (*Writer, error) {
	w, err := newWriter(path, numbers, o)
	if err != nil {
		return nil, fmt.Errorf("cannot write trajectory: %w", err)
	}
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if o.Replace {
		flags = os.O_RDWR | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o666)
	if err != nil {
		return nil, fmt.Errorf("cannot write trajectory: %w", err)
	}
	if _, err := f.Seek(0, io.SeekCurrent); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot write trajectory %s: expected a file: %w", path, err)
	}
	w.file = f
	return w, nil
}

// Append opens a trajectory to go on after a step: what follows its last whole
// frame of a step up to after, be it torn or later, is cut off. An empty file is
// a trajectory without frames.
//
// A missing file is an error (fs.ErrNotExist). So is one that this package did
// not write or that is of other atoms than these atomic numbers'; it stays as it is.
func Append(path string, numbers []int, after int64, o Options) (*Writer, error) {
	w, err := newWriter(path, numbers, o)
	if err != nil {
		return nil, fmt.Errorf("cannot append to trajectory: %w", err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // and opening it might wait
		return nil, fmt.Errorf("cannot append to trajectory %s: expected a file, found %v", path, info.Mode())
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot append to trajectory: %w", err)
	}
	w.file = f
	if err := w.resume(f, after, o.Later); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot append to trajectory %s: %w", path, err)
	}
	return w, nil
}

func newWriter(path string, numbers []int, o Options) (*Writer, error) {
	numbers = slices.Clone(numbers)
	l, err := newLayout(path, o.Format, numbers)
	if err != nil {
		return nil, err
	}
	return &Writer{place: empty, layout: l, path: path, numbers: numbers}, nil
}

// resume finds the place after which frames go on, and cuts the file off there.
func (w *Writer) resume(f *os.File, after int64, later *Frame) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return err
	}
	if w.place, err = w.layout.find(f, size, after); err != nil {
		return err
	}
	if err := w.same(f, later); err != nil {
		return err
	}
	if w.frames > 0 {
		if err := w.layout.announce(f, w.frames); err != nil {
			return err
		}
	}
	return f.Truncate(w.end)
}

// Write appends a frame, in one piece, and hands it to the operating system: a
// reader sees all of it or nothing, but for what docs/trajectories.md says of a
// kill in the middle of a frame of extended XYZ. Its step must be above that of
// the frame before.
//
// After an error the trajectory ends with the frame before, and goes on with the
// next Write. Frames that the format cannot hold are errors: other atoms, numbers
// that are not finite, a cell that is periodic along some of its vectors only,
// and in DCD steps and times at unequal intervals. In DCD and NetCDF all frames
// have the fields of the first one.
func (w *Writer) Write(f *Frame) error {
	if err := w.write(f); err != nil {
		return fmt.Errorf("cannot write step %d of trajectory %s: %w", f.Step, w.path, err)
	}
	return nil
}

func (w *Writer) write(f *Frame) (err error) {
	if err := f.Check(w.numbers, w.last, w.layout.limit()); err != nil {
		return err
	}
	if w.buf, err = w.layout.encode(w.buf[:0], f, w.frames); err != nil {
		return err
	}
	if w.torn {
		if err := w.file.Truncate(w.end); err != nil {
			return err
		}
		w.torn = false
	}
	if err := w.put(); err != nil {
		w.torn = w.file.Truncate(w.end) != nil
		return err
	}
	if w.frames == 1 {
		w.every = f.Step - w.last
	}
	w.frames, w.last, w.end = w.frames+1, f.Step, w.end+int64(len(w.buf))
	return nil
}

// put writes the frame first, and then that it is there.
func (w *Writer) put() error {
	if w.frames == 1 { // the second frame tells DCD the interval, which readers use as soon as they see the frame
		if err := w.layout.announce(w.file, 1); err != nil {
			return err
		}
	}
	if _, err := w.file.WriteAt(w.buf, w.end); err != nil {
		return err
	}
	return w.layout.announce(w.file, w.frames+1)
}

// Frames returns how many frames the file has.
func (w *Writer) Frames() int { return w.frames }

// LastStep returns the step of the last frame, or −1 where there is none.
func (w *Writer) LastStep() int64 { return w.last }

// Interval returns the steps from the first frame to the second, or 0 where there is none.
func (w *Writer) Interval() int64 { return w.every }

// Sync waits until the disk has all frames: what is written after it may be lost
// if the machine stops, though not if the program does.
func (w *Writer) Sync() error {
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("cannot write trajectory: %w", err)
	}
	return nil
}

// Close closes the file.
func (w *Writer) Close() error {
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("cannot write trajectory: %w", err)
	}
	return nil
}
