package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"painless/internal/vec"
)

// Reader reads frames of extended or plain XYZ, one after another.
//
// A comment line with Lattice=, Properties= or pbc=, in these capitals, makes
// a frame extended; a Lattice without pbc is periodic along all three vectors.
// In a plain frame the comment is free text. Without Properties, columns after
// the coordinates are passed over. An element is a symbol or an atomic number.
type Reader struct {
	in     *bufio.Reader
	name   string
	line   int     // number of the line last read, from 1
	long   []byte  // a line that is longer than in's buffer
	layout *layout // of the last frame
}

const (
	bufferSize = 1 << 18
	maxLine    = 1 << 26 // bytes
)

// NewReader reads from r; name is what errors call it.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, bufferSize), name: name, layout: plainLayout()}
}

// Read is the next frame, or io.EOF after the last one. Other errors name the
// file, the line, what was expected and what was found, and end the reading.
// Atoms are counted from 0.
func (r *Reader) Read() (*Frame, error) {
	f, err := r.frame()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s:%d: %w", r.name, r.line, err)
	}
	return f, err
}

func (r *Reader) frame() (*Frame, error) {
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
	f, properties, err := newFrame(string(comment))
	if err != nil {
		return nil, err
	}
	if properties != r.layout.text {
		l, err := newLayout(properties)
		if err != nil {
			return nil, err
		}
		r.layout = l
	}
	r.layout.start(f, n)
	for i := range n {
		line, err := r.next()
		if err == io.EOF {
			err = fmt.Errorf("expected %d atoms, found the end of the file after %d", n, i)
		}
		if err != nil {
			return nil, err
		}
		if err := r.layout.atom(f, line); err != nil {
			return nil, err
		}
	}
	r.layout.atoms = n
	return f, nil
}

// count is the number of atoms of the next frame; io.EOF if only blank lines follow.
func (r *Reader) count() (int, error) {
	line, err := r.next()
	for err == nil && len(bytes.TrimSpace(line)) == 0 {
		line, err = r.next()
	}
	if err != nil {
		return 0, err
	}
	text := string(bytes.TrimSpace(line))
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0, fmt.Errorf("expected the number of atoms, found %.60q", text)
	}
	return n, nil
}

// next is the next line without its ending, until the following call; io.EOF
// after the last one.
func (r *Reader) next() ([]byte, error) {
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

// newFrame is a frame without atoms, from its comment line, and the value of
// Properties.
func newFrame(comment string) (f *Frame, properties string, err error) {
	f = &Frame{}
	comment = strings.ReplaceAll(comment, "\r", " ") // which Python takes for the end of a line
	if !isExtended(comment) {
		f.Plain = true
		if text := strings.TrimSpace(comment); text != "" {
			f.Info = []Field{{Comment, text}}
		}
		return f, "", nil
	}
	fields, err := parseComment(comment)
	if err != nil {
		return nil, "", err
	}
	var lattice, pbc string
	for _, field := range fields {
		switch field.Key {
		case keyLattice:
			lattice = field.Value
			if err := f.setLattice(lattice); err != nil {
				return nil, "", fmt.Errorf("key Lattice: %w", err)
			}
		case keyPBC:
			pbc = field.Value
			if f.PBC, err = parsePBC(pbc); err != nil {
				return nil, "", err
			}
		case keyProperties:
			properties = field.Value
		default:
			f.SetText(field.Key, field.Value)
		}
	}
	if len(f.Info) > maxFields {
		return nil, "", errFields
	}
	if lattice != "" && pbc == "" {
		f.PBC = [3]bool{true, true, true}
	}
	return f, properties, nil
}

func (f *Frame) setLattice(text string) error {
	numbers, err := parseFloats(text, 9)
	if err != nil {
		return err
	}
	for i, x := range numbers {
		if !vec.Finite(x) {
			return fmt.Errorf("expected finite numbers, found %v", x)
		}
		f.Cell[i/3][i%3] = x
	}
	return nil
}
