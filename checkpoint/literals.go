package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Numbers, text and bytes that stand in the code of a pickle.

func fromLine(parse func(string) (any, error)) func(*machine) error {
	return func(m *machine) error {
		line, err := m.line()
		if err != nil {
			return err
		}
		if err := m.allow.take(textBytes + len(line)); err != nil {
			return err
		}
		return m.again(parse(line))
	}
}

func fromUint(size uint64, convert func(uint64) any) func(*machine) error {
	return func(m *machine) error {
		x, err := m.uint(size)
		if err != nil {
			return err
		}
		return m.made(numberBytes, convert(x))
	}
}

func binaryFloat(m *machine) error {
	b, err := m.bytes(8)
	if err != nil {
		return err
	}
	return m.made(numberBytes, bigEndianFloat(b))
}

// fromCounted converts bytes to a value that takes so many for each of them.
func fromCounted(size uint64, perByte int, convert func(string) any) func(*machine) error {
	return func(m *machine) error {
		b, err := m.counted(size)
		if err != nil {
			return err
		}
		if err := m.allow.take(bytesBytes + perByte*len(b)); err != nil {
			return err
		}
		return m.push(convert(b))
	}
}

// unicode is text in UTF-8, in which Python writes halves of surrogate pairs too.
func unicode(size uint64) func(*machine) error {
	return func(m *machine) error {
		s, err := m.counted(size)
		if err != nil {
			return err
		}
		if !utf8.ValidString(s) && !utf8.ValidString(withoutSurrogates(s)) {
			return fmt.Errorf("expected text in UTF-8, found %.40q", s)
		}
		return m.made(textBytes, s)
	}
}

// withoutSurrogates leaves U+D800 to U+DFFF out, which stand as three bytes.
func withoutSurrogates(s string) string {
	var rest strings.Builder
	for len(s) > 0 {
		at := strings.IndexByte(s, 0xed)
		if at < 0 || len(s) < at+3 {
			break
		}
		rest.WriteString(s[:at])
		if s[at+1] < 0xa0 || s[at+1] > 0xbf || s[at+2] < 0x80 || s[at+2] > 0xbf {
			rest.WriteString(s[at : at+1])
			s = s[at+1:]
			continue
		}
		s = s[at+3:]
	}
	rest.WriteString(s)
	return rest.String()
}

func integerOrBool(line string) (any, error) {
	switch line {
	case "00":
		return false, nil
	case "01":
		return true, nil
	}
	return decimalInteger(line)
}

// longInteger is a two's complement little-endian number.
func longInteger[B string | []byte](b B) any {
	if len(b) <= 8 {
		var word [8]byte
		copy(word[:], b)
		if len(b) > 0 && b[len(b)-1] >= 0x80 {
			for i := len(b); i < 8; i++ {
				word[i] = 0xff
			}
		}
		return int64(binary.LittleEndian.Uint64(word[:]))
	}
	reversed := make([]byte, len(b))
	for i := range len(b) {
		reversed[len(b)-1-i] = b[i]
	}
	n := new(big.Int).SetBytes(reversed)
	if b[len(b)-1] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// maxDigits of a decimal integer: long ones take more than linear time.
const maxDigits = 4096

func decimalInteger(line string) (any, error) {
	if len(line) > maxDigits {
		return nil, fmt.Errorf("expected an integer of at most %d digits, found %d", maxDigits, len(line))
	}
	text := strings.TrimSuffix(line, "L")
	if x, err := strconv.ParseInt(text, 10, 64); err == nil {
		return x, nil
	}
	if x, ok := new(big.Int).SetString(text, 10); ok {
		return x, nil
	}
	return nil, fmt.Errorf("expected an integer, found %.40q", line)
}

func decimalFloat(line string) (any, error) {
	x, err := strconv.ParseFloat(line, 64)
	if err != nil {
		return nil, fmt.Errorf("expected a number, found %.40q", line)
	}
	return x, nil
}

func bigEndianFloat(b string) float64 {
	var word [8]byte
	copy(word[:], b)
	return math.Float64frombits(binary.BigEndian.Uint64(word[:]))
}

// quoted is protocol 0's text in Python's quotes; Go's are much the same.
func quoted(line string) (any, error) {
	if len(line) < 2 || line[0] != line[len(line)-1] || line[0] != '\'' && line[0] != '"' {
		return nil, fmt.Errorf("expected text in quotes, found %.40q", line)
	}
	body, text := line[1:len(line)-1], strings.Builder{}
	for body != "" {
		r, multibyte, rest, err := strconv.UnquoteChar(body, line[0])
		if err != nil {
			return nil, fmt.Errorf("expected text in quotes, found %.40q", line)
		}
		if multibyte {
			text.WriteRune(r)
		} else {
			text.WriteByte(byte(r))
		}
		body = rest
	}
	return text.String(), nil
}

// rawUnicode is protocol 0's unquoted text: a byte is a character up to U+00FF,
// and the others are \uXXXX or \UXXXXXXXX, as are the backslash and the line's end.
func rawUnicode(line string) (any, error) {
	var text strings.Builder
	for line != "" {
		digits := 0
		switch {
		case strings.HasPrefix(line, `\u`):
			digits = 4
		case strings.HasPrefix(line, `\U`):
			digits = 8
		default:
			text.WriteRune(rune(line[0]))
			line = line[1:]
			continue
		}
		if len(line) < 2+digits {
			return nil, fmt.Errorf("expected %d digits of a character, found %q", digits, line)
		}
		r, err := strconv.ParseUint(line[2:2+digits], 16, 31)
		if err != nil {
			return nil, fmt.Errorf("expected %d digits of a character, found %q", digits, line[2:2+digits])
		}
		text.WriteRune(rune(r))
		line = line[2+digits:]
	}
	return text.String(), nil
}
