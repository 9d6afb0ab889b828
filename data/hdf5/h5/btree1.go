package h5

import (
	"fmt"
	"math"
)

// The types of version 1 B-trees.
const (
	groupTree = 0
	chunkTree = 1
)

// tree1 calls do with the key and the child of every entry of a version 1
// B-tree's leaves, in order.
func (w *walk) tree1(address uint64, kind byte, key int, do func(key []byte, child uint64) error) error {
	const anyLevel = math.MaxUint8
	return w.node1(address, kind, key, anyLevel, do)
}

// node1 is tree1 for a node of at most a level. Levels go down, so that it ends.
func (w *walk) node1(address uint64, kind byte, key int, most int, do func(key []byte, child uint64) error) error {
	head := int64(8 + 2*w.offsets)
	b, err := w.read(address, head)
	if err != nil {
		return fmt.Errorf("TREE: %w", err)
	}
	c := &cursor{b: b, f: w.File}
	c.signature("TREE")
	found, level, n := c.byte(), int(c.byte()), c.uint16()
	switch {
	case c.err != nil:
		return c.err
	case found != kind:
		return fmt.Errorf("TREE: expected type %d, found %d", kind, found)
	case level > most:
		return fmt.Errorf("TREE: expected a node of level %d, found %d", most, level)
	}
	b, err = w.read(address+uint64(head), int64(n)*int64(key+w.offsets))
	if err != nil {
		return fmt.Errorf("TREE: %w", err)
	}
	c = &cursor{b: b, f: w.File}
	for range n {
		k, child := c.take(key), c.address()
		if level == 0 {
			err = do(k, child)
		} else {
			err = w.node1(child, kind, key, level-1, do)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
