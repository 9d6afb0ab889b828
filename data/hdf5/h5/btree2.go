package h5

import (
	"fmt"
	"math/bits"
)

// The types of version 2 B-trees' records.
const (
	hugeObjects      = 1
	linksByName      = 5
	attributesByName = 8
	plainChunks      = 10
	filteredChunks   = 11
)

// tree2 is a version 2 B-tree.
type tree2 struct {
	*walk
	kind   byte
	node   int64 // bytes of a node
	record int
	count  int // bytes of a number of records
	levels []level2
}

// level2 is what the nodes of a level have, from the leaves up.
type level2 struct {
	most  uint64 // records of a node
	all   uint64 // records below a node, and in it
	width int    // bytes of all, and 0 for the leaves
}

// nodeOverhead is a node's signature, version, type and checksum.
const nodeOverhead = 4 + 1 + 1 + sumBytes

// tree2 calls do with every record of a version 2 B-tree, in order. The records
// have the given size, if that is not 0.
func (w *walk) tree2(address uint64, kind byte, size int, do func(record []byte) error) error {
	c, err := w.block(address, int64(4+2+4+2+2+2+w.offsets+2+w.lengths+sumBytes), "BTHD")
	if err != nil {
		return fmt.Errorf("BTHD: %w", err)
	}
	c.version("BTHD", 0)
	t := &tree2{walk: w, kind: c.byte(), node: int64(c.uint32()), record: c.uint16()}
	depth := c.uint16()
	c.skip(2) // when nodes are split and merged
	root, records := c.address(), uint64(c.uint16())
	switch {
	case c.err != nil:
		return fmt.Errorf("BTHD: %w", c.err)
	case t.kind != kind:
		return fmt.Errorf("BTHD: expected type %d, found %d", kind, t.kind)
	case t.record < 1 || size != 0 && t.record != size:
		return fmt.Errorf("BTHD: expected records of %d bytes, found %d", max(size, 1), t.record)
	case root == undefined:
		return nil
	}
	if err := t.measure(depth); err != nil {
		return fmt.Errorf("BTHD: %w", err)
	}
	if err := t.each(root, depth, records, do); err != nil {
		return fmt.Errorf("BTHD: %w", err)
	}
	return nil
}

// measure finds what the nodes of each level have.
func (t *tree2) measure(depth int) error {
	const maxDepth = 16 // of more records than there are bytes
	if t.node > t.size || t.node < nodeOverhead+int64(t.record) || depth > maxDepth {
		return fmt.Errorf("expected nodes of at most %d bytes and a depth of at most %d, found %d and %d", t.size, maxDepth, t.node, depth)
	}
	most := uint64(t.node-nodeOverhead) / uint64(t.record)
	t.count = bytesOf(most)
	t.levels = []level2{{most: most, all: most}}
	for d := 1; d <= depth; d++ {
		below := t.levels[d-1]
		pointer := int64(t.offsets + t.count + below.width)
		if t.node < nodeOverhead+pointer {
			return fmt.Errorf("expected larger nodes, found %d bytes", t.node)
		}
		most := uint64(t.node-nodeOverhead-pointer) / uint64(int64(t.record)+pointer)
		high, all := bits.Mul64(most+1, below.all)
		all, carry := bits.Add64(all, most, 0)
		if high != 0 || carry != 0 {
			return fmt.Errorf("expected fewer records, found a depth of %d", depth)
		}
		t.levels = append(t.levels, level2{most, all, bytesOf(all)})
	}
	return nil
}

// each is for the node at an address, which has a number of records.
func (t *tree2) each(address uint64, depth int, records uint64, do func(record []byte) error) error {
	sign := "BTLF"
	if depth > 0 {
		sign = "BTIN"
	}
	if most := t.levels[depth].most; records > most {
		return fmt.Errorf("expected at most %d records, found %d", most, records)
	}
	bytes := nodeOverhead + int64(records)*int64(t.record)
	if depth > 0 {
		bytes += int64(records+1) * int64(t.offsets+t.count+t.levels[depth-1].width)
	}
	c, err := t.block(address, bytes, sign) // without what is not used at its end
	if err != nil {
		return err
	}
	c.version(sign, 0)
	if found := c.byte(); c.err == nil && found != t.kind {
		return fmt.Errorf("expected a node of type %d, found %d", t.kind, found)
	}
	list := c.take(int(records) * t.record)
	for i := range int(records) + 1 {
		if depth > 0 {
			child, below := c.address(), c.uint(t.count)
			c.skip(t.levels[depth-1].width)
			if c.err != nil {
				return c.err
			}
			if err := t.each(child, depth-1, below, do); err != nil {
				return err
			}
		}
		if c.err != nil {
			return c.err
		}
		if i < int(records) {
			if err := do(list[i*t.record : (i+1)*t.record]); err != nil {
				return err
			}
		}
	}
	return nil
}

// bytesOf is how many bytes a number takes that is at most the limit.
func bytesOf(limit uint64) int { return (max(bits.Len64(limit), 1) + 7) / 8 }
