package checkpoint

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file stays open: one that is replaced, as by a tool that converts in place,
// is still what was opened.
func TestOpenAndClose(t *testing.T) {
	file, err := os.ReadFile("testdata/views.pt")
	require.NoError(t, err)
	path := t.TempDir() + "/a.pt"
	require.NoError(t, os.WriteFile(path, file, 0o600))
	c, err := Open(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" { // which keeps what is open
		require.NoError(t, os.Rename(path, path+".old"))
	}
	assert.Equal(t, []float64{0, 0.25, 0.5, 0.75, 1, 1.25}, values(t, c, "plain"))
	scalar, _ := c.Tensor("scalar")
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	_, err = scalar.Float64s()
	assert.ErrorIs(t, err, os.ErrClosed, "after Close a tensor that was not read is an error")
	_, err = scalar.Bytes()
	assert.ErrorIs(t, err, os.ErrClosed)
	assert.Equal(t, []float64{0, 0.75, 0.25, 1, 0.5, 1.25}, values(t, c, "transposed"), "of a storage that was read for another")
	require.NoError(t, New(nil).Close())
}

// Training that saves over a file that is open is an error, whatever is read of it later.
func TestFilesThatChange(t *testing.T) {
	whole, err := os.ReadFile("testdata/views.pt")
	require.NoError(t, err)
	for _, name := range []string{"views.pt", "legacy.pt", "tar.pt"} {
		file, err := os.ReadFile("testdata/" + name)
		require.NoError(t, err)
		for says, change := range map[string]func(path string) error{
			"shorter": func(path string) error { return os.Truncate(path, 10) },
			"empty":   func(path string) error { return os.Truncate(path, 0) },
			"other":   func(path string) error { return os.WriteFile(path, append(whole, whole...), 0o600) },
			"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
		} {
			path := filepath.Join(t.TempDir(), name)
			require.NoError(t, os.WriteFile(path, file, 0o600))
			c, err := Open(path)
			require.NoError(t, err)
			require.NoError(t, change(path))
			plain, ok := c.Tensor("plain")
			require.True(t, ok)
			for range 2 {
				_, err = plain.Float64s()
				assert.ErrorIs(t, err, errChanged, "%s, %s", name, says)
			}
			require.NoError(t, c.Close())
		}
	}
}

// counting counts the bytes that are read.
type counting struct {
	r     io.ReaderAt
	bytes int
}

func (c *counting) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.r.ReadAt(b, at)
	c.bytes += n
	return n, err
}

// Opening a large file and reading a small tensor of it reads little of the
// file, and takes little memory.
func TestOpenReadsLittle(t *testing.T) {
	const large = 1 << 26
	for _, name := range []string{"large.pt", "large.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		writeLarge(t, path, large/4)
		src, file, err := openFile(path)
		require.NoError(t, err)
		count := &counting{r: src.r}
		src.r = count
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := decode(src, path, Options{})
		require.NoError(t, err)
		assert.Equal(t, []float64{0, 0, 0, 0}, values(t, c, "small"))
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
		assert.Less(t, count.bytes, 1<<18, name)
		tensor, _ := c.Tensor("large")
		_, err = tensor.Bytes()
		require.NoError(t, err)
		assert.GreaterOrEqual(t, count.bytes, large, name)
		require.NoError(t, file.Close())
	}
}
