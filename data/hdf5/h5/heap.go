package h5

import (
	"errors"
	"fmt"
)

// heaps reads texts of any length from global heaps, each of which it holds.
type heaps struct {
	*walk
	left  int                   // bytes of texts that may still come
	found map[uint64]globalHeap // by address
}

// globalHeap is objects with numbers: each behind its number and its length.
type globalHeap struct {
	data []byte
	at   map[int]int // where an object is in data
}

// text is the one that a value stands for: its length, a heap and a number there.
func (h *heaps) text(value []byte) (string, error) {
	c := &cursor{b: value, f: h.File}
	length, heap, number := c.uint32(), c.address(), int(c.uint32())
	if c.err != nil {
		return "", c.err
	}
	if length == 0 {
		return "", nil
	}
	objects, ok := h.found[heap]
	if !ok {
		var err error
		if objects, err = h.readHeap(heap); err != nil {
			return "", fmt.Errorf("global heap: %w", err)
		}
		h.found[heap] = objects
	}
	at, ok := objects.at[number]
	if !ok || uint64(length) > uint64(len(objects.data)-at) {
		return "", fmt.Errorf("global heap: expected a text of %d bytes as object %d, found none", length, number)
	}
	if h.left -= int(length); h.left < 0 {
		return "", errTooMany
	}
	return (&cursor{b: objects.data[at:]}).text(int(length)), nil
}

func (h *heaps) readHeap(address uint64) (g globalHeap, err error) {
	head := aligned(8 + h.lengths)
	b, err := h.read(address, int64(head))
	if err != nil {
		return g, err
	}
	c := &cursor{b: b, f: h.File}
	c.signature("GCOL")
	c.version("GCOL", 1)
	c.skip(3)
	size := c.length()
	if c.err != nil {
		return g, c.err
	}
	if size < uint64(head) || size > uint64(h.size) {
		return g, fmt.Errorf("expected at most %d bytes, found %d", h.size, size)
	}
	if b, err = h.read(address+uint64(head), int64(size)-int64(head)); err != nil {
		return g, err
	}
	g = globalHeap{b, map[int]int{}}
	c = &cursor{b: b, f: h.File}
	for len(c.b) >= aligned(8+h.lengths) {
		number := c.uint16()
		c.skip(2 + 4) // how often it is meant
		size := c.length()
		c.skip(-h.lengths & 7)
		if number == 0 { // the free space at the end
			break
		}
		if size > uint64(len(c.b)) {
			return g, errors.New("expected objects within the heap, found a longer one")
		}
		g.at[number] = len(b) - len(c.b)
		c.skip(int(size))
		c.skip(min(len(c.b), aligned(int(size))-int(size)))
	}
	return g, nil
}

// aligned is the next multiple of 8.
func aligned(n int) int { return (n + 7) &^ 7 }
