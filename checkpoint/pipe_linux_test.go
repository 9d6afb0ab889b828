package checkpoint

import (
	"path/filepath"
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
