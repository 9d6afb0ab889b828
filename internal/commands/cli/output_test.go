package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two names of one file are one output, whether it is there or not.
func TestCheckDistinct(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.Mkdir("sub", 0o700))
	require.NoError(t, os.WriteFile("there", nil, 0o600))
	require.NoError(t, os.Link("there", "hard"))
	for link, to := range map[string]string{"soft": "there", "dangling": "new", "away": filepath.Join(dir, "new"), "folder": "sub"} {
		require.NoError(t, os.Symlink(to, link))
	}
	for _, c := range []struct {
		same bool
		a, b string
	}{
		{true, "new", "new"}, {true, "new", "./new"}, {true, "new", filepath.Join(dir, "sub", "..", "new")}, {true, "there", "hard"}, {true, "soft", "hard"},
		{true, "new", "dangling"}, {true, "away", "dangling"}, {true, "sub/new", "folder/new"}, {true, "none/new", "none/./new"},
		{false, "new", "there"}, {false, "sub/new", "new"}, {false, "soft", "dangling"}, {false, "none/new", "new"},
	} {
		err := CheckDistinct("other", c.a, "another", c.b)
		if c.same {
			assert.EqualError(t, err, c.a+" and "+c.b+" are one file: expected outputs under names of their own")
		} else {
			assert.NoError(t, err, c)
		}
	}
}
