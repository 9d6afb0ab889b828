package h5

import (
	"fmt"
	"math"
	"math/bits"
)

// space is the extent of an array: one value has no dimensions.
type space struct {
	null bool // no value at all
	dims []uint64
	most []uint64 // what dims may become; unlimited is all ones
}

const (
	maxDimensions = 32
	unlimited     = math.MaxUint64
)

func parseSpace(c *cursor) (s space, err error) {
	version := c.version("dataspace", 1, 2)
	rank, flags := int(c.byte()), c.byte()
	kind := c.byte()
	if version == 1 {
		c.skip(4)
		kind = min(byte(rank), 1)
	}
	if c.err == nil && (kind > 2 || rank > maxDimensions || kind != 1 && rank > 0) {
		return s, fmt.Errorf("dataspace: expected at most %d dimensions of a known kind, found %d of kind %d", maxDimensions, rank, kind)
	}
	s.null = kind == 2
	for range rank {
		s.dims = append(s.dims, c.length())
	}
	s.most = s.dims
	if flags&1 != 0 {
		s.most = nil
		for i := range rank {
			n := c.length()
			if n == 1<<(8*c.f.lengths)-1 {
				n = unlimited
			}
			if n < s.dims[i] && c.err == nil {
				return s, fmt.Errorf("dataspace: expected at most %d, found dimensions %v", n, s.dims)
			}
			s.most = append(s.most, n)
		}
	}
	if c.err != nil {
		return s, fmt.Errorf("dataspace: %w", c.err)
	}
	return s, nil
}

// count is the number of values.
func (s space) count() (uint64, error) {
	if s.null {
		return 0, nil
	}
	n, ok := product(s.dims...)
	if !ok {
		return 0, fmt.Errorf("dataspace: expected fewer values, found dimensions %v", s.dims)
	}
	return n, nil
}

// product multiplies; ok is false where the result does not fit an int64.
func product(factors ...uint64) (n uint64, ok bool) {
	n = 1
	for _, f := range factors {
		if f == 0 {
			return 0, true
		}
	}
	for _, f := range factors {
		high, low := bits.Mul64(n, f)
		if high != 0 || low > math.MaxInt64 {
			return 0, false
		}
		n = low
	}
	return n, true
}
