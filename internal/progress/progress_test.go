package progress

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	b := &Bar{line: &Line{out: &out}, began: time.Now().Add(-5 * time.Second), total: 10}
	_, err := io.ReadAll(b.Reading(strings.NewReader("1234")))
	require.NoError(t, err)
	b.Read(1)
	b.Done(7)
	assert.Equal(t, "\r\x1b[K7 structures, 50 %, 5s left", out.String())
	b.Done(1)
	assert.NotContains(t, out.String(), "8", "twice a second")
	out.Reset()
	b.Clear()
	assert.Equal(t, "\r\x1b[K", out.String())
	b.Close()
	assert.Equal(t, "\r\x1b[K", out.String())
}

func TestBarText(t *testing.T) {
	for want, b := range map[string]Bar{
		"3 structures":                 {structures: 3, read: 10, total: -1},
		"0 structures":                 {total: 10},
		"4 structures, 100 %, 0s left": {structures: 4, read: 12, total: 10, began: time.Now()}, // a file that grew
	} {
		assert.Equal(t, want, b.text())
	}
}
