package data

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// maxWindow is how far back compressed bytes may refer, which is held in memory:
// 64 MiB, as in xz -9 and twice that of zstd -19. What --long or a larger
// dictionary made is refused.
const maxWindow = 64 << 20

// encoding is what the first bytes of a file are, whatever its name.
type encoding struct {
	name  string
	magic string
	open  func(r io.Reader) (io.Reader, error) // nil where it cannot be read
}

var encodings = []encoding{
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"xz", "\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r, maxWindow) }},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"zstd", "\x50\x2a\x4d\x18", openZstd}, // a frame to skip, with which pzstd begins
	{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"UTF-16, which PowerShell's > writes: save it as UTF-8", "\xff\xfe", nil},
	{"UTF-16: save it as UTF-8", "\xfe\xff", nil},
	{"a zip archive", "PK\x03\x04", nil},
	{"a 7z archive", "7z\xbc\xaf", nil},
	{"lzma", "\x5d\x00\x00", nil},
	{"lz4", "\x04\x22\x4d\x18", nil},
	{"compress, .Z", "\x1f\x9d", nil},
	{"HDF5", "\x89HDF", nil},
}

// openZstd decompresses in the reader's own goroutine.
func openZstd(r io.Reader) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
}

// decompressed is what is read from in, decompressed where its first bytes say so;
// packed says whether it is.
func decompressed(in *bufio.Reader) (out *bufio.Reader, packed bool, err error) {
	first, _ := in.Peek(2) // no frame is shorter; an error comes again
	for _, e := range encodings {
		if len(first) < 2 || first[0] != e.magic[0] || first[1] != e.magic[1] {
			continue
		}
		if begin, _ := in.Peek(len(e.magic)); string(begin) != e.magic {
			continue
		}
		if e.open == nil {
			return nil, false, fmt.Errorf("expected XYZ, as text or compressed by gzip, xz, zstd or bzip2, found %s", e.name)
		}
		r, err := e.open(in)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", e.name, err)
		}
		return bufio.NewReaderSize(decompressor{r, e.name}, bufferSize), true, nil
	}
	if bytes.IndexByte(first, 0) >= 0 {
		return nil, false, fmt.Errorf("expected XYZ as text, found %q: UTF-16 or no text", first)
	}
	return in, false, nil
}

// decompressor names the compression in the errors.
type decompressor struct {
	io.Reader
	name string
}

func (d decompressor) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", d.name, err)
	}
	return n, err
}

// source is the reader's own input. It knows whether the last read gave all that
// was asked for, as files do and who waits for an answer does not.
type source struct {
	io.Reader
	full bool
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.full = n == len(p)
	return n, err
}
