package trajectory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"painless/atoms"
	"painless/data"
)

// find reads all of the file, and of each line only its beginning.
func (x *xyz) find(file io.ReaderAt, size, after int64) (place, error) {
	s := scanner{in: bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 1<<18), count: strconv.Itoa(len(x.numbers))}
	for _, z := range x.numbers {
		s.symbols = append(s.symbols, atoms.Symbol(z)+" ")
	}
	kept := empty
	for last := int64(-1); ; {
		from := s.offset
		step, err := s.frame()
		switch {
		case err == errTorn || err == io.EOF:
			return kept, x.readable(file, kept)
		case err != nil:
			return empty, fmt.Errorf("line %d: %w", s.line, err)
		case step <= last:
			return empty, fmt.Errorf("line %d: expected a frame of a step after %d, found %d", s.line-len(s.symbols), last, step)
		case step <= after:
			if kept.frames == 1 {
				kept.every = step - last
			}
			kept.frames, kept.last, kept.start, kept.end = kept.frames+1, step, from, s.offset
		}
		last = step
	}
}

// readable says what is wrong with the frame that is to be followed, if there is one.
func (x *xyz) readable(file io.ReaderAt, p place) error {
	if _, err := x.read(file, p); err != io.EOF {
		return err
	}
	return nil
}

// read reads the frame that is to be followed.
func (x *xyz) read(file io.ReaderAt, p place) (*data.Frame, error) {
	return data.NewReader(io.NewSectionReader(file, p.start, p.end-p.start), "its last frame").Read()
}

func (x *xyz) last(file io.ReaderAt, p place) (*Frame, error) {
	f, err := x.read(file, p)
	if err != nil {
		return nil, err
	}
	time, err := f.Floats("time", 1)
	if err != nil {
		return nil, err
	}
	return &Frame{Structure: f.Structure, Step: p.last, Time: time[0]}, nil
}

// errTorn says that the file ends within a frame.
var errTorn = errors.New("torn")

// scanner finds the frames of one trajectory's atoms in extended XYZ.
type scanner struct {
	in      *bufio.Reader
	count   string   // the line that each frame begins with
	symbols []string // what the lines of its atoms begin with
	offset  int64    // of what follows the last line
	line    int      // number of the last line, from 1
}

// frame passes over a frame and returns its step. Before the end of the file it
// is io.EOF, within the last frame errTorn. Lines that this package would not
// have begun like this are errors, be they whole or torn.
func (s *scanner) frame() (step int64, err error) {
	line, whole, err := s.next()
	switch {
	case err != nil:
		return 0, err
	case whole && string(line) != s.count, !whole && !begins(line, s.count):
		return 0, foreign("%.40q where the number of atoms, %s, is due", line, s.count)
	case !whole:
		return 0, errTorn
	}
	line, whole, err = s.within()
	switch {
	case err != nil:
		return 0, err
	case !begins(line, "Lattice=\"") && !begins(line, "Properties="):
		return 0, foreign("comment line %.40q", line)
	case !whole:
		return 0, errTorn
	}
	if step, err = stepOf(line); err != nil {
		return 0, err
	}
	for i, symbol := range s.symbols {
		line, whole, err = s.within()
		switch {
		case err != nil:
			return 0, err
		case !begins(line, symbol) || whole && len(line) < len(symbol):
			return 0, foreign("%.40q where atom %d, %s, is due", line, i, symbol)
		case !whole:
			return 0, errTorn
		}
	}
	return step, nil
}

// begins reports whether a line begins with text, or text with all of the line.
func begins(line []byte, text string) bool {
	n := min(len(line), len(text))
	return string(line[:n]) == text[:n]
}

// within is next within a frame, where the end of the file is errTorn.
func (s *scanner) within() (line []byte, whole bool, err error) {
	line, whole, err = s.next()
	if err == io.EOF {
		err = errTorn
	}
	return line, whole, err
}

// next is the beginning of the next line, and whether the line has an end;
// io.EOF after the last one.
func (s *scanner) next() (line []byte, whole bool, err error) {
	line, err = s.in.ReadSlice('\n')
	s.line++
	s.offset += int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, false, fmt.Errorf("expected lines of less than %d KiB, found a longer one", s.in.Size()>>10)
	}
	if err == io.EOF && len(line) > 0 {
		return line, false, nil
	}
	return bytes.TrimSuffix(line, []byte("\n")), true, err
}

// stepOf reads the step in a comment line.
func stepOf(line []byte) (int64, error) {
	_, rest, ok := bytes.Cut(line, []byte(" "+keyStep+"="))
	if !ok {
		return 0, foreign("no %s=… in the comment line", keyStep)
	}
	word, _, _ := bytes.Cut(rest, []byte(" "))
	step, err := strconv.ParseInt(string(word), 10, 64)
	if err != nil || step < 0 {
		return 0, fmt.Errorf("%s: expected a whole number, found %.40q", keyStep, word)
	}
	return step, nil
}
