package data

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"painless/atoms"
)

// Writer writes frames as extended XYZ, so that this package and ASE read
// back what was written: numbers are the shortest that do.
type Writer struct {
	out  *bufio.Writer
	line []byte
	seen map[string]bool // names in the frame
}

// NewWriter writes to w; Flush after the last frame.
func NewWriter(w io.Writer) *Writer {
	return &Writer{out: bufio.NewWriterSize(w, bufferSize), seen: map[string]bool{}}
}

// Flush hands on what is still held back.
func (w *Writer) Flush() error { return w.out.Flush() }

// Write writes a frame. It writes nothing of one that it cannot write: columns
// of the wrong length or with the names of the structure's own, unknown
// elements, positions that are not finite, text columns with blanks, two
// fields or columns of one name.
func (w *Writer) Write(f *Frame) error {
	if err := w.check(f); err != nil {
		return fmt.Errorf("cannot write frame: %w", err)
	}
	w.line = strconv.AppendInt(w.line[:0], int64(len(f.Numbers)), 10)
	w.line = append(w.line, '\n')
	w.line = appendComment(w.line, f)
	w.out.Write(w.line) // bufio keeps the first error for Flush and the return below
	for i := range f.Numbers {
		w.line = append(w.line[:0], atoms.Symbol(f.Numbers[i])...)
		w.line = appendFloats(w.line, f.Positions[i][:])
		for k := range f.Columns {
			w.line = f.Columns[k].append(w.line, i)
		}
		w.line = append(w.line, '\n')
		if _, err := w.out.Write(w.line); err != nil {
			return err
		}
	}
	return nil
}

func appendComment(line []byte, f *Frame) []byte {
	if f.Cell != [3][3]float64{} {
		line = append(line, `Lattice="`...)
		for k := range f.Cell {
			line = appendFloats(line, f.Cell[k][:])
		}
		line = append(line, `" `...)
	}
	properties := []byte("species:S:1:pos:R:3")
	for _, c := range f.Columns {
		properties = fmt.Appendf(properties, ":%s:%c:%d", c.Name, c.Kind, c.Width)
	}
	line = appendField(line, Field{keyProperties, string(properties)})
	for _, field := range f.Info {
		line = appendField(line, field)
	}
	line = append(line, `pbc="`...)
	for k, periodic := range f.PBC {
		if k > 0 {
			line = append(line, ' ')
		}
		line = appendBool(line, periodic)
	}
	return append(line, "\"\n"...)
}

// appendFloats separates numbers from what stands before them, unless that is a quote.
func appendFloats(line []byte, x []float64) []byte {
	for _, v := range x {
		if line[len(line)-1] != '"' {
			line = append(line, ' ')
		}
		line = strconv.AppendFloat(line, v, 'g', -1, 64)
	}
	return line
}

func appendBool(line []byte, b bool) []byte {
	if b {
		return append(line, 'T')
	}
	return append(line, 'F')
}

// append writes the values of atom i.
func (c *Column) append(line []byte, i int) []byte {
	lo, hi := i*c.Width, (i+1)*c.Width
	if c.Kind == Real {
		return appendFloats(line, c.Reals[lo:hi])
	}
	for k := lo; k < hi; k++ {
		line = append(line, ' ')
		switch c.Kind {
		case Integer:
			line = strconv.AppendInt(line, int64(c.Integers[k]), 10)
		case Logical:
			line = appendBool(line, c.Bools[k])
		default:
			line = append(line, c.Strings[k]...)
		}
	}
	return line
}

// check says what keeps a frame from being written.
func (w *Writer) check(f *Frame) error {
	if err := f.Structure.Check(); err != nil {
		return err
	}
	if len(f.Info) > maxFields {
		return errFields
	}
	clear(w.seen)
	for _, field := range f.Info {
		switch field.Key {
		case "", keyLattice, keyProperties, keyPBC:
			return fmt.Errorf("info %q: expected another key", field.Key)
		}
		if strings.ContainsAny(field.Key+field.Value, "\r\n") {
			return fmt.Errorf("info %q = %.40q: expected one line", field.Key, field.Value)
		}
		if w.seen[field.Key] {
			return fmt.Errorf("info %q: expected one value, found two", field.Key)
		}
		w.seen[field.Key] = true
	}
	width := 4 // species and pos
	clear(w.seen)
	for i := range f.Columns {
		c := &f.Columns[i]
		if err := c.check(len(f.Numbers)); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		if w.seen[c.Name] {
			return fmt.Errorf("column %s: expected one, found two", c.Name)
		}
		w.seen[c.Name] = true
		if width += c.Width; width > maxWidth {
			return fmt.Errorf("expected at most %d values an atom, found more", maxWidth)
		}
	}
	return nil
}

// check says what keeps a column of n atoms from being written.
func (c *Column) check(n int) error {
	if _, taken := structural[c.Name]; taken || c.Name == "" || strings.ContainsAny(c.Name, ":\r\n") {
		return fmt.Errorf("name %q: expected another one, without colons", c.Name)
	}
	var length int
	switch c.Kind {
	case Real:
		length = len(c.Reals)
	case Integer:
		length = len(c.Integers)
	case Logical:
		length = len(c.Bools)
	case String:
		length = len(c.Strings)
	default:
		return fmt.Errorf("kind %q: expected R, I, S or L", c.Kind)
	}
	if c.Width < 1 || c.Width > maxWidth || length != n*c.Width {
		return fmt.Errorf("%d values for %d atoms of width %d", length, n, c.Width)
	}
	for _, s := range c.Strings {
		if s == "" || strings.ContainsAny(s, " \t\v\f\r\n") {
			return fmt.Errorf("text %q: expected no blanks", s)
		}
	}
	return nil
}
