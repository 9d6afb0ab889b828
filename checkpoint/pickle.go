package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// machine runs a pickle, protocols 0 to 5. Each instruction takes at least a
// byte and makes at most a value, so that a short pickle makes little; where
// one copies what the memo holds, which may be large, it counts as spent.
type machine struct {
	code  []byte
	pos   int // of the next byte
	at    int // of the running instruction
	stack []any
	marks []int // heights of the stack
	memo  map[int64]any
	spent int // bytes of memory for copies of arguments and names
	load  func(id any) (any, error)
}

// newMachine is a machine whose persistent ids, what stands outside the pickle,
// are what load makes of them.
func newMachine(code []byte, load func(id any) (any, error)) *machine {
	return &machine{code: code, memo: map[int64]any{}, load: load}
}

var (
	errEnd       = errors.New("expected more of the pickle, found its end")
	errUnderflow = errors.New("expected a value on the stack, found none")
	errNoMark    = errors.New("expected a mark on the stack, found none")
)

// run is the pickle's value. After an error, at is where.
func (m *machine) run() (any, error) {
	for {
		m.at = m.pos
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' {
			return m.pop()
		}
		step := instructions[op]
		if step == nil {
			return nil, fmt.Errorf("expected an instruction, found 0x%02x", op)
		}
		if err := step(m); err != nil {
			return nil, err
		}
	}
}

// Reading the code.

func (m *machine) bytes(n uint64) ([]byte, error) {
	if n > uint64(len(m.code)-m.pos) {
		return nil, errEnd
	}
	b := m.code[m.pos : m.pos+int(n)]
	m.pos += int(n)
	return b, nil
}

func (m *machine) byte() (byte, error) {
	b, err := m.bytes(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// uint is a little-endian number of size bytes, at most 8.
func (m *machine) uint(size uint64) (uint64, error) {
	b, err := m.bytes(size)
	if err != nil {
		return 0, err
	}
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:]), nil
}

// counted is bytes with their number, of size bytes, before them.
func (m *machine) counted(size uint64) ([]byte, error) {
	n, err := m.uint(size)
	if err != nil {
		return nil, err
	}
	return m.bytes(n)
}

func (m *machine) line() (string, error) {
	n := bytes.IndexByte(m.code[m.pos:], '\n')
	if n < 0 {
		return "", errEnd
	}
	line := string(m.code[m.pos : m.pos+n])
	m.pos += n + 1
	return line, nil
}

// spend keeps the copies of what a pickle names again and again within a small
// multiple of what was read of it.
func (m *machine) spend(n int) error {
	const multiple, least = 64, 1 << 16
	if m.spent += n; m.spent > multiple*m.pos+least {
		return fmt.Errorf("expected values of at most %d times the pickle's size, found more", multiple)
	}
	return nil
}

// spendOn is for a call: what it makes is no larger than its arguments and the
// elements of theirs.
func (m *machine) spendOn(args []any) error {
	const word = 16 // an any
	n := word * len(args)
	for _, a := range args {
		switch a := a.(type) {
		case string:
			n += len(a)
		case *list:
			n += word * len(a.items)
		}
	}
	return m.spend(n)
}

// The stack.

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// floor is the height of the stack that belongs to the innermost mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, errUnderflow
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

// popN is the top n values, the lowest first.
func (m *machine) popN(n int) ([]any, error) {
	if len(m.stack)-m.floor() < n {
		return nil, errUnderflow
	}
	values := append([]any(nil), m.stack[len(m.stack)-n:]...)
	m.stack = m.stack[:len(m.stack)-n]
	return values, nil
}

// popMark is all values above the innermost mark.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errNoMark
	}
	values, err := m.popN(len(m.stack) - m.floor())
	m.marks = m.marks[:len(m.marks)-1]
	return values, err
}

// Parsing numbers and text.

// longInteger is a two's complement little-endian number.
func longInteger(b []byte) any {
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
	for i, x := range b {
		reversed[len(b)-1-i] = x
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

func bigEndianFloat(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }

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
