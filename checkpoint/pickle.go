package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// machine runs a pickle, protocols 0 to 5. What it makes is counted against an
// allowance before it is made: a byte of a pickle makes up to some hundred bytes.
type machine struct {
	code   string
	pos    int // of the next byte
	at     int // of the running instruction
	stack  []any
	marks  []int // heights of the stack
	memo   []any
	sparse map[int64]any // the memo's entries that do not follow on the others
	allow  *allowance
	load   func(id any) (any, error)
}

// newMachine is a machine whose persistent ids, what stands outside the pickle,
// are what load makes of them.
func newMachine(code string, load func(id any) (any, error), allow *allowance) *machine {
	return &machine{code: code, load: load, allow: allow, sparse: map[int64]any{}}
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

func (m *machine) bytes(n uint64) (string, error) {
	if n > uint64(len(m.code)-m.pos) {
		return "", errEnd
	}
	b := m.code[m.pos:][:n]
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
func (m *machine) counted(size uint64) (string, error) {
	n, err := m.uint(size)
	if err != nil {
		return "", err
	}
	return m.bytes(n)
}

func (m *machine) line() (string, error) {
	n := strings.IndexByte(m.code[m.pos:], '\n')
	if n < 0 {
		return "", errEnd
	}
	line := m.code[m.pos : m.pos+n]
	m.pos += n + 1
	return line, nil
}

// The stack.

func (m *machine) push(v any) (err error) {
	if m.stack, err = room(m.allow, m.stack, 1); err == nil {
		m.stack = append(m.stack, v)
	}
	return err
}

// made pushes a value that takes n bytes.
func (m *machine) made(n int, v any) error {
	if err := m.allow.take(n); err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) mark() (err error) {
	if m.marks, err = room(m.allow, m.marks, 1); err == nil {
		m.marks = append(m.marks, len(m.stack))
	}
	return err
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
	values, err := m.topmost(1)
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// again pushes what a step made, or hands on its error.
func (m *machine) again(v any, err error) error {
	if err != nil {
		return err
	}
	return m.push(v)
}

// above is the values above the innermost mark, in the stack's own memory, and
// takes them and the mark away.
func (m *machine) above() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errNoMark
	}
	n := len(m.stack) - m.floor()
	m.marks = m.marks[:len(m.marks)-1]
	return m.topmost(n)
}

// topmost takes the top n values away, the lowest first; they are in the stack's
// own memory, until the next push.
func (m *machine) topmost(n int) ([]any, error) {
	if len(m.stack)-m.floor() < n {
		return nil, errUnderflow
	}
	values := m.stack[len(m.stack)-n:]
	m.stack = m.stack[:len(m.stack)-n]
	return values, nil
}

// kept is a copy of values of the stack, for who keeps them.
func (m *machine) kept(values []any) ([]any, error) {
	if err := m.allow.take(slotBytes * len(values)); err != nil {
		return nil, err
	}
	return slices.Clone(values), nil
}

// The memo.

func fromLineTo(do func(*machine, int64) error) func(*machine) error {
	return func(m *machine) error {
		line, err := m.line()
		if err != nil {
			return err
		}
		i, err := decimalInteger(line)
		if err != nil {
			return err
		}
		index, ok := i.(int64)
		if !ok {
			return fmt.Errorf("expected an index of the memo, found %.40q", line)
		}
		return do(m, index)
	}
}

func fromUintTo(size uint64, do func(*machine, int64) error) func(*machine) error {
	return func(m *machine) error {
		i, err := m.uint(size)
		if err != nil {
			return err
		}
		return do(m, int64(i))
	}
}

// remember keeps the top value in the memo.
func (m *machine) remember(i int64) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	switch n := int64(len(m.memo)); {
	case i >= 0 && i < n:
		m.memo[i] = v
	case i == n && len(m.sparse) == 0:
		if m.memo, err = room(m.allow, m.memo, 1); err == nil {
			m.memo = append(m.memo, v)
		}
	default:
		if err = m.allow.take(indexBytes); err == nil {
			m.sparse[i] = v
		}
	}
	return err
}

func (m *machine) recall(i int64) (any, error) {
	if i >= 0 && i < int64(len(m.memo)) {
		return m.memo[i], nil
	}
	v, ok := m.sparse[i]
	if !ok {
		return nil, fmt.Errorf("expected an entry %d of the memo, found none", i)
	}
	return v, nil
}
