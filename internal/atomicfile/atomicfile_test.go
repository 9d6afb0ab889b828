package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func files(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	f, err := Create(path)
	require.NoError(t, err)
	_, err = f.WriteString("new")
	require.NoError(t, err)
	content, _ := os.ReadFile(path)
	assert.Equal(t, "old", string(content), "nothing before Commit")
	require.NoError(t, f.Commit())
	f.Abort()
	content, _ = os.ReadFile(path)
	assert.Equal(t, "new", string(content))
	assert.Equal(t, []string{"out"}, files(t, dir))
}

func TestCommitNew(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	first, err := Create(path)
	require.NoError(t, err)
	second, err := Create(path) // while there is none
	require.NoError(t, err)
	_, err = first.WriteString("first")
	require.NoError(t, err)
	require.NoError(t, first.CommitNew())
	assert.ErrorIs(t, second.CommitNew(), fs.ErrExist)
	content, _ := os.ReadFile(path)
	assert.Equal(t, "first", string(content))
	assert.Equal(t, []string{"out"}, files(t, dir))
}

func TestAbort(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "out"))
	require.NoError(t, err)
	f.Abort()
	f.Abort()
	assert.Empty(t, files(t, dir))
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := Create(dir)
	assert.ErrorContains(t, err, "is not a regular file")
	_, err = Create(filepath.Join(dir, "none", "out"))
	assert.ErrorContains(t, err, "cannot write")
}
