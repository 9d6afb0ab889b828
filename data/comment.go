package data

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// closing is the delimiter that ends a quoted value.
var closing = [256]byte{'"': '"', '\'': '\'', '{': '}', '[': ']'}

// The keys of the structure; as in ASE, capitals matter.
const (
	keyLattice    = "Lattice"
	keyProperties = "Properties"
	keyPBC        = "pbc"
)

// maxFields is more info than any comment line has, and few enough to look through one by one.
const maxFields = 1000

var errFields = fmt.Errorf("comment line: expected at most %d keys beside the structure's, found more", maxFields)

// isExtended says whether a comment line gives one of the structure's keys a value.
func isExtended(line string) bool {
	for _, key := range []string{keyLattice, keyProperties, keyPBC} {
		for from := 0; ; from += len(key) {
			i := strings.Index(line[from:], key)
			if i < 0 {
				break
			}
			from += i
			begins := from == 0 || isBlank(line[from-1])
			if begins && strings.HasPrefix(strings.TrimLeft(line[from+len(key):], " \t"), "=") {
				return true
			}
		}
	}
	return false
}

// parseComment reads key=value pairs, as ASE does: values in double or single
// quotes, braces or brackets, a backslash before a character that stands for
// itself, blanks around the = or not, and keys that stand alone, which are T.
// A value of nothing but blanks is empty. Unlike ASE it reads "a= b=1", which
// is how ASE writes an empty a, as two keys.
func parseComment(line string) ([]Field, error) {
	var fields []Field
	var key, word []byte
	var end byte // what ends the quote that we are in
	escaped := false
	inValue := false // word follows an =
	filled := false  // word has begun, perhaps with an empty quote
	apart := false   // blanks stand between the = and word
	alone := false   // the last field is a key without =, so far
	finish := func() error {
		if !filled && !inValue {
			return nil
		}
		field := Field{string(key), string(word)}
		if alone = !inValue; alone {
			field = Field{string(word), "T"}
		}
		if strings.TrimSpace(field.Value) == "" {
			field.Value = ""
		}
		key, word = key[:0], word[:0]
		inValue, filled, apart = false, false, false
		if field.Key == "" {
			return fmt.Errorf("comment line: expected a key before %.40q", "="+field.Value)
		}
		if len(fields) == maxFields+3 { // Lattice, Properties, pbc
			return errFields
		}
		fields = append(fields, field)
		return nil
	}
	for _, r := range []byte(line) { // bytes, as old files are in old encodings
		switch {
		case escaped:
			word = append(word, r)
			escaped = false
		case r == '\\':
			escaped, filled = true, true
		case end != 0 && r == end:
			end = 0
		case end != 0:
			word = append(word, r)
		case closing[r] != 0:
			end, filled = closing[r], true
		case isBlank(r) && inValue && !filled:
			apart = true
		case isBlank(r):
			if err := finish(); err != nil {
				return nil, err
			}
		case r == '=' && !inValue && !filled && alone: // key =
			key = append(key, fields[len(fields)-1].Key...)
			fields = fields[:len(fields)-1]
			inValue = true
		case r == '=' && (!inValue || apart && filled):
			if inValue { // the value was empty, and word is the next key
				next := word
				word = nil
				if err := finish(); err != nil {
					return nil, err
				}
				word = next
			}
			key, word = word, key[:0]
			inValue, filled = true, false
		default:
			word = append(word, r)
			filled = true
		}
	}
	if end != 0 {
		return nil, fmt.Errorf("comment line: expected %q to end a value, found the end of the line", end)
	}
	return fields, finish()
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
