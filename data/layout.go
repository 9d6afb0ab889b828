package data

import (
	"fmt"
	"slices"
	"strconv"

	"painless/atoms"
	"painless/internal/vec"
)

// layout is what the words of an atom's line are, in order. The frames of a
// file mostly share one.
type layout struct {
	text       string // of Properties; empty where there is none
	properties []property
	target     []int    // of each property: an index into columns, or one of the below
	columns    []Column // without values
	words      [][]byte // of the line being read
	atoms      int      // of the last frame that was read with this layout

	// of the frame being read
	unit     float64  // of the positions, Å
	types    bool     // numbers in place of elements are a program's types of atoms
	numbers  bool     // a word in place of a symbol is a number
	isotopes []string // the elements' words, once one of them is D or T
	symbol   int      // atomic number of the atom's symbol beside its Z, or 0
	differ   bool     // a symbol and a Z differ
}

const (
	species = -1 - iota
	position
	atomicNumber
	unused
)

// structural is the names of the properties that are the structure itself, as in ASE.
var structural = map[string]int{
	"species": species, "symbols": species,
	"pos": position, "positions": position,
	"Z": atomicNumber, "numbers": atomicNumber,
}

// plainLayout is the layout where there is no Properties.
func plainLayout() *layout {
	return &layout{
		properties: []property{{"species", String, 1}, {"pos", Real, 3}},
		target:     []int{species, position},
		words:      make([][]byte, 4),
	}
}

// newLayout reads Properties. Atomic numbers go before symbols, as in ASE;
// element is the species where nothing else is.
func newLayout(text string) (*layout, error) {
	if text == "" {
		return plainLayout(), nil
	}
	properties, err := parseProperties(text)
	if err != nil {
		return nil, err
	}
	has := map[int]bool{}
	for _, p := range properties {
		target, ok := structural[p.name]
		if ok && has[target] {
			return nil, fmt.Errorf("key Properties: expected one column of the species, of Z and of pos, found also %s", p.name)
		}
		has[target] = has[target] || ok
	}
	l := &layout{text: text, properties: properties}
	width := 0
	for _, p := range properties {
		target, ok := structural[p.name]
		if !ok && p.name == "element" && !has[species] && !has[atomicNumber] {
			target, ok, has[species] = species, true, true
		}
		if !ok {
			target = len(l.columns)
			l.columns = append(l.columns, Column{Name: p.name, Kind: p.kind, Width: p.width})
		} else if err := p.check(target); err != nil {
			return nil, err
		}
		if target == species && has[atomicNumber] {
			target = unused
		}
		l.target = append(l.target, target)
		width += p.width
	}
	if !has[position] {
		return nil, fmt.Errorf("key Properties: expected pos:R:3, found %.80q", text)
	}
	if !has[species] && !has[atomicNumber] {
		return nil, fmt.Errorf("key Properties: expected species:S:1 or Z:I:1, found %.80q", text)
	}
	l.words = make([][]byte, width)
	return l, nil
}

// check says whether a property of the structure has its kind and width.
func (p property) check(target int) error {
	kinds, width := map[int]string{species: "SI", position: "RI", atomicNumber: "I"}[target], 1
	if target == position {
		width = 3
	}
	if !slices.Contains([]byte(kinds), byte(p.kind)) || p.width != width {
		return fmt.Errorf("key Properties: expected %s:%c:%d, found %s:%c:%d", p.name, kinds[0], width, p.name, p.kind, p.width)
	}
	return nil
}

// start gives a frame of n atoms its columns, and no more room in advance than
// the last frame filled.
func (l *layout) start(f header, n int) {
	l.unit, l.types, l.numbers, l.isotopes, l.symbol, l.differ = f.unit, f.types, false, nil, 0, false
	n = min(n, l.atoms)
	f.Numbers = slices.Grow(f.Numbers, n)
	f.Positions = slices.Grow(f.Positions, n)
	f.Columns = slices.Clone(l.columns)
	for i := range f.Columns {
		c := &f.Columns[i]
		switch c.Kind {
		case Real:
			c.Reals = slices.Grow(c.Reals, n*c.Width)
		case Integer:
			c.Integers = slices.Grow(c.Integers, n*c.Width)
		case Logical:
			c.Bools = slices.Grow(c.Bools, n*c.Width)
		default:
			c.Strings = slices.Grow(c.Strings, n*c.Width)
		}
	}
}

// Isotopes is the column of the elements' names where some are D or T.
const Isotopes = "isotope"

// finish says how the elements were read.
func (l *layout) finish(f *Frame) {
	if l.numbers {
		f.warn("numbers in place of the elements' symbols are read as atomic numbers")
	}
	if l.differ {
		f.warn("symbols and atomic numbers differ: the numbers are read")
	}
	if l.isotopes != nil {
		f.warn("D and T are read as hydrogen; the column " + Isotopes + " keeps the names")
		if f.Column(Isotopes) == nil {
			f.Columns = append(f.Columns, Column{Name: Isotopes, Kind: String, Width: 1, Strings: l.isotopes})
		}
	}
}

// atom adds the atom of a line to the frame.
func (l *layout) atom(f *Frame, line []byte) error {
	n, rest := splitWords(l.words, line)
	if l.text != "" {
		n += countWords(rest)
	}
	if n != len(l.words) {
		return fmt.Errorf("expected %d columns, found %d in %.60q", len(l.words), n, line)
	}
	words := l.words
	for k, p := range l.properties {
		if err := l.property(f, p.kind, l.target[k], words[:p.width]); err != nil {
			return fmt.Errorf("atom %d: %s: %w", len(f.Positions), p.name, err)
		}
		words = words[p.width:]
	}
	l.differ = l.differ || l.symbol != 0 && l.symbol != f.Numbers[len(f.Numbers)-1]
	return nil
}

// splitWords fills words with the first ones of a line. It returns how many
// there were, and what follows them.
func splitWords(words [][]byte, line []byte) (n int, rest []byte) {
	i := 0
	for ; n < len(words); n++ {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		if i == len(line) {
			break
		}
		start := i
		for i < len(line) && !isBlank(line[i]) {
			i++
		}
		words[n] = line[start:i]
	}
	return n, line[i:]
}

func countWords(line []byte) (count int) {
	var words [16][]byte
	for n := -1; n != 0; count += n {
		n, line = splitWords(words[:], line)
	}
	return count
}

func isBlank(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }

func (l *layout) property(f *Frame, kind Kind, target int, words [][]byte) error {
	switch target {
	case species:
		z, err := l.element(f, kind, words[0])
		f.Numbers = append(f.Numbers, z)
		return err
	case position:
		var r [3]float64
		for c, word := range words {
			x, err := parseFloat(word)
			if err != nil {
				return fmt.Errorf("%c coordinate: %w", "xyz"[c], err)
			}
			if r[c] = x * l.unit; !vec.Finite(r[c]) {
				return fmt.Errorf("%c coordinate: expected a finite number, found %q", "xyz"[c], word)
			}
		}
		f.Positions = append(f.Positions, r)
		return nil
	case atomicNumber:
		z, err := parseAtomicNumber(words[0])
		f.Numbers = append(f.Numbers, z)
		return err
	case unused:
		l.symbol, _ = atoms.AtomicNumber(string(words[0])) // 0 for a label such as C1
		return nil
	}
	return f.Columns[target].add(words)
}

// add reads the words of an atom as the column's kind.
func (c *Column) add(words [][]byte) error {
	for _, word := range words {
		switch c.Kind {
		case Real:
			x, err := parseFloat(word)
			if err != nil {
				return err
			}
			c.Reals = append(c.Reals, x)
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
	}
	return nil
}

// element reads the word of an atom's element.
func (l *layout) element(f *Frame, kind Kind, word []byte) (int, error) {
	z, ok := atoms.AtomicNumber(string(word))
	isotope := !ok && isIsotope(word)
	switch {
	case isotope:
		z = 1
		for i := len(l.isotopes); i < len(f.Numbers); i++ {
			l.isotopes = append(l.isotopes, atoms.Symbol(f.Numbers[i]))
		}
		l.isotopes = append(l.isotopes, string(word))
	case !ok:
		var err error
		if z, err = parseAtomicNumber(word); err != nil {
			return 0, fmt.Errorf("expected the symbol of an element, or its atomic number, found %.40q", word)
		}
		if l.types {
			return 0, fmt.Errorf("expected the symbol of an element, as LAMMPS's types of atoms are no atomic numbers, found %.40q", word)
		}
		l.numbers = l.numbers || kind == String
	}
	if l.isotopes != nil && !isotope {
		l.isotopes = append(l.isotopes, atoms.Symbol(z))
	}
	return z, nil
}

func parseAtomicNumber(word []byte) (int, error) {
	z, err := strconv.Atoi(string(word))
	if err != nil || z < 1 || z > atoms.MaxNumber {
		return 0, fmt.Errorf("expected an atomic number from 1 to %d, found %.40q", atoms.MaxNumber, word)
	}
	return z, nil
}
