//go:build hdf5 && cgo

package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// filter is a step from a chunk's values to its bytes in the file. libhdf5's
// own filters trust those bytes, and Debian's libhdf5 has no lzf, so the steps
// are here: registered numbers, https://github.com/HDFGroup/hdf5_plugins.
type filter int

const (
	gzip       filter = 1
	shuffle    filter = 2
	fletcher32 filter = 3
	lzf        filter = 32000
)

// known says whether a chunk can be taken through the filter.
func (f filter) known() bool { return f == gzip || f == shuffle || f == fletcher32 || f == lzf }

// overhead is more than the filters add to a chunk on its way out, gzip and
// lzf apart, which store the size that they start from.
const overhead = 64

// decode is the chunk of size bytes, in values of width bytes, that the stored
// bytes hold. The filters whose bit is set in skipped were not applied.
func decode(stored []byte, filters []filter, skipped uint32, width, size int) ([]byte, error) {
	for i := len(filters) - 1; i >= 0; i-- {
		if skipped>>i&1 != 0 {
			continue
		}
		var err error
		switch filters[i] {
		case gzip:
			stored, err = inflate(stored, size+overhead)
		case lzf:
			stored, err = decodeLZF(stored, size+overhead)
		case shuffle:
			stored = unshuffle(stored, width)
		case fletcher32:
			stored, err = checkFletcher32(stored)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(stored) != size {
		return nil, fmt.Errorf("expected a chunk of %d bytes, found %d", size, len(stored))
	}
	return stored, nil
}

// inflate allocates no more than a little over what the bytes inflate to.
func inflate(stored []byte, limit int) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	var out bytes.Buffer
	out.Grow(min(limit, 4*len(stored)) + bytes.MinRead)
	if _, err := io.Copy(&out, io.LimitReader(z, int64(limit))); err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return out.Bytes(), nil
}

var errLZF = errors.New("lzf: the compressed bytes are damaged")

// decodeLZF undoes liblzf: a byte below 32 goes before that many literal bytes
// and one; another is the length and the high bits of the distance of a copy,
// see lzf_d.c there.
func decodeLZF(in []byte, limit int) ([]byte, error) {
	out := make([]byte, 0, min(limit, 4*len(in)))
	for len(in) > 0 {
		control := int(in[0])
		in = in[1:]
		if control < 32 {
			n := control + 1
			if n > len(in) || len(out)+n > limit {
				return nil, errLZF
			}
			out = append(out, in[:n]...)
			in = in[n:]
			continue
		}
		n := control >> 5
		if n == 7 {
			if len(in) == 0 {
				return nil, errLZF
			}
			n += int(in[0])
			in = in[1:]
		}
		if len(in) == 0 {
			return nil, errLZF
		}
		n += 2
		from := len(out) - (control&31<<8 | int(in[0])) - 1
		in = in[1:]
		if from < 0 || len(out)+n > limit {
			return nil, errLZF
		}
		for range n { // byte by byte, as the copy may overlap itself
			out = append(out, out[from])
			from++
		}
	}
	return out, nil
}

// unshuffle puts the bytes of each value together; they are stored as all first
// bytes, all second bytes and so on, then what is left of a last value.
func unshuffle(stored []byte, width int) []byte {
	n := len(stored) / width
	if width == 1 || n < 2 {
		return stored
	}
	out := make([]byte, len(stored))
	for k := range width {
		plane := stored[k*n : (k+1)*n]
		for i, b := range plane {
			out[i*width+k] = b
		}
	}
	copy(out[n*width:], stored[n*width:])
	return out
}

// checkFletcher32 is the bytes without the checksum behind them.
func checkFletcher32(stored []byte) ([]byte, error) {
	n := len(stored) - 4
	if n < 0 {
		return nil, fmt.Errorf("fletcher32: expected a checksum, found %d bytes", len(stored))
	}
	if want, found := binary.LittleEndian.Uint32(stored[n:]), sumFletcher32(stored[:n]); want != found {
		return nil, fmt.Errorf("fletcher32: expected checksum %08x, found %08x", want, found)
	}
	return stored[:n], nil
}

// sumFletcher32 is the checksum of big-endian words of two bytes; sums are
// folded, so that a multiple of 65535 is 65535, as in H5_checksum_fletcher32.
func sumFletcher32(b []byte) uint32 {
	var sum1, sum2 uint32
	fold := func(x uint32) uint32 { return x&0xffff + x>>16 }
	for len(b) > 0 {
		block := b[:min(len(b), 720)] // of words that cannot overflow
		b = b[len(block):]
		for len(block) > 0 {
			word := uint32(block[0]) << 8
			if len(block) > 1 {
				word |= uint32(block[1])
			}
			block = block[min(2, len(block)):]
			sum1 += word
			sum2 += sum1
		}
		sum1, sum2 = fold(sum1), fold(sum2)
	}
	return fold(sum2)<<16 | fold(sum1)
}
