package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// target is where a path leads.
type target struct {
	path       string
	info       fs.FileInfo // nil where nothing is
	descriptor int         // of this process, as of /dev/stdout and >(…); −1 where it is none
}

// follow follows the links of a path, of which the last one may lead to nothing.
func follow(path string) (target, error) {
	if path == "" {
		return target{}, errors.New("expected a name, found an empty one")
	}
	const longest = 40 // as Linux
	for range longest {
		if n, ok := descriptor(path); ok {
			info, err := os.Stat(path)
			return target{path, info, n}, err
		}
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return target{path, nil, -1}, nil
		case err != nil:
			return target{}, err
		case info.Mode()&fs.ModeSymlink == 0:
			return target{path, info, -1}, replaceable(info)
		}
		to, err := os.Readlink(path)
		if err != nil {
			return target{}, err
		}
		if !filepath.IsAbs(to) {
			dir, _ := filepath.Split(path)
			to = dir + to // not cleaned: what .. is, only the system knows
		}
		path = to
	}
	return target{}, syscall.ELOOP
}

func replaceable(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular(), mode&(fs.ModeNamedPipe|fs.ModeCharDevice) != 0:
		return nil
	case mode.IsDir():
		return errors.New("expected a file, found a folder")
	default:
		return fmt.Errorf("expected a file, a FIFO or a character device, found %v", mode)
	}
}

// descriptors is the folders of a process's open files.
var descriptors = regexp.MustCompile(`^/dev/fd$|^/proc/(\d+)/(task/\d+/)?fd$`)

// descriptor is the number of an open file of this process that a path stands for.
func descriptor(path string) (n int, ok bool) {
	n, err := strconv.Atoi(filepath.Base(path))
	if err != nil {
		return 0, false
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return 0, false
	}
	m := descriptors.FindStringSubmatch(filepath.ToSlash(dir))
	return n, m != nil && (m[1] == "" || m[1] == strconv.Itoa(os.Getpid()))
}

// stream reports whether what is written there is gone at once.
func (t target) stream() bool {
	return t.descriptor >= 0 || t.info != nil && !t.info.Mode().IsRegular()
}

func (t target) open() (*os.File, error) {
	if t.descriptor >= 0 { // its place in the file and all
		return duplicate(t.descriptor, t.path)
	}
	return os.OpenFile(t.path, os.O_WRONLY, 0)
}

// IsStandardOutput reports whether path leads to standard output, as /dev/stdout does.
func IsStandardOutput(path string) bool {
	t, err := follow(path)
	return err == nil && t.descriptor == 1
}

// Stream opens what path leads to for writing, if that is a device, a FIFO or an
// open file of this process (/dev/stdout, /dev/fd/N), which nothing can replace.
// Otherwise it returns nil.
func Stream(path string) (*os.File, error) {
	t, err := follow(path)
	if err == nil && !t.stream() {
		return nil, nil
	}
	var f *os.File
	if err == nil {
		f, err = t.open()
	}
	if err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, reason(err))
	}
	return f, nil
}
