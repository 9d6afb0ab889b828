// Package atomicfile writes a file that is either whole or not there.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file being written beside its final path. Commit moves it there;
// Abort, or a crash, leaves what was at the path before.
type File struct {
	*os.File
	path string
	done bool
}

// Create starts a file that will be at path.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return &File{File: f, path: path}, nil
}

// Commit makes the file durable and moves it to its path.
func (f *File) Commit() error { return f.commit(os.Rename) }

// CommitNew is Commit unless there is a file at the path, whenever it came to
// be there: the error then is fs.ErrExist.
func (f *File) CommitNew() error {
	return f.commit(func(from, to string) error {
		if err := os.Link(from, to); err != nil {
			return err
		}
		return os.Remove(from)
	})
}

func (f *File) commit(move func(from, to string) error) error {
	err := f.Chmod(0o644)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = move(f.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", f.path, errors.Join(err, os.Remove(f.Name())))
	}
	f.done = true
	return nil
}

// Abort removes the file unless it is committed; it may be deferred.
func (f *File) Abort() {
	if !f.done {
		f.done = true
		f.Close()
		os.Remove(f.Name())
	}
}
