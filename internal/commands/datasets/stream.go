package datasets

import (
	"context"
	"io"
	"os"
)

// stream reads what may keep its reader waiting: a pipe, a terminal, a FIFO. It
// reads ahead, so that it knows when that is so, and waits no longer than ctx.
type stream struct {
	ctx    context.Context
	dry    func() error // called before it waits; may be nil
	chunks chan chunk
	closed chan struct{}
	rest   chunk
	err    error // what stopped it: that of dry or of ctx
}

// chunk is what was read at a time.
type chunk struct {
	bytes []byte
	err   error // after them
}

const chunkSize = 1 << 16 // what a pipe holds

func newStream(ctx context.Context, in io.Reader, dry func() error) *stream {
	s := &stream{ctx: ctx, dry: dry, chunks: make(chan chunk), closed: make(chan struct{})}
	go s.readAhead(in)
	return s
}

// readAhead reads until the end, an error, or close. One buffer is with Read
// while the other is filled.
func (s *stream) readAhead(in io.Reader) {
	defer close(s.chunks)
	for buffers := [2][]byte{make([]byte, chunkSize), make([]byte, chunkSize)}; ; buffers[0], buffers[1] = buffers[1], buffers[0] {
		n, err := in.Read(buffers[0])
		select {
		case s.chunks <- chunk{buffers[0][:n], err}:
		case <-s.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *stream) Read(b []byte) (int, error) {
	for s.err == nil && len(s.rest.bytes) == 0 && s.rest.err == nil {
		s.rest, s.err = s.next()
	}
	if s.err != nil {
		return 0, s.err
	}
	n := copy(b, s.rest.bytes)
	if s.rest.bytes = s.rest.bytes[n:]; len(s.rest.bytes) > 0 {
		return n, nil
	}
	return n, s.rest.err
}

func (s *stream) next() (chunk, error) {
	select {
	case c := <-s.chunks:
		return c, nil
	default:
	}
	if s.dry != nil {
		if err := s.dry(); err != nil {
			return chunk{}, err
		}
	}
	select {
	case c := <-s.chunks:
		return c, nil
	case <-s.ctx.Done():
		return chunk{}, s.ctx.Err()
	}
}

func (s *stream) close() { close(s.closed) }

// waits reports whether a reader of a file may have to wait for it.
func waits(file any) bool {
	f, ok := file.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && !info.Mode().IsRegular()
}

// openFile opens a file. A FIFO is open once somebody writes to it, for which it
// waits no longer than ctx.
func openFile(ctx context.Context, path string, dry func() error) (*os.File, error) {
	if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
		return os.Open(path)
	}
	if dry != nil {
		if err := dry(); err != nil {
			return nil, err
		}
	}
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.file, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
