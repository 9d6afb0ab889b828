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
)

// Reader reads frames of extended or plain XYZ, one after another.
//
// A comment line with Lattice=, Properties= or pbc= makes a frame extended; a
// Lattice without pbc is periodic along all three vectors. In a plain frame
// the comment is free text, and columns after the coordinates are passed over.
// An element is a symbol or an atomic number.
type Reader struct {
	in   *bufio.Reader
	name string
	line int    // number of the line last read, from 1
	long []byte // a line that is longer than in's buffer
}

const (
	bufferSize = 1 << 18
	maxLine    = 1 << 26 // bytes
)

// NewReader reads from r; name is what errors call it.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, bufferSize), name: name}
}

// Read is the next frame, or io.EOF after the last one. Other errors name the
// file, the line, what was expected and what was found.
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
		return nil, inFrame(err, "a comment line")
	}
	f, layout, err := newFrame(string(comment))
	if err != nil {
		return nil, err
	}
	for i := range n {
		line, err := r.next()
		if err != nil {
			return nil, inFrame(err, fmt.Sprintf("atom %d of %d", i+1, n))
		}
		if err := layout.atom(f, line); err != nil {
			return nil, err
		}
	}
	layout.finish(f)
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

// inFrame is an error inside a frame, where the end of the file is one.
func inFrame(err error, expected string) error {
	if err == io.EOF {
		return fmt.Errorf("expected %s, found the end of the file", expected)
	}
	return err
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

// newFrame is a frame without atoms, from its comment line, and the layout of
// the lines that follow.
func newFrame(comment string) (*Frame, *layout, error) {
	f := &Frame{}
	if lower := strings.ToLower(comment); !strings.Contains(lower, "lattice=") && !strings.Contains(lower, "properties=") && !strings.Contains(lower, "pbc=") {
		f.Plain = true
		if text := strings.TrimSpace(comment); text != "" {
			f.Info = []Field{{Comment, text}}
		}
		return f, plainLayout(), nil
	}
	fields, err := parseComment(comment)
	if err != nil {
		return nil, nil, err
	}
	properties := "species:S:1:pos:R:3"
	hasPBC := false
	for _, field := range fields {
		switch strings.ToLower(field.Key) {
		case "lattice":
			numbers, err := parseFloats(field.Value, 9)
			if err != nil {
				return nil, nil, fmt.Errorf("key Lattice: %w", err)
			}
			for i, x := range numbers {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					return nil, nil, fmt.Errorf("key Lattice: expected finite numbers, found %v", x)
				}
				f.Cell[i/3][i%3] = x
			}
			if !hasPBC {
				f.PBC = [3]bool{true, true, true}
			}
		case "pbc":
			hasPBC = true
			if f.PBC, err = parsePBC(field.Value); err != nil {
				return nil, nil, err
			}
		case "properties":
			properties = field.Value
		default:
			f.SetText(field.Key, field.Value)
		}
	}
	l, err := newLayout(f, properties)
	return f, l, err
}

// parsePBC reads "T F T", or one value for all three directions.
func parsePBC(text string) (pbc [3]bool, err error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	if len(words) == 1 {
		words = []string{words[0], words[0], words[0]}
	}
	if len(words) != 3 {
		return pbc, fmt.Errorf("key pbc: expected three of T and F, found %.40q", text)
	}
	for k, word := range words {
		var ok bool
		if pbc[k], ok = parseBool(word); !ok {
			return pbc, fmt.Errorf("key pbc: expected T or F, found %.40q", word)
		}
	}
	return pbc, nil
}
