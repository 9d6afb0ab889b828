package h5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// cursor reads bytes one after another. Its first error stays, and whatever is
// read after it is 0.
type cursor struct {
	b   []byte
	f   *File // which says how long addresses and lengths are
	err error
}

// take is the next n bytes, or nil.
func (c *cursor) take(n int) []byte {
	if c.err == nil && (n < 0 || n > len(c.b)) {
		c.err = fmt.Errorf("expected %d bytes more, found %d", n, len(c.b))
	}
	if c.err != nil {
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) skip(n int) { c.take(n) }

// uint is the next n bytes, at most 8, as a number.
func (c *cursor) uint(n int) uint64 {
	var whole [8]byte
	copy(whole[:], c.take(n))
	return binary.LittleEndian.Uint64(whole[:])
}

func (c *cursor) byte() byte     { return byte(c.uint(1)) }
func (c *cursor) uint16() int    { return int(c.uint(2)) }
func (c *cursor) uint32() uint32 { return uint32(c.uint(4)) }

func (c *cursor) length() uint64 { return c.uint(c.f.lengths) }

func (c *cursor) address() uint64 {
	n := c.f.offsets
	address := c.uint(n)
	if n < 8 && address == 1<<(8*n)-1 {
		return undefined
	}
	return address
}

// text is up to a byte 0 in n bytes.
func (c *cursor) text(n int) string {
	b := c.take(n)
	for i := range b {
		if b[i] == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// signature takes that of a part of a file; another one is an error.
func (c *cursor) signature(sign string) {
	if found := c.take(len(sign)); c.err == nil && string(found) != sign {
		c.err = fmt.Errorf("expected the signature %s, found %q", sign, found)
	}
}

// version takes one of the given versions of what is read; another one is an error.
func (c *cursor) version(what string, versions ...byte) byte {
	found := c.byte()
	for _, version := range versions {
		if found == version {
			return found
		}
	}
	if c.err == nil {
		c.err = fmt.Errorf("%s: expected version %v, found %d", what, versions, found)
	}
	return found
}

// lookup3 is Bob Jenkins's hash of that name (hashlittle), from 0.
func lookup3(b []byte) uint32 {
	x := 0xdeadbeef + uint32(len(b))
	y, z := x, x
	add := func() {
		x += binary.LittleEndian.Uint32(b)
		y += binary.LittleEndian.Uint32(b[4:])
		z += binary.LittleEndian.Uint32(b[8:])
	}
	for ; len(b) > 12; b = b[12:] {
		add()
		for _, n := range [...]int{4, 6, 8, 16, 19, 4} {
			x -= z
			x ^= bits.RotateLeft32(z, n)
			x, y, z = y, z+y, x
		}
	}
	if len(b) == 0 {
		return z
	}
	b = append(bytes.Clone(b), make([]byte, 12-len(b))...)
	add()
	for _, n := range [...]int{14, 11, 25, 16, 4, 14, 24} {
		z ^= y
		z -= bits.RotateLeft32(y, n)
		x, y, z = y, z, x
	}
	return y
}
