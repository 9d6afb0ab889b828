// Package data holds structures and labels on disk: extended XYZ, the format
// of ASE and libAtoms, and plain XYZ, read and written as streams of frames. What
// is read of other programs' dialects is in docs/structures.md.
//
// Lengths are in Å, energies in eV, forces in eV/Å, stress in eV/Å³.
package data

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"painless/atoms"
)

// Frame is a structure with everything else that a file says of it.
type Frame struct {
	atoms.Structure
	Info    []Field  // of the comment line, in order, without Lattice, pbc and Properties
	Columns []Column // of the atoms, in order, without species and pos
	Plain   bool     // the comment is not key=value pairs: Info is one field, Comment

	// Warnings is what a user should know of how the frame was read: what was
	// guessed, and what the file says that is not used. There are few different ones.
	Warnings []string
}

// Comment is the key of a plain XYZ file's comment line in Frame.Info.
const Comment = "comment"

// Field is a key of the comment line and its value as text, unquoted. A key
// that stands alone has the value T.
type Field struct{ Key, Value string }

// Column is a property of the atoms: Width values an atom, in the slice that
// belongs to Kind and row by row, [N, Width].
type Column struct {
	Name     string
	Kind     Kind
	Width    int
	Reals    []float64
	Integers []int
	Strings  []string
	Bools    []bool
}

// Kind is the type of a column's values, as the file writes it.
type Kind byte

// The kinds of columns.
const (
	Real    Kind = 'R'
	Integer Kind = 'I'
	String  Kind = 'S'
	Logical Kind = 'L'
)

// Get is the value of a key; ok is false where there is none.
func (f *Frame) Get(key string) (value string, ok bool) {
	if i := f.field(key); i >= 0 {
		return f.Info[i].Value, true
	}
	return "", false
}

// Floats is the n numbers of a key, separated by blanks or commas. A missing
// key and a value that is not n numbers are errors.
func (f *Frame) Floats(key string, n int) ([]float64, error) {
	value, ok := f.Get(key)
	if !ok {
		return nil, fmt.Errorf("no %s in the comment line", key)
	}
	numbers, err := parseFloats(value, n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return numbers, nil
}

// Set gives a key a value: a number or numbers as the shortest text that reads
// back the same, in place of the value that was there.
func (f *Frame) Set(key string, numbers ...float64) {
	text := make([]string, len(numbers))
	for i, x := range numbers {
		text[i] = strconv.FormatFloat(x, 'g', -1, 64)
	}
	f.SetText(key, strings.Join(text, " "))
}

// SetText gives a key a text, in place of the value that was there. A text of
// blanks reads back as an empty one.
func (f *Frame) SetText(key, value string) {
	if i := f.field(key); i >= 0 {
		f.Info[i].Value = value
		return
	}
	f.Info = append(f.Info, Field{key, value})
}

// SetStress sets stress from xx, yy, zz, yz, xz, xy, eV/Å³, as the nine
// numbers that ASE reads back as the same six.
func (f *Frame) SetStress(s [6]float64) {
	f.Set(StressKey, s[0], s[5], s[4], s[5], s[1], s[3], s[4], s[3], s[2])
}

// Stress is stress as xx, yy, zz, yz, xz, xy, eV/Å³; tension is positive. Six
// numbers are these; of nine that are not symmetric it takes those that ASE takes.
func (f *Frame) Stress() ([6]float64, error) {
	s, _, err := f.tensor(StressKey)
	return s, err
}

// Column is the column of a name, or nil.
func (f *Frame) Column(name string) *Column {
	if i := f.column(name); i >= 0 {
		return &f.Columns[i]
	}
	return nil
}

// Vectors is a column of three reals or integers an atom, [N].
func (f *Frame) Vectors(name string) ([][3]float64, error) {
	c := f.Column(name)
	switch {
	case c == nil:
		return nil, fmt.Errorf("no column %s:R:3", name)
	case c.Kind != Real && c.Kind != Integer || c.Width != 3:
		return nil, fmt.Errorf("column %s: expected three real numbers an atom, R:3, found %c:%d", name, c.Kind, c.Width)
	case c.Kind == Integer:
		vectors := make([][3]float64, len(c.Integers)/3)
		for i, x := range c.Integers {
			vectors[i/3][i%3] = float64(x)
		}
		return vectors, nil
	}
	vectors := make([][3]float64, len(c.Reals)/3)
	for i := range vectors {
		vectors[i] = [3]float64(c.Reals[3*i:])
	}
	return vectors, nil
}

// SetVectors sets a column of three reals an atom, [N], in place of the one of that name.
func (f *Frame) SetVectors(name string, vectors [][3]float64) {
	c := Column{Name: name, Kind: Real, Width: 3, Reals: make([]float64, 0, 3*len(vectors))}
	for i := range vectors {
		c.Reals = append(c.Reals, vectors[i][:]...)
	}
	if i := f.column(name); i >= 0 {
		f.Columns[i] = c
		return
	}
	f.Columns = append(f.Columns, c)
}

// Drop removes the fields and columns of these names.
func (f *Frame) Drop(names ...string) {
	f.Info = slices.DeleteFunc(f.Info, func(field Field) bool { return slices.Contains(names, field.Key) })
	f.Columns = slices.DeleteFunc(f.Columns, func(c Column) bool { return slices.Contains(names, c.Name) })
}

func (f *Frame) field(key string) int {
	return slices.IndexFunc(f.Info, func(field Field) bool { return field.Key == key })
}

func (f *Frame) column(name string) int {
	return slices.IndexFunc(f.Columns, func(c Column) bool { return c.Name == name })
}

// matrix is three rows of three in brackets, as [[1, 0, 0], [0, 1, 0], [0, 0, 1]] or without the outer ones.
var matrix = regexp.MustCompile(`^\s*(\[\s*)?\[([^][]*)\]\s*,\s*\[([^][]*)\]\s*,\s*\[([^][]*)\]\s*(\])?\s*$`)

// unnested is the nine numbers of a matrix row by row, without its brackets; of
// anything else it is the text. In brackets, as in quotes, rows are vectors.
func unnested(text string) string {
	if !strings.Contains(text, "[") {
		return text
	}
	m := matrix.FindStringSubmatch(text)
	if m == nil || (m[1] == "") != (m[5] == "") || slices.ContainsFunc(m[2:5], func(row string) bool { return len(strings.FieldsFunc(row, isSeparator)) != 3 }) {
		return text
	}
	return strings.Join(m[2:5], " ")
}

// parseFloats is n numbers separated by blanks or commas; nine may be a matrix in brackets.
func parseFloats(text string, n int) ([]float64, error) {
	text = unnested(text)
	numbers, found := make([]float64, 0, n), 0
	for word := range strings.FieldsFuncSeq(text, isSeparator) {
		if found++; found > n {
			continue
		}
		x, err := parseFloat([]byte(word))
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, x)
	}
	if found != n {
		return nil, fmt.Errorf("expected %d numbers, found %d in %.60q", n, found, text)
	}
	return numbers, nil
}

func isSeparator(r rune) bool { return r == ' ' || r == ',' || r == '\t' }

// parseFloat reads a number; Fortran's exponents (1.0D-3) too.
func parseFloat(word []byte) (float64, error) {
	x, err := strconv.ParseFloat(string(word), 64)                                        // does not allocate
	if err != nil || bytes.IndexByte(word, 'x') >= 0 || bytes.IndexByte(word, 'X') >= 0 { // hexadecimal
		return parseFortran(string(word))
	}
	return x, nil
}

func parseFortran(word string) (float64, error) {
	if i := strings.IndexAny(word, "dD"); i > 0 && !strings.ContainsAny(word, "xX") {
		if x, err := strconv.ParseFloat(word[:i]+"e"+word[i+1:], 64); err == nil {
			return x, nil
		}
	}
	return 0, fmt.Errorf("expected a number, found %.40q", word)
}
