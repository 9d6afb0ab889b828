package data

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"

	"painless/internal/foreign"
)

// maxWindow is how far back compressed bytes may refer, which is held in memory:
// 64 MiB, as in xz -9 and twice that of zstd -19. What --long or a larger
// dictionary made is refused.
const maxWindow = 64 << 20

// encoding is how a file is compressed, by its first bytes, whatever its name.
type encoding struct {
	name  string
	magic string
	open  func(r io.Reader) (io.Reader, error)
}

var encodings = []encoding{
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"xz", "\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r, maxWindow) }},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"zstd", "\x50\x2a\x4d\x18", openZstd}, // a frame to skip, with which pzstd begins
	{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
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
		r, err := e.open(in)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", e.name, err)
		}
		return bufio.NewReaderSize(decompressor{r, e.name}, bufferSize), true, nil
	}
	return in, false, nil
}

// maxHead is how much of a file's beginning is kept, to say what it is if it is no XYZ.
const maxHead = 1 << 13

// beginning is what there is of a file's beginning; it waits for the first byte alone.
func beginning(in *bufio.Reader) string {
	_, _ = in.Peek(1) // an error comes again
	head, _ := in.Peek(min(in.Buffered(), maxHead))
	return string(head)
}

// begins says whether XYZ may begin so: with a number, behind blanks or a byte order mark.
func begins(head string) bool {
	text := strings.TrimLeft(strings.TrimPrefix(head, string(byteOrderMark)), " \t\v\f\r\n")
	return text == "" || strings.IndexByte("+-0123456789", text[0]) >= 0 && strings.IndexByte(head[:min(len(head), 2)], 0) < 0
}

// mistaken is the error of a file that begins so and is no XYZ.
func mistaken(head string, err error) error {
	const expected = "expected XYZ, as text or compressed by gzip, xz, zstd or bzip2, found "
	if f, ok := foreign.Of(head); ok {
		return errors.New(expected + f.String())
	}
	if strings.IndexByte(head[:min(len(head), 16)], 0) >= 0 {
		return fmt.Errorf("%sno text, or text in UTF-16, which begins with %.12q", expected, head)
	}
	return err
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
