package checkpoint

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonText is read by who knows what stands in it: objects, texts and lists of
// whole numbers. encoding/json takes names twice and in any case, and makes
// U+FFFD of what is no text, where a header has to have one meaning.
type jsonText struct {
	text string
	pos  int
}

// expected is the error at the present byte.
func (j *jsonText) expected(what string) error {
	rest := j.text[j.pos:]
	if rest == "" {
		return fmt.Errorf("byte %d: expected %s, found the end", j.pos, what)
	}
	return fmt.Errorf("byte %d: expected %s, found %q", j.pos, what, rest[:min(len(rest), 20)])
}

// space passes over white space.
func (j *jsonText) space() {
	for j.pos < len(j.text) && strings.IndexByte(" \t\r\n", j.text[j.pos]) >= 0 {
		j.pos++
	}
}

// is passes over space and a character, if that is what follows.
func (j *jsonText) is(c byte) bool {
	j.space()
	if j.pos == len(j.text) || j.text[j.pos] != c {
		return false
	}
	j.pos++
	return true
}

// object calls do with each key; do reads the value.
func (j *jsonText) object(do func(key string) error) error {
	if !j.is('{') {
		return j.expected("an object")
	}
	if j.is('}') {
		return nil
	}
	for {
		key, err := j.string()
		if err != nil {
			return err
		}
		if !j.is(':') {
			return j.expected("a colon")
		}
		if err := do(key); err != nil {
			return err
		}
		if j.is('}') {
			return nil
		}
		if !j.is(',') {
			return j.expected("a comma or the end of an object")
		}
		j.space()
	}
}

// integers is a list of whole numbers, at most as many as a tensor has dimensions.
func (j *jsonText) integers() ([]int64, error) {
	if !j.is('[') {
		return nil, j.expected("a list")
	}
	numbers := []int64{}
	for !j.is(']') {
		if len(numbers) > 0 && !j.is(',') {
			return nil, j.expected("a comma or the end of a list")
		}
		j.space()
		digits := j.text[j.pos:]
		n := 0
		for n < len(digits) && strings.IndexByte("+-.0123456789eE", digits[n]) >= 0 {
			n++
		}
		x, err := strconv.ParseInt(digits[:n], 10, 64)
		if err != nil || strconv.FormatInt(x, 10) != digits[:n] {
			return nil, j.expected("a whole number")
		}
		if j.pos += n; len(numbers) == maxDimensions {
			return nil, fmt.Errorf("expected at most %d dimensions, found more", maxDimensions)
		}
		numbers = append(numbers, x)
	}
	return numbers, nil
}

// string is a text in quotes.
func (j *jsonText) string() (string, error) {
	if !j.is('"') {
		return "", j.expected("a text in quotes")
	}
	begin := j.pos
	for ; j.pos < len(j.text) && j.text[j.pos] >= ' ' && j.text[j.pos] != '\\'; j.pos++ {
		if j.text[j.pos] != '"' {
			continue
		}
		s := j.text[begin:j.pos]
		if !utf8.ValidString(s) {
			return "", fmt.Errorf("byte %d: expected text in UTF-8, found %.80q", begin, s)
		}
		j.pos++
		return s, nil
	}
	var s strings.Builder
	s.WriteString(j.text[begin:j.pos])
	for {
		rest := j.text[j.pos:]
		switch {
		case rest == "" || rest[0] < ' ':
			return "", j.expected("the rest of a text")
		case rest[0] == '"' && !utf8.ValidString(s.String()):
			return "", fmt.Errorf("byte %d: expected text in UTF-8, found %.80q", begin, s.String())
		case rest[0] == '"':
			j.pos++
			return s.String(), nil
		case rest[0] != '\\':
			s.WriteByte(rest[0])
			j.pos++
			continue
		}
		r, n := escaped(rest)
		if n == 0 {
			return "", j.expected("a character")
		}
		s.WriteRune(r)
		j.pos += n
	}
}

// escaped is the character that s begins with, which is escaped, and how many
// bytes it takes: 0 if it is none, as one half of a surrogate pair is.
func escaped(s string) (r rune, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	if at := strings.IndexByte(`"\/bfnrt`, s[1]); at >= 0 {
		return rune("\"\\/\b\f\n\r\t"[at]), 2
	}
	unit := func(s string) (rune, bool) {
		if len(s) < 6 || s[:2] != `\u` {
			return 0, false
		}
		x, err := strconv.ParseUint(s[2:6], 16, 16)
		return rune(x), err == nil
	}
	r, ok := unit(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, _ := unit(s[6:])
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}
