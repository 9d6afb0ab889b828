package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Folder is files of a folder that get their names together.
type Folder struct {
	path  string
	made  []string // what was missing of the path, the outermost first
	files []*File
}

// CreateFolder starts files in the folder at a path, and makes it where it is
// missing.
func CreateFolder(path string) (*Folder, error) {
	d := &Folder{path: path}
	started.Lock()
	defer started.Unlock()
	if started.stopped {
		return nil, errStopped
	}
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		d.made = slices.Insert(d.made, 0, at)
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		d.remove()
		return nil, fmt.Errorf("cannot make the folder %s: %w", path, reason(err))
	}
	started.folders[d] = true
	return d, nil
}

// Create starts a file of the folder.
func (d *Folder) Create(name string) (*File, error) {
	f, err := Create(filepath.Join(d.path, name))
	if err == nil {
		d.files = append(d.files, f)
	}
	return f, err
}

// Commit makes all files durable, and then gives them their names. Without
// replace it is an error, fs.ErrExist, where one of the names is taken.
func (d *Folder) Commit(replace bool) error {
	if err := commit(replace, d.files...); err != nil {
		return err
	}
	started.Lock()
	defer started.Unlock()
	delete(started.folders, d)
	return nil
}

// Abort removes the files, and the folder if it was made for them, unless they
// are committed; it may be deferred. A nil Folder has none.
func (d *Folder) Abort() {
	if d == nil {
		return
	}
	abort(d.files)
	started.Lock()
	defer started.Unlock()
	if started.folders[d] {
		delete(started.folders, d)
		d.remove()
	}
}

// remove removes the folders that were made, as far as they are empty.
func (d *Folder) remove() {
	for _, path := range slices.Backward(d.made) {
		os.Remove(path)
	}
}
