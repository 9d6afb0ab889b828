package datasets

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
)

func TestStream(t *testing.T) {
	text := make([]byte, 3*chunkSize+100)
	for i := range text {
		text[i] = byte(rand.Uint32())
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader, "end with data": iotest.DataErrReader,
	} {
		s := newStream(t.Context(), wrap(strings.NewReader(string(text))), nil)
		got, err := io.ReadAll(iotest.OneByteReader(s))
		require.NoError(t, err, name)
		assert.True(t, string(text) == string(got), name)
		s.close()
	}
	s := newStream(t.Context(), iotest.TimeoutReader(strings.NewReader("text")), nil)
	defer s.close()
	got, err := io.ReadAll(iotest.OneByteReader(s))
	assert.Equal(t, "text", string(got))
	assert.ErrorIs(t, err, iotest.ErrTimeout)
}

// Before it waits, it says so; and it waits no longer than ctx.
func TestStreamThatWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	dry := make(chan struct{}, 10)
	s := newStream(ctx, in, func() error { dry <- struct{}{}; return nil })
	defer s.close()
	b := make([]byte, 10)
	go func() {
		<-dry
		io.WriteString(out, "text")
	}()
	n, err := s.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "text", string(b[:n]))
	go func() {
		<-dry
		cancel()
	}()
	_, err = s.Read(b)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = s.Read(b)
	assert.ErrorIs(t, err, context.Canceled)
}

// What goes wrong with the frames that wait is not said of the one that is read.
func TestDryFails(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	_, err = w.WriteString("1\n\nH 0 0 0\n1\n\nH 0")
	require.NoError(t, err)
	n, enough := 0, errors.New("enough")
	dry := func() error {
		if n > 0 {
			return enough
		}
		return nil
	}
	err = Source{Stdin: r, Dry: dry}.Each(t.Context(), "-", func(*data.Frame, Place, error) error { n++; return nil })
	assert.EqualError(t, err, "enough")
	assert.Equal(t, 1, n)
}
