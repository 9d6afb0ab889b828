package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"painless/internal/atomicfile"
)

// FolderFlag is what a flag does with the name of a folder, for which there is no default.
func FolderFlag(name *string) func(string) error {
	return func(text string) error {
		if *name = text; text == "" {
			return errors.New("expected a folder")
		}
		return nil
	}
}

// Folder is files that a flag asks for together, in a folder that is made where it
// is missing. Without a path it is none, and its methods do nothing.
type Folder struct {
	Flag  string // such as -o
	Path  string
	Names []string // of the files
	Force bool     // replaces those that are there

	folder *atomicfile.Folder
	files  map[string]*atomicfile.File
}

// Check refuses, before the work, a folder in which something would be lost:
// another run's files without Force, or a file that is read.
func (f *Folder) Check(std Std, reads ...string) error {
	if f.Path == "" {
		return nil
	}
	if info, err := os.Stat(f.Path); err == nil && !info.IsDir() {
		return fmt.Errorf("%s %s: expected a folder, found a file", f.Flag, f.Path)
	}
	for _, name := range f.Names {
		path := filepath.Join(f.Path, name)
		if err := std.CheckOutput(path, reads...); err != nil {
			return err
		}
		if err := CheckNew(f.Force, path); err != nil {
			return err
		}
	}
	return nil
}

// Paths is the folder and its files; none without a path.
func (f *Folder) Paths() (paths []string) {
	if f.Path == "" {
		return nil
	}
	paths = append(paths, f.Path)
	for _, name := range f.Names {
		paths = append(paths, filepath.Join(f.Path, name))
	}
	return paths
}

// Create starts the files before the work, so that it is not for nothing.
func (f *Folder) Create() (err error) {
	if f.Path == "" {
		return nil
	}
	if f.folder, err = atomicfile.CreateFolder(f.Path); err != nil {
		return err
	}
	f.files = map[string]*atomicfile.File{}
	for _, name := range f.Names {
		if f.files[name], err = f.folder.Create(name); err != nil {
			f.Abort()
			return err
		}
	}
	return nil
}

// Write fills one of the files, once.
func (f *Folder) Write(name string, write func(io.Writer) error) error {
	if f.folder == nil {
		return nil
	}
	if err := write(f.files[name]); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(f.Path, name), err)
	}
	return nil
}

// Vacate makes Commit remove the file of a name, another run's that this one has
// nothing for.
func (f *Folder) Vacate(name string) {
	if f.folder != nil {
		f.files[name].Vacate()
	}
}

// Commit gives the files their names.
func (f *Folder) Commit() error {
	if f.folder == nil {
		return nil
	}
	return f.folder.Commit(f.Force)
}

// Abort leaves the folder as it was, unless it is committed; it may be deferred.
func (f *Folder) Abort() { f.folder.Abort() }
