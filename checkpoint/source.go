package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// source is a file that is read in pieces, as much of a large one may never be
// asked for, and the memory that it may take.
type source struct {
	r     io.ReaderAt
	size  int64
	check func() error // that the file is the one that was opened; nil in memory
	allow *allowance
}

// openFile opens a regular file. What is read of it later is an error once it
// has changed, as when training saves over it.
func openFile(path string) (*source, io.Closer, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // to open a pipe could take for ever
		err = notRegular(path, info.Mode())
	}
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, nil, errors.Join(fmt.Errorf("%s: expected a regular file", path), err, file.Close())
	}
	check := func() error {
		now, err := file.Stat()
		if err == nil && (now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime())) {
			err = errChanged
		}
		return err
	}
	return &source{r: file, size: info.Size(), check: check, allow: newAllowance(info.Size())}, file, nil
}

// errCut is the end of a file that should have more.
var errCut = errors.New("the file is cut short, as by a download or a save that did not end")

var errChanged = errors.New("the file was changed while it was read: is it still being written?")

// inMemory is a file's bytes.
func inMemory(file string) *source {
	size := int64(len(file))
	return &source{r: strings.NewReader(file), size: size, allow: newAllowance(size)}
}

// within says that n bytes from at on are not all in the file.
func (s *source) within(at, n int64) error {
	if at < 0 || n < 0 || at > s.size || n > s.size-at {
		return fmt.Errorf("expected %d bytes from byte %d on, found a file of %d", n, at, s.size)
	}
	return nil
}

// bytes reads n bytes from at on.
func (s *source) bytes(at, n int64) ([]byte, error) {
	if err := s.within(at, n); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	_, err := io.ReadFull(io.NewSectionReader(s.r, at, n), b)
	return b, s.end(err)
}

// text reads n bytes from at on.
func (s *source) text(at, n int64) (string, error) {
	if err := s.within(at, n); err != nil {
		return "", err
	}
	var text strings.Builder
	text.Grow(int(n))
	_, err := io.CopyN(&text, io.NewSectionReader(s.r, at, n), n)
	return text.String(), s.end(err)
}

// end is what came of reading: the end of a file that was longer before is a change.
func (s *source) end(err error) error {
	if s.check != nil {
		if changed := s.check(); changed != nil {
			return changed
		}
	}
	return err
}

// window reads short texts that stand near one another.
type window struct {
	src  *source
	at   int64
	read string // from at on
}

const windowBytes = 1 << 14

func (w *window) text(at, n int64) (string, error) {
	if at < w.at || n < 0 || at+n > w.at+int64(len(w.read)) {
		if err := w.src.within(at, n); err != nil {
			return "", err
		}
		read, err := w.src.text(at, max(n, min(windowBytes, w.src.size-at)))
		if err != nil {
			return "", err
		}
		w.at, w.read = at, read
	}
	return w.read[at-w.at:][:n], nil
}

// contents is bytes that stay in the file until they are asked for.
type contents interface{ read() ([]byte, error) }

// span is a part of a file as it stands there.
type span struct {
	src      *source
	at, size int64
}

func (s span) read() ([]byte, error) { return s.src.bytes(s.at, s.size) }
