package data

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// layout is what the words of an atom's line are, in order.
type layout struct {
	properties []property
	target     []int    // of each property: an index into Columns, or one of the below
	words      [][]byte // of the line being read
	width      int      // words in a line
	plain      bool     // more words than width may follow
	numbers    []int    // from a column of atomic numbers
}

const (
	species = -1 - iota
	position
	atomicNumber
)

func plainLayout() *layout {
	return &layout{
		properties: []property{{"species", String, 1}, {"pos", Real, 3}},
		target:     []int{species, position},
		width:      4,
		plain:      true,
	}
}

// newLayout reads Properties and makes the frame's columns.
func newLayout(f *Frame, text string) (*layout, error) {
	properties, err := parseProperties(text)
	if err != nil {
		return nil, err
	}
	l := &layout{properties: properties}
	has := map[int]bool{}
	for _, p := range properties {
		target := len(f.Columns)
		switch {
		case (p.name == "species" || p.name == "symbols" || p.name == "element") && p.kind == String && p.width == 1 && !has[species]:
			target = species
		case (p.name == "pos" || p.name == "positions") && p.kind == Real && p.width == 3 && !has[position]:
			target = position
		case (p.name == "Z" || p.name == "numbers") && p.kind == Integer && p.width == 1 && !has[atomicNumber]:
			target = atomicNumber
		default:
			f.Columns = append(f.Columns, Column{Name: p.name, Kind: p.kind, Width: p.width})
		}
		has[target] = true
		l.target = append(l.target, target)
		l.width += p.width
	}
	if !has[position] {
		return nil, fmt.Errorf("key Properties: expected pos:R:3, found %.80q", text)
	}
	if !has[species] && !has[atomicNumber] {
		return nil, fmt.Errorf("key Properties: expected species:S:1 or Z:I:1, found %.80q", text)
	}
	return l, nil
}

// atom adds the atom of a line to the frame.
func (l *layout) atom(f *Frame, line []byte) error {
	l.words = splitWords(l.words[:0], line)
	if len(l.words) < l.width || len(l.words) > l.width && !l.plain {
		return fmt.Errorf("expected %d columns, found %d in %.60q", l.width, len(l.words), line)
	}
	words := l.words
	for k, p := range l.properties {
		if err := l.property(f, p, l.target[k], words[:p.width]); err != nil {
			return err
		}
		words = words[p.width:]
	}
	return nil
}

// splitWords appends the words between blanks.
func splitWords(words [][]byte, line []byte) [][]byte {
	for {
		line = bytes.TrimLeft(line, " \t\v\f\r")
		if len(line) == 0 {
			return words
		}
		end := bytes.IndexAny(line, " \t\v\f\r")
		if end < 0 {
			return append(words, line)
		}
		words, line = append(words, line[:end]), line[end:]
	}
}

func (l *layout) property(f *Frame, p property, target int, words [][]byte) error {
	switch target {
	case species:
		z, err := parseElement(words[0])
		f.Numbers = append(f.Numbers, z)
		return err
	case position:
		var r [3]float64
		for c, word := range words {
			x, err := parseFloat(word)
			if err != nil {
				return fmt.Errorf("%c coordinate: %w", "xyz"[c], err)
			}
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%c coordinate: expected a finite number, found %q", "xyz"[c], word)
			}
			r[c] = x
		}
		f.Positions = append(f.Positions, r)
		return nil
	case atomicNumber:
		z, err := strconv.Atoi(string(words[0]))
		if err != nil || z < 1 || z > len(elements) {
			return fmt.Errorf("%s: expected an atomic number from 1 to %d, found %.40q", p.name, len(elements), words[0])
		}
		l.numbers = append(l.numbers, z)
		return nil
	}
	for _, word := range words {
		if err := f.Columns[target].add(word); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// add reads a word as the column's kind.
func (c *Column) add(word []byte) error {
	switch c.Kind {
	case Real:
		x, err := parseFloat(word)
		c.Reals = append(c.Reals, x)
		return err
	case Integer:
		x, err := strconv.Atoi(string(word))
		if err != nil {
			return fmt.Errorf("expected an integer, found %.40q", word)
		}
		c.Integers = append(c.Integers, x)
	case Logical:
		x, ok := parseBool(string(word))
		if !ok {
			return fmt.Errorf("expected T or F, found %.40q", word)
		}
		c.Bools = append(c.Bools, x)
	default:
		c.Strings = append(c.Strings, string(word))
	}
	return nil
}

// finish settles the elements: a column of atomic numbers goes before symbols, as in ASE.
func (l *layout) finish(f *Frame) {
	if l.numbers != nil {
		f.Numbers = l.numbers
	}
}

func parseElement(word []byte) (int, error) {
	if z, ok := AtomicNumber(string(word)); ok {
		return z, nil
	}
	if z, err := strconv.Atoi(string(word)); err == nil && z >= 1 && z <= len(elements) {
		return z, nil
	}
	return 0, fmt.Errorf("expected the symbol of an element, or its atomic number, found %.40q", word)
}
