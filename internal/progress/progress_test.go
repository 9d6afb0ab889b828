package progress

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLateWriter(t *testing.T) {
	var out bytes.Buffer
	for _, from := range []time.Time{time.Now().Add(time.Hour), time.Now()} {
		n, err := late{&out, from}.Write([]byte("bar"))
		require.NoError(t, err)
		assert.Equal(t, 3, n)
	}
	assert.Equal(t, "bar", out.String())
}

// Without a terminal there is no bar, and nothing breaks.
func TestNoBar(t *testing.T) {
	path := filepath.Join(t.TempDir(), "input")
	require.NoError(t, os.WriteFile(path, []byte("12345"), 0o600))
	b := New(&bytes.Buffer{}, []string{path})
	assert.Nil(t, b)
	b.Read(1)
	b.Done(1)
	b.Close()
	text, err := io.ReadAll(b.Reading(strings.NewReader("x")))
	require.NoError(t, err)
	assert.Equal(t, "x", string(text))
	assert.Equal(t, int64(10), totalSize([]string{path, path}))
	assert.Equal(t, int64(-1), totalSize([]string{path, "-"}))
}

func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := &Bar{bar: progressbar.NewOptions64(10, progressbar.OptionSetWriter(&out))}
	_, err := io.ReadAll(b.Reading(strings.NewReader("1234")))
	require.NoError(t, err)
	b.Read(1)
	b.Done(7)
	assert.Contains(t, out.String(), "7 structures")
	assert.Contains(t, out.String(), "50%")
	out.Reset()
	b.Clear()
	assert.NotEmpty(t, out.String())
	assert.NotContains(t, out.String(), "structures")
	b.Close()
}
