package h5

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"github.com/klauspost/compress/zlib"
	"io"
	"slices"
)

// filter is a step from a chunk's values to its bytes in the file.
type filter struct {
	number uint16 // registered at https://github.com/HDFGroup/hdf5_plugins
	width  int    // of the values that shuffle takes apart
}

const (
	gzip       = 1
	shuffle    = 2
	fletcher32 = 3
	lzf        = 32000
)

var filterNames = map[uint16]string{
	4: "szip", 5: "nbit", 6: "scaleoffset", 307: "bzip2", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd", 32026: "blosc2",
}

const maxFilters = 8

// parseFilters reads a filter pipeline; one that is not known is an error.
func parseFilters(c *cursor) (filters []filter, err error) {
	version, n := c.version("filters", 1, 2), int(c.byte())
	if version == 1 {
		c.skip(6)
	}
	if c.err == nil && n > maxFilters {
		return nil, fmt.Errorf("expected at most %d filters, found %d", maxFilters, n)
	}
	for range n {
		f := filter{number: uint16(c.uint(2)), width: 1}
		names := 0
		if version == 1 || f.number >= 256 {
			names = c.uint16()
		}
		c.skip(2) // whether it may be left out
		values := c.uint16()
		if version == 1 {
			names = aligned(names)
		}
		name := c.text(names)
		for i := range values {
			if x := c.uint32(); i == 0 && f.number == shuffle {
				f.width = int(x)
			}
		}
		if version == 1 && values%2 != 0 {
			c.skip(4)
		}
		if c.err != nil {
			break
		}
		if known := filterNames[f.number]; known != "" || !f.known() {
			return nil, fmt.Errorf("expected the filters gzip, lzf, shuffle and fletcher32, found filter %d (%.40s); h5repack -f GZIP=4 IN OUT writes the file with gzip", f.number, cmp.Or(known, name, "unknown"))
		}
		if f.width < 1 || f.width > 1<<16 {
			return nil, fmt.Errorf("shuffle: expected values of 1 to %d bytes, found %d", 1<<16, f.width)
		}
		filters = append(filters, f)
	}
	if c.err != nil {
		return nil, fmt.Errorf("filters: %w", c.err)
	}
	return filters, nil
}

// known says whether a chunk can be taken through the filter.
func (f filter) known() bool {
	return f.number == gzip || f.number == shuffle || f.number == fletcher32 || f.number == lzf
}

// overhead is more than the filters add to a chunk on its way out, gzip and
// lzf apart, which store the size that they start from.
const overhead = 64

// decoder takes chunks through filters, in memory that it keeps.
type decoder struct {
	stored  []byte
	chunk   []byte // that is not wanted as a whole
	buffers [2][]byte
	source  bytes.Reader
	zlib    io.ReadCloser
}

// buffer is n bytes in place of those of a slice, which grows no further than that.
func buffer(b *[]byte, n int) []byte {
	if cap(*b) < n {
		*b = make([]byte, n)
	}
	return (*b)[:n]
}

// decode fills to with the chunk that the stored bytes hold. The filters whose bit
// is set in skipped were not applied.
func (d *decoder) decode(to, stored []byte, filters []filter, skipped uint32) error {
	b, next := stored, 0
	for i, f := range slices.Backward(filters) {
		if skipped>>i&1 != 0 {
			continue
		}
		var err error
		if f.number == fletcher32 {
			if b, err = checkFletcher32(b); err != nil {
				return err
			}
			continue
		}
		out := to
		if more := ^skipped & (1<<i - 1); more != 0 { // filters before this one
			out, next = buffer(&d.buffers[next], len(to)+overhead), 1-next
		}
		switch f.number {
		case gzip:
			b, err = d.inflate(out, b)
		case lzf:
			b, err = decodeLZF(out, b)
		case shuffle:
			if len(b) > len(out) {
				return fmt.Errorf("expected a chunk of %d bytes, found %d", len(to), len(b))
			}
			b = unshuffle(out[:len(b)], b, f.width)
		}
		if err != nil {
			return err
		}
	}
	if len(b) != len(to) {
		return fmt.Errorf("expected a chunk of %d bytes, found %d", len(to), len(b))
	}
	copy(to, b)
	return nil
}

// inflate writes what the bytes inflate to; more than there is room for is an error.
func (d *decoder) inflate(to, stored []byte) ([]byte, error) {
	d.source.Reset(stored)
	var err error
	if d.zlib == nil {
		d.zlib, err = zlib.NewReader(&d.source)
	} else {
		err = d.zlib.(zlib.Resetter).Reset(&d.source, nil)
	}
	n := 0
	var beyond [1]byte
	for err == nil {
		rest := to[n:]
		if len(rest) == 0 {
			rest = beyond[:]
		}
		var more int
		more, err = d.zlib.Read(rest)
		if n += more; n > len(to) {
			return nil, fmt.Errorf("gzip: expected at most %d bytes, found more", len(to))
		}
	}
	if err != io.EOF {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	return to[:n], nil
}

var errLZF = errors.New("lzf: the compressed bytes are damaged")

// decodeLZF undoes liblzf: a byte below 32 goes before that many literal bytes
// and one; another is the length and the high bits of the distance of a copy,
// see lzf_d.c there.
func decodeLZF(to, in []byte) ([]byte, error) {
	out := to[:0]
	for len(in) > 0 {
		control := int(in[0])
		in = in[1:]
		if control < 32 {
			n := control + 1
			if n > len(in) || len(out)+n > len(to) {
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
		if from < 0 || len(out)+n > len(to) {
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
func unshuffle(out, stored []byte, width int) []byte {
	n := len(stored) / width
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
