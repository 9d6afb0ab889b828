package checkpoint

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file that is mapped can be replaced, as a tool that converts in place does,
// and what was opened stays as it was.
func TestOpenMapsAndCloses(t *testing.T) {
	file, err := os.ReadFile("testdata/views.pt")
	require.NoError(t, err)
	path := t.TempDir() + "/a.pt"
	require.NoError(t, os.WriteFile(path, file, 0o600))
	c, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	assert.Equal(t, []float64{0, 0.25, 0.5, 0.75, 1, 1.25}, values(t, c, "plain"))
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	require.NoError(t, New(nil).Close())
}
