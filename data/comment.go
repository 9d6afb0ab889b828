package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// closing is the delimiter that ends a quoted value.
var closing = [256]byte{'"': '"', '\'': '\'', '{': '}', '[': ']'}

// The keys of the structure.
const (
	keyLattice    = "Lattice"
	keyProperties = "Properties"
	keyPBC        = "pbc"
)

var structureKeys = [...]string{keyLattice, keyProperties, keyPBC}

// maxFields is more info than any comment line has, and few enough to look through one by one.
const maxFields = 1000

var errFields = fmt.Errorf("comment line: expected at most %d keys beside the structure's, found more", maxFields)

// comment is a comment line's key=value pairs.
type comment struct {
	fields []Field
	flags  int  // of them, keys that stand alone, which are T
	odd    bool // a quote or bracket has no pair: it was read as a letter
	hidden bool // a key of the structure stands in a quoted value
}

// quoting is how quotes, brackets and backslashes are read.
type quoting byte

const (
	asASE    quoting = iota // a quote anywhere, and a backslash before what stands for itself
	atStarts                // a quote where a word begins; others are letters
	literal                 // atStarts, and a backslash is a letter
)

// parseComment reads key=value pairs, as ASE does: values in double or single
// quotes, braces or brackets, a backslash before a character that stands for
// itself, blanks around the = or not, and keys that stand alone. A value of
// nothing but blanks is empty. Unlike ASE it reads "a= b=1", which is how ASE
// writes an empty a, as two keys. Where a quote has no pair, or the quotes pair so
// that a key of the structure disappears, quotes within words are letters, as in
// 2'-deoxyribose and 5", and then backslashes too, as in "D:\".
func parseComment(line string) (comment, error) {
	var first comment
	var firstErr error
	for q := asASE; q <= literal; q++ {
		p := commentParser{quoting: q, line: line, word: make([]byte, 0, len(line))}
		err := p.parse()
		c := comment{fields: p.fields, flags: p.flags, odd: q != asASE, hidden: p.hides()}
		if err != nil && !errors.Is(err, errUnpaired) || err == nil && !c.hidden {
			return c, err
		}
		if q == asASE {
			first, firstErr = c, err
		}
	}
	return first, firstErr
}

var errUnpaired = errors.New("comment line: expected every quote and bracket to have its pair")

// commentParser goes through a comment line byte by byte, as old files are in old
// encodings.
type commentParser struct {
	quoting
	line   string
	fields []Field
	flags  int

	key, word []byte
	ends      []byte // what ends the quotes and brackets that we are in
	inValue   bool   // word follows an =
	filled    bool   // word has begun, perhaps with an empty quote
	apart     bool   // blanks stand between the = and word
	alone     bool   // the last field is a key without =, so far
}

func (p *commentParser) parse() error {
	last := [256]int{} // where a delimiter stands for the last time
	for _, end := range []byte(`"'}]`) {
		last[end] = strings.LastIndexByte(p.line, end)
	}
	escaped := false
	for i := range len(p.line) {
		b := p.line[i]
		opens := closing[b] != 0 && (p.quoting == asASE || !p.filled && i < last[closing[b]])
		switch {
		case escaped:
			p.word = append(p.word, b)
			escaped = false
		case b == '\\' && p.quoting != literal:
			escaped, p.filled = true, true
		case len(p.ends) > 0:
			p.quoted(b)
		case opens:
			p.ends, p.filled = append(p.ends, closing[b]), true
		case isBlank(b) && p.inValue && !p.filled:
			p.apart = true
		case isBlank(b):
			if err := p.finish(); err != nil {
				return err
			}
		case b == '=' && !p.inValue && !p.filled && p.alone: // key =
			p.key = append(p.key, p.fields[len(p.fields)-1].Key...)
			p.fields = p.fields[:len(p.fields)-1]
			p.flags--
			p.inValue = true
		case b == '=' && (!p.inValue || p.apart && p.filled):
			if err := p.equals(); err != nil {
				return err
			}
		default:
			p.word = append(p.word, b)
			p.filled = true
		}
	}
	if len(p.ends) > 0 {
		return errUnpaired
	}
	return p.finish()
}

// quoted takes a byte within quotes or brackets. Brackets within brackets are kept, as
// in [[1, 0, 0], [0, 1, 0], [0, 0, 1]].
func (p *commentParser) quoted(b byte) {
	inner, end := len(p.ends), p.ends[len(p.ends)-1]
	switch {
	case b == end:
		if p.ends = p.ends[:inner-1]; inner == 1 {
			return
		}
	case (b == '[' || b == '{') && (end == ']' || end == '}'):
		p.ends = append(p.ends, closing[b])
	}
	p.word = append(p.word, b)
}

// equals makes word the key of the value that follows.
func (p *commentParser) equals() error {
	if p.inValue { // the value was empty, and word is the next key
		next := p.word
		p.word = nil
		if err := p.finish(); err != nil {
			return err
		}
		p.word = next
	}
	p.key, p.word = p.word, p.key[:0]
	p.inValue, p.filled = true, false
	return nil
}

// finish makes a field of what has been read, if anything.
func (p *commentParser) finish() error {
	if !p.filled && !p.inValue {
		return nil
	}
	field := Field{string(p.key), string(p.word)}
	if p.alone = !p.inValue; p.alone {
		field = Field{string(p.word), "T"}
		p.flags++
	}
	if strings.TrimSpace(field.Value) == "" {
		field.Value = ""
	}
	p.key, p.word = p.key[:0], p.word[:0]
	p.inValue, p.filled, p.apart = false, false, false
	if field.Key == "" {
		return fmt.Errorf("comment line: expected a key before %.40q", "="+field.Value)
	}
	if len(p.fields) == maxFields+len(structureKeys) {
		return errFields
	}
	p.fields = append(p.fields, field)
	return nil
}

// hides says whether a key of the structure stands in the line and is no field.
func (p *commentParser) hides() bool {
	for _, key := range structureKeys {
		if gives(p.line, key) && !slices.ContainsFunc(p.fields, func(f Field) bool { return f.Key == key }) {
			return true
		}
	}
	return false
}

// gives says whether a word of a line is a key and an = follows it.
func gives(line, key string) bool {
	for from := 0; ; from += len(key) {
		i := strings.Index(line[from:], key)
		if i < 0 {
			return false
		}
		from += i
		begins := from == 0 || isBlank(line[from-1])
		if begins && strings.HasPrefix(strings.TrimLeft(line[from+len(key):], " \t"), "=") {
			return true
		}
	}
}

// appendField writes a field so that parseComment, and ASE, read it back.
func appendField(line []byte, f Field) []byte {
	line = appendQuoted(line, f.Key)
	line = append(line, '=')
	if f.Value == "" {
		f.Value = " " // ASE takes what follows "" for the value
	}
	return append(appendQuoted(line, f.Value), ' ')
}

func appendQuoted(line []byte, text string) []byte {
	special := func(r rune) bool {
		return r <= ' ' || unicode.IsSpace(r) || strings.ContainsRune("=\\\"'{}[]", r)
	}
	if strings.IndexFunc(text, special) < 0 {
		return append(line, text...)
	}
	line = append(line, '"')
	for _, r := range []byte(text) {
		if r == '"' || r == '\\' {
			line = append(line, '\\')
		}
		line = append(line, r)
	}
	return append(line, '"')
}

// parsePBC reads "T F T", or one value for all three directions.
func parsePBC(text string) (pbc [3]bool, err error) {
	n := 0
	for word := range strings.FieldsFuncSeq(text, isSeparator) {
		if n++; n > 3 {
			break
		}
		var ok bool
		if pbc[n-1], ok = parseBool(word); !ok {
			return pbc, fmt.Errorf("key pbc: expected T or F, found %.40q", word)
		}
	}
	switch n {
	case 1:
		return [3]bool{pbc[0], pbc[0], pbc[0]}, nil
	case 3:
		return pbc, nil
	}
	return pbc, fmt.Errorf("key pbc: expected three of T and F, found %.40q", text)
}

func isPBC(text string) bool {
	_, err := parsePBC(text)
	return err == nil
}

// property is an entry of Properties=, such as pos:R:3.
type property struct {
	name  string
	kind  Kind
	width int
}

// maxWidth is more columns than any file has, and few enough to allocate.
const maxWidth = 10_000

func parseProperties(text string) ([]property, error) {
	words := strings.SplitN(text, ":", 3*maxWidth+1)
	if len(words)%3 != 0 {
		return nil, fmt.Errorf("key Properties: expected name:kind:width, again and again, found %.80q", text)
	}
	var list []property
	seen, total := map[string]bool{}, 0
	for ; len(words) > 0; words = words[3:] {
		p := property{name: words[0]}
		if p.name == "" || seen[p.name] {
			return nil, fmt.Errorf("key Properties: expected a new name before %.40q, found %.40q", words[1], p.name)
		}
		seen[p.name] = true
		if kind := words[1]; len(kind) != 1 || !strings.Contains("RISL", kind) {
			return nil, fmt.Errorf("key Properties: expected kind R, I, S or L for %.40s, found %.40q", p.name, kind)
		}
		p.kind = Kind(words[1][0])
		var err error
		if p.width, err = strconv.Atoi(words[2]); err != nil || p.width < 1 || p.width > maxWidth {
			return nil, fmt.Errorf("key Properties: expected a width from 1 to %d for %.40s, found %.40q", maxWidth, p.name, words[2])
		}
		if total += p.width; total > maxWidth {
			return nil, fmt.Errorf("key Properties: expected at most %d values an atom, found more", maxWidth)
		}
		list = append(list, p)
	}
	return list, nil
}

func parseBool(word string) (value, ok bool) {
	switch word {
	case "T", "True", "TRUE", "true", "1":
		return true, true
	case "F", "False", "FALSE", "false", "0":
		return false, true
	}
	return false, false
}
