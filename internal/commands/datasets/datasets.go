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

// unpacked is a path without the ending of a compressed file.
func unpacked(path string) string {
	ending := filepath.Ext(path)
	if slices.Contains([]string{".gz", ".gzip", ".zst", ".zstd"}, strings.ToLower(ending)) {
		return strings.TrimSuffix(path, ending)
	}
	return path
}

// IsPackedHDF5 reports whether a name is that of an HDF5 file in a compressed one.
func IsPackedHDF5(path string) bool {
	plain := unpacked(path)
	return plain != path && IsHDF5(plain)
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

// Place is where a frame stands.
type Place struct {
	File  string
	Frame int // from 0
	Line  int // of an error, or the frame's first one, from 1; 0 where the file has no lines
}

func (p Place) String() string {
	text := fmt.Sprintf("%s: frame %d", p.File, p.Frame)
	if p.Line > 0 {
		text += fmt.Sprintf(", line %d", p.Line)
	}
	return text
}

// maxWarnings is how many different ones are said of a file.
const maxWarnings = 20

// Source is where frames are read from.
type Source struct {
	Stdin  io.Reader
	Stderr io.Writer     // for warnings, of a file each once
	Bar    *progress.Bar // is told what is read; may be nil
	Dry    func() error  // called before the input has to be waited for; may be nil
}

// Each calls do with every frame of the file at path, or of standard input where
// that is -, and its place, or with what keeps that one from being read: the
// frames after it follow. A file without frames is an error. To a frame's warnings do
// may add.
func (s Source) Each(ctx context.Context, path string, do func(f *data.Frame, at Place, unreadable error) error) (err error) {
	d, err := s.open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	warned := map[string]bool{}
	for at := (Place{File: path}); ; at.Frame++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		frame, err := d.Read()
		at.Line = d.Line()
		var bad *data.FrameError
		var unreadable *frameError
		switch {
		case err == io.EOF && at.Frame == 0:
			return fmt.Errorf("%s: expected a structure, found none", path)
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			at.Line = bad.Line
			err = do(&data.Frame{}, at, bad.Err)
		case errors.As(err, &unreadable):
			err = do(&data.Frame{}, at, unreadable)
		case err == nil:
			err = do(frame, at, nil)
			s.warn(frame, at, warned)
		}
		if err != nil {
			return err
		}
	}
}

// warn says a frame's warnings, but those that were said.
func (s Source) warn(f *data.Frame, at Place, warned map[string]bool) {
	for _, warning := range f.Warnings {
		if warned[warning] || len(warned) > maxWarnings {
			continue
		}
		if warned[warning] = true; len(warned) > maxWarnings {
			warning = "further warnings are left out"
		}
		s.Bar.Clear()
		fmt.Fprintf(s.Stderr, "painless: %v: %s\n", at, warning)
	}
}

// dataset is the frames of a file, one after another.
type dataset interface {
	// Read is the next frame; io.EOF after the last one; a *frameError or a
	// *data.FrameError where the next call goes on with the frame after it.
	Read() (*data.Frame, error)
	Line() int // the first one of that frame; 0 where there are none
	Close() error
}

// frameError is what keeps one frame of an HDF5 file from being read.
type frameError struct{ error }

func (s Source) open(ctx context.Context, path string) (dataset, error) {
	if path == "-" {
		return s.openXYZ(ctx, path, s.Stdin, io.NopCloser(nil)), nil
	}
	if HoldsHDF5(path) {
		return openHDF5(path, s.Bar)
	}
	file, err := openFile(ctx, path, s.Dry)
	if err != nil {
		return nil, err
	}
	return s.openXYZ(ctx, path, file, file), nil
}

// xyzFile reads from in, if that may have to wait.
type xyzFile struct {
	*data.Reader
	in    *stream
	close func() error
}

func (s Source) openXYZ(ctx context.Context, path string, in io.Reader, file io.Closer) xyzFile {
	f := xyzFile{close: file.Close}
	if waits(in) {
		f.in = newStream(ctx, in, s.Dry)
		in = f.in
	}
	f.Reader = data.NewReader(s.Bar.Reading(in), path)
	return f
}

func (f xyzFile) Read() (*data.Frame, error) {
	frame, err := f.Reader.Read()
	if f.in != nil && f.in.err != nil { // nothing is wrong with the file
		return nil, f.in.err
	}
	return frame, err
}

func (f xyzFile) Close() error {
	if f.in != nil {
		f.in.close()
	}
	return f.close()
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

func (f hdf5File) Line() int { return 0 }
