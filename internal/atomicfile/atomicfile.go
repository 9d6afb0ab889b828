// Package atomicfile writes a file that is either whole or not there.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// File is a file being written under another name. Commit gives it its own;
// Abort, Stop, or a crash, leaves what was at the path before.
type File struct {
	*os.File
	path    string      // as it was given
	target  target      // where that leads
	old     fs.FileInfo // of the file that is to be replaced, or nil
	nothing bool        // Commit leaves nothing at the path
}

// Create starts a file that will be where path leads: a link stays, and the file
// beyond it is replaced. It has the permissions and, where possible, the owner of
// the file that it replaces, and otherwise those that umask leaves. What is for a
// device or a FIFO is held in a temporary file, and Commit copies it there.
func Create(path string) (*File, error) {
	f, err := create(path)
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, reason(err))
	}
	return f, nil
}

// Write writes a file at once: what was there before stays where write fails, whose
// error is wrapped with the path.
func Write(path string, write func(w io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return f.Commit()
}

func create(path string) (_ *File, err error) {
	f := &File{path: path}
	if f.target, err = follow(path); err != nil {
		return nil, err
	}
	dir, permissions := filepath.Dir(f.target.path), fs.FileMode(0o666)
	switch info := f.target.info; {
	case f.target.stream():
		dir, permissions = os.TempDir(), 0o600
	case info != nil:
		if err := writable(f.target.path); err != nil {
			return nil, err
		}
		f.old, permissions = info, 0o600 // until Commit knows better
	}
	return f, started.add(f, func() error {
		f.File, err = temporary(dir, permissions)
		return err
	})
}

// writable says what keeps a file from being written to, although the folder
// lets it be replaced.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// temporary creates a file whose name is short, however long the final one is.
func temporary(dir string, permissions fs.FileMode) (f *os.File, err error) {
	for range 1000 {
		name := filepath.Join(dir, fmt.Sprintf(".painless-%08x", rand.Uint32()))
		f, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, permissions)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return f, err
}

// Write writes to the file; errors name its path, and not that of the moment.
func (f *File) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	if err != nil {
		err = &fs.PathError{Op: "write", Path: f.path, Err: reason(err)}
	}
	return n, err
}

// Vacate makes Commit leave nothing at the path.
func (f *File) Vacate() { f.nothing = true }

// Commit makes the file durable and moves it to its path.
func (f *File) Commit() error { return commit(true, f) }

// CommitNew is Commit unless there is a file at the path, whenever it came to
// be there: the error then is fs.ErrExist.
func (f *File) CommitNew() error { return commit(false, f) }

// finish makes the content durable, and copies what is for a stream.
func (f *File) finish() error {
	if f.target.stream() {
		return errors.Join(f.copy(), f.Close())
	}
	var err error
	if f.old != nil {
		err = f.Chmod(keepOwner(f.File, f.old))
	}
	return errors.Join(err, f.Sync(), f.Close())
}

func (f *File) copy() error {
	to, err := f.target.open()
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return errors.Join(err, to.Close())
	}
	_, err = io.Copy(to, f.File)
	return errors.Join(err, to.Close())
}

// take gives the finished file its name.
func (f *File) take(replace bool) error {
	to := f.target.path
	switch {
	case f.target.stream():
		return os.Remove(f.Name())
	case f.nothing && !replace:
		return os.Remove(f.Name())
	case f.nothing:
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return os.Remove(f.Name())
	case replace:
		return os.Rename(f.Name(), to)
	}
	if err := os.Link(f.Name(), to); err != nil {
		return err
	}
	return os.Remove(f.Name())
}

// Abort removes the file unless it is committed; it may be deferred.
func (f *File) Abort() { started.abort(f) }

// remove gives the file up. On some systems an open one cannot be removed.
func (f *File) remove() {
	f.Close()
	os.Remove(f.Name())
}

// reason is an error without the names of temporary files.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
