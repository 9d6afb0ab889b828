package checkpoint

import (
	"encoding/binary"
	"fmt"
)

// stream is a file, or a part of one, of pickles on end and of other things between them.
type stream struct {
	bytes []byte
	pos   int
	load  func(id any) (any, error)
}

// pickle is the next value.
func (s *stream) pickle(what string) (any, error) {
	m := newMachine(s.bytes[s.pos:], s.load)
	v, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("%s, byte %d: %w", what, s.pos+m.at, err)
	}
	s.pos += m.pos
	return v, nil
}

// take is the next n bytes.
func (s *stream) take(n int, what string) ([]byte, error) {
	if n > len(s.bytes)-s.pos {
		return nil, fmt.Errorf("%s: expected %d bytes, found the end", what, n)
	}
	b := s.bytes[s.pos:][:n:n]
	s.pos += n
	return b, nil
}

// elements is the next storage: how many it has, and these, little-endian
// whatever wrote them.
func (s *stream) elements(dtype DType, what string) ([]byte, error) {
	count, err := s.take(8, what)
	if err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(count)
	if n > uint64(len(s.bytes)) {
		return nil, fmt.Errorf("%s: expected at most the %d bytes of the file, found %d elements", what, len(s.bytes), n)
	}
	return s.take(int(n)*dtype.Size(), what)
}

// end says what is left.
func (s *stream) end(after string) error {
	if rest := len(s.bytes) - s.pos; rest > 0 {
		return fmt.Errorf("expected the end after %s, found %d more bytes", after, rest)
	}
	return nil
}
