package h5

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// eachSymbol reads a group's symbol table: a B-tree of nodes of names, which are
// in a heap.
func (o *Object) eachSymbol(add func(Link) error) error {
	c, err := o.cursor(symbolsMessage, "symbol table")
	if err != nil {
		return err
	}
	tree, heap := c.address(), c.address()
	if c.err != nil {
		return fmt.Errorf("symbol table: %w", c.err)
	}
	w := o.f.walk()
	names, err := w.localHeap(heap)
	if err != nil {
		return fmt.Errorf("heap of names: %w", err)
	}
	return w.tree1(tree, groupTree, o.f.lengths, func(_ []byte, node uint64) error {
		return w.symbols(node, names, add)
	})
}

// localHeap is the data of a heap.
func (w *walk) localHeap(address uint64) (string, error) {
	b, err := w.read(address, int64(8+2*w.lengths+w.offsets))
	if err != nil {
		return "", err
	}
	c := &cursor{b: b, f: w.File}
	c.signature("HEAP")
	c.version("HEAP", 0)
	c.skip(3)
	size := c.length()
	c.length() // what is free
	data := c.address()
	if c.err != nil {
		return "", c.err
	}
	if size > uint64(w.size) {
		return "", fmt.Errorf("expected at most %d bytes, found %d", w.size, size)
	}
	b, err = w.read(data, int64(size))
	return string(b), err
}

// symbols reads a node of a symbol table.
func (w *walk) symbols(address uint64, names string, add func(Link) error) error {
	const head = 8
	b, err := w.read(address, head)
	if err != nil {
		return err
	}
	c := &cursor{b: b, f: w.File}
	c.signature("SNOD")
	c.version("SNOD", 1)
	c.skip(1)
	n := c.uint16()
	if c.err != nil {
		return c.err
	}
	b, err = w.read(address+head, int64(n)*int64(2*w.offsets+24))
	if err != nil {
		return err
	}
	c = &cursor{b: b, f: w.File}
	for range n {
		const symbolic = 2
		at, object := c.address(), c.address()
		kind := c.uint32()
		c.skip(4)
		scratch := c.take(16)
		if c.err != nil {
			return c.err
		}
		l := Link{address: object}
		name, ok := textAt(names, at)
		l.Name = name
		if kind == symbolic {
			l.kind = soft
			l.target, ok = textAt(names, uint64(binary.LittleEndian.Uint32(scratch)))
		}
		if !ok {
			return fmt.Errorf("expected the place of a name of at most %d bytes in %d, found %d", maxName, len(names), at)
		}
		if err := add(l); err != nil {
			return err
		}
	}
	return nil
}

// textAt is the text that ends with a byte 0, and shares the bytes of the heap.
func textAt(heap string, at uint64) (text string, ok bool) {
	if at >= uint64(len(heap)) {
		return "", false
	}
	heap = heap[at:]
	text, _, ok = strings.Cut(heap[:min(len(heap), maxName+1)], "\x00")
	return text, ok
}
