package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Comments of other programs' files state cells and units in ways that nothing
// standardizes. What is clearly stated and would be passed over is an error; what
// is mentioned is a warning.

// maxText is how much of a free text is looked at.
const maxText = 1 << 16 // bytes

// cellNames is words, or parts of words as in box_size, for a cell.
var cellNames = set("cell", "unitcell", "simcell", "supercell", "cellpar", "celldm", "cellsize", "lattice", "latt", "alat",
	"latticevectors", "cellvectors", "box", "simbox", "boxsize", "boxlength", "dimensions", "tv", "cryst1", "pbc", "periodic")

// fillers is words that may stand between the name of a cell and its numbers.
var fillers = set("x", "a", "b", "c", "å", "ang", "angs", "angstrom", "size", "sizes", "vector", "vectors", "parameter", "parameters", "params",
	"length", "lengths", "dimension", "dimensions", "dims", "matrix", "abc", "abcabc", "h", "is", "of", "the", "in", "and", "bohr", "nm", "tensor")

// lengthUnits is words for what positions may be in that is not Å.
var lengthUnits = set("bohr", "bohrs", "a.u", "au", "atomic_unit", "atomic_units", "atomicunits", "nm", "nanometer", "nanometers", "nanometre",
	"nanometres", "pm", "picometer", "picometers", "fractional", "fract", "frac")

// positionNames is parts of keys for positions, and scaledPositions is what else than lengths they may be.
var (
	positionNames   = set("pos", "position", "positions", "coord", "coords", "coordinate", "coordinates", "scaled")
	scaledPositions = set("fractional", "frac", "fract", "scaled", "direct", "crystal", "reduced", "relative")
)

// ourUnits is words for the units that are read.
var ourUnits = set("å", "a", "ang", "angstrom", "angstroms", "ev", "metal", "ase")

// otherDimensions is words for what is neither a length nor a cell.
var otherDimensions = set("energy", "energies", "force", "forces", "stress", "virial", "time", "velocity", "velocities", "charge", "charges", "temperature", "pressure", "dipole", "momentum", "field", "origin")

func set(words ...string) map[string]bool {
	s := make(map[string]bool, len(words))
	for _, w := range words {
		s[w] = true
	}
	return s
}

// isWordRune says whether a word goes on: in keys, and in free text.
func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.+-", r)
}

// textWords is the words and numbers of a text, in small letters, without the dot
// at a sentence's end. AU and Au, which may be gold, are none of the units.
func textWords(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !isWordRune(r) })
	for i, w := range words {
		if words[i] = strings.TrimRight(strings.ToLower(w), "."); w == "Au" || w == "AU" {
			words[i] = "gold"
		}
	}
	return words
}

// fieldWords is the keys of fields, and the numbers of those that are a few of them,
// with an empty word after each. Values that are text are their writer's own.
func fieldWords(fields []Field) (words []string) {
	for _, f := range fields {
		key := textWords(f.Key)
		words = append(words, key...)
		if f.Value == "T" {
			continue
		}
		if isNumbers(f.Value, 1, 3, 6, 9) {
			words = append(words, strings.FieldsFunc(unnested(f.Value), isSeparator)...)
		}
		words = append(words, "")
	}
	return words
}

// isNumbers says whether a value is nothing but numbers, as many as one of counts.
func isNumbers(value string, counts ...int) bool {
	n := 0
	for word := range strings.FieldsFuncSeq(unnested(value), isSeparator) {
		if n++; !isNumber(word) {
			return false
		}
	}
	return slices.Contains(counts, n)
}

func isNumber(word string) bool {
	if word == "" || len(word) > 64 || strings.IndexByte("+-.0123456789", word[0]) < 0 { // as inf
		return false
	}
	_, err := parseFloat([]byte(word))
	return err == nil
}

// isCellName says whether a part of a word is a name of a cell.
func isCellName(word string) bool {
	return slices.ContainsFunc(parts(word), func(part string) bool { return cellNames[part] })
}

func parts(word string) []string { return strings.FieldsFunc(word, notAlphanumeric) }

func notAlphanumeric(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// otherCell looks for a cell in the words of a comment that gave none: one with its
// numbers is an error.
func (f *Frame) otherCell(words []string) error {
	for _, names := range edgeNames {
		if i := edges(words, names); i >= 0 {
			return statedCell(words[i:])
		}
	}
	for i, word := range words {
		if !isCellName(word) {
			continue
		}
		if n := numbersOf(words[i+1:]); n >= 3 && word != "supercell" {
			return statedCell(words[i:])
		}
		f.warn(fmt.Sprintf("the comment mentions %.40q: no cell is read from it", word))
	}
	return nil
}

// numbersInRow warns of as many numbers in a row in a free text as a cell has, unless
// a word before them says what else they are.
func (f *Frame) numbersInRow(words []string) {
	for i := 0; i < len(words); i++ {
		n := 0
		for i+n < len(words) && isNumber(words[i+n]) {
			n++
		}
		named := i > 0 && otherDimensions[words[i-1]]
		if (n == 3 || n == 6 || n == 9) && !named {
			f.warn(fmt.Sprintf("the comment has %d numbers in a row: they are not read as a cell", n))
		}
		i += n
	}
}

func statedCell(words []string) error {
	return fmt.Errorf("comment line: expected a cell as Lattice=\"ax ay az bx by bz cx cy cz\" in Å, or pbc=\"F F F\" for none, found %.60q", strings.Join(words[:min(len(words), 12)], " "))
}

// edgeNames is what the three vectors of a cell, or their lengths, are called.
var edgeNames = [...][3]string{{"a", "b", "c"}, {"a1", "a2", "a3"}, {"lx", "ly", "lz"}, {"vec1", "vec2", "vec3"}}

// edges is where three names stand in order, each before a number; −1 if nowhere.
func edges(words []string, names [3]string) int {
	first, k := -1, 0
	for i := range len(words) - 1 {
		if words[i] != names[k] || !isNumber(words[i+1]) {
			continue
		}
		if k == 0 {
			first = i
		}
		if k++; k == len(names) {
			return first
		}
	}
	return -1
}

// numbersOf is how many numbers stand at the beginning, with fillers between.
func numbersOf(words []string) (n int) {
	for _, word := range words {
		switch {
		case isNumber(word):
			n++
		case !fillers[word]:
			return n
		}
	}
	return n
}

// otherUnits warns of lengths' units in the words of a comment.
func (f *Frame) otherUnits(words []string) {
	for i, word := range words {
		if lengthUnits[word] || word == "atomic" && i+1 < len(words) && strings.HasPrefix(words[i+1], "unit") {
			f.warn(fmt.Sprintf("the comment mentions %q: positions are read in Å", word))
		}
	}
}

// unitFields is an error where a field states another unit of lengths, and warns
// where one states what is not known.
func (f *Frame) unitFields() error {
	for _, field := range f.Info {
		key := parts(strings.ToLower(field.Key))
		if slices.ContainsFunc(key, func(part string) bool { return positionNames[part] }) && scaledPositions[strings.ToLower(field.Value)] {
			return fmt.Errorf("key %.40s: expected positions in Å, found %.40q", field.Key, field.Value)
		}
		if !slices.Contains(key, "unit") && !slices.Contains(key, "units") {
			continue
		}
		lengths := !slices.ContainsFunc(key, func(part string) bool { return otherDimensions[part] })
		words := textWords(field.Value)
		switch {
		case lengths && slices.ContainsFunc(words, func(w string) bool { return lengthUnits[w] }):
			return fmt.Errorf("key %.40s: expected lengths in Å, found %.40q", field.Key, field.Value)
		case slices.ContainsFunc(words, func(w string) bool { return !ourUnits[w] }):
			f.warn(fmt.Sprintf("%.40s is not read: lengths are in Å, energies in eV", field.Key))
		}
	}
	return nil
}

// electrons is what counts a structure's electrons, and its value where there is
// nothing to say of it.
var electrons = map[string]float64{"charge": 0, "total_charge": 0, "multiplicity": 1, "spin_multiplicity": 1}

// electronFields warns where a field states a charge or unpaired electrons, as
// networks know elements and positions alone.
func (f *Frame) electronFields() {
	for _, field := range f.Info {
		usual, ok := electrons[strings.ToLower(field.Key)]
		if x, err := strconv.ParseFloat(field.Value, 64); ok && err == nil && x != usual {
			f.warn(fmt.Sprintf("%.40s=%.20s is not read: students know elements and positions alone", field.Key, field.Value))
		}
	}
}
