package checkpoint

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Opening a pipe could wait for ever.
func TestOpenRefusesPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.pt")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	_, err := Open(path)
	assert.ErrorContains(t, err, "pipe.pt: expected a regular file, found p")
}

// resident is how many bytes of a mapped file have been looked at.
func resident(t *testing.T, path string) (bytes int) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	_, mapping, found := strings.Cut(string(maps), path)
	require.True(t, found, "%s is not mapped", path)
	_, rss, _ := strings.Cut(mapping, "Rss:")
	kilobytes, err := strconv.Atoi(strings.Fields(rss)[0])
	require.NoError(t, err)
	return 1024 * kilobytes
}

// Opening a large file and reading a small tensor of it looks at little of the
// file, and takes little memory.
func TestOpenTouchesLittle(t *testing.T) {
	const large = 1 << 26
	for _, name := range []string{"large.pt", "large.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		writeLarge(t, path, large/4)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := Open(path)
		require.NoError(t, err)
		assert.Equal(t, []float64{0, 0, 0, 0}, values(t, c, "small"))
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
		assert.Less(t, resident(t, path), 1<<20, name)
		tensor, _ := c.Tensor("large")
		_, err = tensor.Bytes()
		require.NoError(t, err)
		assert.GreaterOrEqual(t, resident(t, path), large, name)
		require.NoError(t, c.Close())
	}
}
