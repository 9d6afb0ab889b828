//go:build hdf5 && cgo

package hdf5

import (
	"encoding/binary"
	"math"
)

// number is the type of a dataset's values, as the file stores them.
type number struct {
	name  string // h5py's
	kind  kind
	size  int // bytes
	order binary.ByteOrder
}

type kind byte

const (
	signed kind = iota
	unsigned
	real
	boolean // h5py's enumeration of int8: FALSE 0, TRUE 1
)

// integer is the value that b begins with; of a real number there is none.
func (n number) integer(b []byte) int64 {
	var u uint64
	switch n.size {
	case 1:
		u = uint64(b[0])
	case 2:
		u = uint64(n.order.Uint16(b))
	case 4:
		u = uint64(n.order.Uint32(b))
	default:
		u = n.order.Uint64(b)
	}
	if n.kind == unsigned {
		return int64(min(u, math.MaxInt64)) // no index or count is that large
	}
	shift := 64 - 8*n.size
	return int64(u<<shift) >> shift
}

// float is the value that b begins with.
func (n number) float(b []byte) float64 {
	switch {
	case n.kind != real:
		return float64(n.integer(b))
	case n.size == 4:
		return float64(math.Float32frombits(n.order.Uint32(b)))
	default:
		return math.Float64frombits(n.order.Uint64(b))
	}
}
