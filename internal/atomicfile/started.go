package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// registry is the files of the process that are neither committed nor aborted, for Stop.
type registry struct {
	sync.Mutex
	open    map[*File]bool
	folders map[*Folder]bool
	stopped bool
}

var started = registry{open: map[*File]bool{}, folders: map[*Folder]bool{}}

var errStopped = errors.New("the program is told to end")

// Stop removes the files that are not committed, for a process that is about to
// end. There is no committing and no creating after it.
func Stop() {
	started.Lock()
	defer started.Unlock()
	started.stopped = true
	for f := range started.open {
		f.remove()
	}
	for d := range started.folders {
		d.remove()
	}
}

// add keeps a file that create makes.
func (s *registry) add(f *File, create func() error) error {
	s.Lock()
	defer s.Unlock()
	if s.stopped {
		return errStopped
	}
	err := create()
	if err == nil {
		s.open[f] = true
	}
	return err
}

func (s *registry) abort(f *File) {
	s.Lock()
	defer s.Unlock()
	if s.open[f] {
		delete(s.open, f)
		f.remove()
	}
}

// commit makes files durable and gives them their names, all or none: the one
// that fails comes with those before it, if they are new, taken back.
func commit(replace bool, list ...*File) error {
	for _, f := range list {
		if err := f.finish(); err != nil {
			abort(list)
			return fmt.Errorf("cannot write %s: %w", f.path, reason(err))
		}
	}
	started.Lock()
	defer started.Unlock()
	for i, f := range list {
		err := errStopped
		if !started.stopped {
			err = f.take(replace)
		}
		if err != nil {
			for _, taken := range list[:i] {
				if !replace && !taken.nothing {
					os.Remove(taken.target.path)
				}
			}
			for _, left := range list[i:] {
				os.Remove(left.Name())
				delete(started.open, left)
			}
			return fmt.Errorf("cannot write %s: %w", f.path, reason(err))
		}
		delete(started.open, f)
	}
	return nil
}

func abort(list []*File) {
	for _, f := range slices.Backward(list) {
		f.Abort()
	}
}
