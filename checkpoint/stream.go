package checkpoint

import (
	"encoding/binary"
	"fmt"
)

// stream is a file, or a part of one, of pickles on end and of other things between them.
type stream struct {
	src  *source
	from int64  // where in the file the text begins
	text string // all of it
	pos  int
	load func(id any) (any, error)
}

// pickle is the next value.
func (s *stream) pickle(what string) (any, error) {
	m := newMachine(s.text[s.pos:], s.load, s.src.allow)
	v, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("%s, byte %d: %w", what, s.pos+m.at, err)
	}
	s.pos += m.pos
	return v, nil
}

// take is the next n bytes.
func (s *stream) take(n int, what string) (string, error) {
	if n > len(s.text)-s.pos {
		return "", fmt.Errorf("%s: expected %d bytes, found %d: %w", what, n, len(s.text)-s.pos, errCut)
	}
	b := s.text[s.pos:][:n]
	s.pos += n
	return b, nil
}

// elements is where the next storage's are: how many it has, and these,
// little-endian whatever wrote them.
func (s *stream) elements(dtype DType, what string) (span, error) {
	count, err := s.take(8, what)
	if err != nil {
		return span{}, err
	}
	n := binary.LittleEndian.Uint64([]byte(count))
	if n > uint64(len(s.text)) {
		return span{}, fmt.Errorf("%s: expected at most the %d bytes of the file, found %d elements", what, len(s.text), n)
	}
	at := s.from + int64(s.pos)
	bytes, err := s.take(int(n)*dtype.Size(), what)
	return span{s.src, at, int64(len(bytes))}, err
}

// end says what is left.
func (s *stream) end(after string) error {
	if rest := len(s.text) - s.pos; rest > 0 {
		return fmt.Errorf("expected the end after %s, found %d more bytes", after, rest)
	}
	return nil
}
