package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// Reader reads frames of extended or plain XYZ, one after another.
//
// A comment line with Lattice=, Properties= or pbc= makes a frame extended, and so
// does one of nothing but key=value; a Lattice without pbc is periodic along all
// three vectors. i-PI's comments, and lines VEC1 to VEC3 below the atoms, give cells
// too; any other comment is free text, and an error where it states a cell. Without
// Properties, columns after the coordinates are passed over. An element is a symbol
// or an atomic number. gzip, xz, zstd and bzip2 are known by their first bytes. What
// is guessed, and what is stated and not read, is in the frame's Warnings.
type Reader struct {
	in     *bufio.Reader
	name   string
	line   int     // number of the line last read, from 1
	first  int     // line of the frame
	index  int     // of the next frame, from 0
	long   []byte  // a line that is longer than in's buffer
	layout *layout // of the last frame
	head   string  // the file's beginning, until there was a frame
	again  []byte  // a line that is read once more
	lost   bool    // it is not known where the next frame is
	found  bool    // the frame is behind such a place
	err    error   // after which nothing can be read

	source      *source
	opened      bool
	packed      bool // the source is compressed
	vectorLines int  // VEC, the most below a frame
}

const (
	bufferSize = 1 << 18
	maxLine    = 1 << 26 // bytes
)

// NewReader reads from r; name is what errors call it.
func NewReader(r io.Reader, name string) *Reader {
	s := &source{Reader: r}
	return &Reader{source: s, in: bufio.NewReaderSize(s, bufferSize), name: name, layout: plainLayout()}
}

// FrameError is what keeps one frame of a file from being read. Those after it
// can be.
type FrameError struct {
	File  string
	Frame int // in the file, from 0
	Line  int // in the file, from 1
	Err   error
}

// Error names the file, the line, what was expected and what was found.
func (e *FrameError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap is what was expected and what was found.
func (e *FrameError) Unwrap() error { return e.Err }

// Read is the next frame, or io.EOF after the last one. A *FrameError is of this
// frame, and the following call reads the one after it: there are as many lines
// as the frame's first one says. Any other error, which names the file, the
// line, what was expected and what was found, ends the reading: it is that of
// all following calls. Atoms are counted from 0. Where a first line is wrong, the next
// frame is the next number alone in a line, if as many atoms follow.
func (r *Reader) Read() (*Frame, error) {
	if r.err != nil {
		return nil, r.err
	}
	f, err := r.frame()
	if err != nil && err != io.EOF && r.index == 0 {
		err = mistaken(r.head, err)
	}
	var bad *FrameError
	switch {
	case err == nil:
		r.head = ""
	case !errors.As(err, &bad):
		switch {
		case err == io.EOF:
		case r.line == 0: // before the first one
			err = fmt.Errorf("%s: %w", r.name, err)
		default:
			err = fmt.Errorf("%s:%d: %w", r.name, r.line, err)
		}
		r.err = err
	}
	r.index++
	return f, err
}

// Line is the first line of the frame that Read returned, from 1.
func (r *Reader) Line() int { return r.first }

func (r *Reader) frame() (*Frame, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	comment, err := r.next()
	if err != nil {
		if err == io.EOF {
			err = errors.New("expected a comment line, found the end of the file")
		}
		return nil, err
	}
	if r.found && (r.layout.isAtom(comment) || plainLayout().isAtom(comment)) {
		return nil, r.lose(r.first, errors.New("expected a number of atoms and a comment line, found a number and an atom"))
	}
	h, err := r.begin(string(comment), n)
	if err != nil {
		return nil, r.skip(0, n, err)
	}
	for i := range n {
		line, err := r.atomLine(i, n)
		if err != nil {
			return nil, err
		}
		if err := r.layout.atom(h.Frame, line); err != nil {
			if isCount(line) {
				return nil, r.tooFew(line, i, n)
			}
			return nil, r.skip(i+1, n, err)
		}
	}
	r.layout.atoms = n
	r.layout.finish(h.Frame)
	if err := r.vectors(&h); err != nil {
		return nil, r.skip(n, n, err)
	}
	if err := r.tooMany(n); err != nil {
		return nil, err
	}
	r.found = false
	return h.Frame, nil
}

// open looks at what the source is, before the first frame.
func (r *Reader) open() (err error) {
	if r.opened {
		return nil
	}
	r.opened = true
	if r.in, r.packed, err = decompressed(r.in); err != nil {
		return err
	}
	if r.head = beginning(r.in); !begins(r.head) {
		return mistaken(r.head, nil)
	}
	return nil
}

// begin reads a comment line and makes the layout ready for n atoms.
func (r *Reader) begin(comment string, n int) (header, error) {
	h, err := readHeader(comment)
	if err != nil {
		return h, err
	}
	if h.properties != r.layout.text {
		l, err := newLayout(h.properties)
		if err != nil {
			return h, err
		}
		r.layout = l
	}
	r.layout.start(h, n)
	return h, nil
}

// atomLine is the line of atom i of n.
func (r *Reader) atomLine(i, n int) ([]byte, error) {
	line, err := r.next()
	if err == io.EOF {
		err = fmt.Errorf("expected %d atoms, as line %d says, found the end of the file after %d", n, r.first, i)
	}
	return line, err
}

// count is the number of atoms of the next frame; io.EOF if only blank lines follow,
// or if no number follows where it is not known where that frame is.
func (r *Reader) count() (n int, err error) {
	for {
		line, err := r.next()
		if r.first = r.line; err != nil {
			return 0, err
		}
		if text := bytes.TrimSpace(line); len(text) == 0 || string(text) == ">" { // which ORCA writes between frames
			continue
		}
		n, err := parseCount(bytes.TrimPrefix(line, byteOrderMark))
		switch {
		case err == nil:
			r.found, r.lost = r.lost, false
			return n, nil
		case r.lost:
		case r.index == 0: // it may be anything
			return 0, err
		default:
			return 0, r.lose(r.line, err)
		}
	}
}

// byteOrderMark is what Windows programs begin UTF-8 with, and where files were
// joined it stands before later frames too.
var byteOrderMark = []byte("\xef\xbb\xbf")

// parseCount reads the number of atoms.
func parseCount(line []byte) (int, error) {
	text := bytes.TrimSpace(line)
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("expected the number of atoms, found %.60q", text)
	}
	return n, nil
}

// next is the next line without its ending, until the following call; io.EOF
// after the last one.
func (r *Reader) next() ([]byte, error) {
	if line := r.again; line != nil {
		r.again = nil
		r.line++
		return line, nil
	}
	line, err := r.in.ReadSlice('\n')
	r.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		r.long = append(r.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) && len(r.long) <= maxLine {
			line, err = r.in.ReadSlice('\n')
			r.long = append(r.long, line...)
		}
		line = r.long
	}
	if len(line) > maxLine {
		return nil, fmt.Errorf("expected lines of at most %d MiB, found a longer one", maxLine>>20)
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
