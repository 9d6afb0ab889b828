// Package h5 reads HDF5 files in Go: groups, the attributes of objects, and
// datasets of numbers, by the HDF5 File Format Specification, version 3.0.
//
// Superblocks 0 to 3 at the begin or behind a user block; groups by symbol
// table or by links, compact and dense; attributes, compact and dense, of texts,
// numbers and bools; datasets, contiguous, compact and in chunks with any index,
// of integers of 8 to 64 bits, floats of 16 to 64 and h5py's bools in either byte
// order, behind the filters gzip, lzf, shuffle and fletcher32. Checksums are
// checked. Whatever else there is, is refused by its name.
//
// Files are hostile: nothing is followed out of one, nothing of it is trusted,
// and what is held of it is a small multiple of its bytes.
package h5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// The flags of a file that is open for writing, or was never closed; where writes
// are ordered for readers of the moment (SWMR) what is in the file is whole.
const (
	openMark    = 1
	orderedMark = 4
)

const signature = "\x89HDF\r\n\x1a\n"

// Find is where in a file of size bytes HDF5 begins: at 0, 512, 1024 and so on,
// each twice the one before; ok is false where it does not.
func Find(in io.ReaderAt, size int64) (base int64, ok bool) {
	var b [len(signature)]byte
	for base = 0; base+int64(len(b)) <= size; base = max(512, 2*base) {
		if _, err := in.ReadAt(b[:], base); err != nil {
			return 0, false
		}
		if string(b[:]) == signature {
			return base, true
		}
	}
	return 0, false
}

// File is an open file, for one goroutine at a time.
type File struct {
	in      io.ReaderAt
	base    int64 // where address 0 is
	size    int64 // bytes from there
	offsets int   // bytes of an address
	lengths int   // bytes of a length
	root    uint64
	decoder decoder
	left    int64 // bytes of all structures that may yet be read: Renew
	blind   bool  // to checksums, so that tests get behind them
}

// undefined is the address of what is not there.
const undefined = math.MaxUint64

// Open reads the superblock of a file of size bytes. What is called later needs
// in, which is not closed.
func Open(in io.ReaderAt, size int64) (*File, error) {
	base, ok := Find(in, size)
	if !ok {
		return nil, errors.New("expected an HDF5 file, found another beginning")
	}
	f := &File{in: in, base: base, size: size - base}
	f.Renew()
	if err := f.superblock(); err != nil {
		return nil, fmt.Errorf("expected an HDF5 file: superblock: %w", err)
	}
	return f, nil
}

func (f *File) superblock() error {
	const most = 128 // bytes that any version has
	b, err := f.read(0, min(most, f.size))
	if err != nil {
		return err
	}
	c := &cursor{b: b[len(signature):], f: f}
	version := c.byte()
	switch version {
	case 0, 1:
		c.skip(4) // versions of other parts, which are 0
	case 2, 3:
	default:
		return fmt.Errorf("expected a version from 0 to 3, found %d", version)
	}
	f.offsets, f.lengths = int(c.byte()), int(c.byte())
	for _, n := range []int{f.offsets, f.lengths} {
		if n != 2 && n != 4 && n != 8 {
			return fmt.Errorf("expected addresses and lengths of 2, 4 or 8 bytes, found %d and %d", f.offsets, f.lengths)
		}
	}
	if version < 2 {
		c.skip(1 + 2 + 2 + 4) // sizes of nodes, which these tell themselves, and flags
		if version == 1 {
			c.skip(4)
		}
	} else if flags := c.byte(); version == 3 && flags&(openMark|orderedMark) == openMark {
		return errors.New("expected a file that was closed, found one that is open for writing, or was never closed (h5clear -s makes it one)")
	}
	base := c.address()
	c.address() // of free space, or of the superblock's extension
	end := c.address()
	if version < 2 {
		c.address() // of a driver's information
		c.address() // the root's name
	}
	f.root = c.address()
	if version >= 2 {
		c.skip(sumBytes)
		if c.err == nil {
			c.err = f.checkSum(b[:len(b)-len(c.b)])
		}
	}
	if c.err != nil {
		return c.err
	}
	if base != 0 && base != uint64(f.base) {
		return fmt.Errorf("expected addresses from byte %d, found %d", f.base, base)
	}
	if end < base || end-base > uint64(f.size) {
		return fmt.Errorf("expected %d bytes, found %d: it is cut short", end, uint64(f.size)+base)
	}
	return nil
}

// What is read of headers, groups, attributes and indices between two calls of Renew
// is at most so many times the file's size, and so many bytes more. Each is read
// once or twice where nothing is shared, and a read is no less work than some bytes.
const (
	readPerByte = 4
	readAtLeast = 1 << 20
	leastRead   = 64
)

// Renew lets all of the file be read once more. Structures that lead to the same
// others over and over could be read for ever; they are an error instead.
func (f *File) Renew() { f.left = readPerByte*f.size + readAtLeast }

// read is n bytes at an address.
func (f *File) read(address uint64, n int64) ([]byte, error) {
	if err := f.within(address, n); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	return b, f.readInto(b, address)
}

// readInto fills b from an address that is within the file.
func (f *File) readInto(b []byte, address uint64) error {
	n, err := f.in.ReadAt(b, f.base+int64(address))
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		err = errors.New("the file became shorter while it was read")
	}
	return err
}

// within is an error where n bytes at an address are not all in the file.
func (f *File) within(address uint64, n int64) error {
	if address == undefined {
		return errors.New("expected an address, found that it is undefined")
	}
	if n < 0 || n > f.size || address > uint64(f.size-n) {
		return fmt.Errorf("expected %d bytes at address %d of %d", n, address, f.size)
	}
	return nil
}

// walk reads the parts of one structure of a file. As these do not overlap, they
// have no more bytes than the file: what leads around in circles ends there.
type walk struct {
	*File
	left int64
}

func (f *File) walk() *walk { return &walk{f, f.size} }

func (w *walk) read(address uint64, n int64) ([]byte, error) {
	w.left -= max(n, 8)
	w.File.left -= max(n, leastRead)
	if w.left < 0 || w.File.left < 0 {
		return nil, errors.New("expected parts that do not overlap, found more bytes than the file has: it is damaged")
	}
	return w.File.read(address, n)
}

// block reads a part of n bytes that begins with a signature and ends with its
// checksum: a cursor between these.
func (w *walk) block(address uint64, n int64, sign string) (*cursor, error) {
	b, err := w.read(address, n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sign, err)
	}
	c := &cursor{b: b, f: w.File}
	c.signature(sign)
	if c.err != nil {
		return nil, c.err
	}
	if c.err = w.checkSum(b); c.err != nil {
		return nil, fmt.Errorf("%s at address %d: %w", sign, address, c.err)
	}
	c.b = c.b[:len(c.b)-sumBytes]
	return c, nil
}

const sumBytes = 4

var errChecksum = errors.New("expected another checksum: it is damaged")

// checkSum checks the checksum at the end of a part.
func (f *File) checkSum(b []byte) error {
	n := len(b) - sumBytes
	if n < 0 || binary.LittleEndian.Uint32(b[n:]) != lookup3(b[:n]) && !f.blind {
		return errChecksum
	}
	return nil
}
