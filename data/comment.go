package data

import (
	"fmt"
	"strconv"
	"strings"
)

// closing is the delimiter that ends a quoted value.
var closing = map[byte]byte{'"': '"', '\'': '\'', '{': '}', '[': ']'}

// parseComment reads key=value pairs, as ASE does: values quoted by "", ”, {}
// or [], a backslash before a character that stands for itself, and keys that
// stand alone, which are T.
func parseComment(line string) ([]Field, error) {
	var fields []Field
	var key, word strings.Builder
	inValue, filled := false, false // filled: something, perhaps an empty quote, stands since the last blank
	var end byte                    // what ends the quote that we are in
	escaped := false
	finish := func() error {
		switch {
		case !filled:
		case inValue && key.Len() == 0:
			return fmt.Errorf("comment line: expected a key before %.40q", "="+word.String())
		case inValue:
			fields = append(fields, Field{key.String(), word.String()})
		default:
			fields = append(fields, Field{word.String(), "T"})
		}
		key.Reset()
		word.Reset()
		inValue, filled = false, false
		return nil
	}
	for _, r := range []byte(line) { // bytes, as old files are in old encodings
		switch {
		case escaped:
			word.WriteByte(r)
			escaped = false
		case r == '\\':
			escaped, filled = true, true
		case end != 0 && r == end:
			end = 0
		case end != 0:
			word.WriteByte(r)
		case closing[r] != 0:
			end, filled = closing[r], true
		case r == ' ' || r == '\t':
			if err := finish(); err != nil {
				return nil, err
			}
		case r == '=' && !inValue:
			key.WriteString(word.String())
			word.Reset()
			inValue, filled = true, true
		default:
			word.WriteByte(r)
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
	return append(appendQuoted(line, f.Value), ' ')
}

func appendQuoted(line []byte, text string) []byte {
	if text != "" && !strings.ContainsAny(text, " \t=\\\"'{}[]") {
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

// property is an entry of Properties=, such as pos:R:3.
type property struct {
	name  string
	kind  Kind
	width int
}

// maxWidth is more columns than any file has, and few enough to allocate.
const maxWidth = 10_000

func parseProperties(text string) ([]property, error) {
	words := strings.Split(text, ":")
	if len(words)%3 != 0 {
		return nil, fmt.Errorf("key Properties: expected name:kind:width, again and again, found %.80q", text)
	}
	var list []property
	seen, total := map[string]bool{}, 0
	for ; len(words) > 0; words = words[3:] {
		p := property{name: words[0]}
		if p.name == "" || seen[p.name] {
			return nil, fmt.Errorf("key Properties: expected a new name before %q, found %q", words[1], p.name)
		}
		seen[p.name] = true
		if kind := words[1]; len(kind) != 1 || !strings.Contains("RISL", kind) {
			return nil, fmt.Errorf("key Properties: expected kind R, I, S or L for %s, found %q", p.name, kind)
		}
		p.kind = Kind(words[1][0])
		var err error
		if p.width, err = strconv.Atoi(words[2]); err != nil || p.width < 1 || p.width > maxWidth {
			return nil, fmt.Errorf("key Properties: expected a width from 1 to %d for %s, found %q", maxWidth, p.name, words[2])
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
