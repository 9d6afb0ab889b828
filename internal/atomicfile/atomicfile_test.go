package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// write writes a text to a path.
func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := Create(path)
	require.NoError(t, err)
	defer f.Abort()
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Commit())
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	f, err := Create(path)
	require.NoError(t, err)
	_, err = f.WriteString("new")
	require.NoError(t, err)
	assert.Equal(t, "old", content(t, path), "nothing before Commit")
	require.NoError(t, f.Commit())
	f.Abort()
	assert.Equal(t, "new", content(t, path))
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
	assert.Equal(t, "first", content(t, path))
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

func TestVacate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	for range 2 { // where something is, and where nothing is
		f, err := Create(path)
		require.NoError(t, err)
		f.Vacate()
		require.NoError(t, f.Commit())
		assert.Empty(t, files(t, dir))
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir: "cannot write " + dir + ": expected a file, found a folder",
		"":  "cannot write : expected a name, found an empty one",
	} {
		_, err := Create(path)
		assert.EqualError(t, err, want)
	}
	_, err := Create(filepath.Join(dir, "none", "out"))
	assert.ErrorContains(t, err, "cannot write "+filepath.Join(dir, "none", "out")+": ")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.NotContains(t, err.Error(), ".painless")
}

// A name may be as long as the system lets it.
func TestLongName(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, strings.Repeat("x", 255))
	write(t, path, "text")
	assert.Equal(t, "text", content(t, path))
}

// Files of a folder get their names together, or not at all.
func TestFolder(t *testing.T) {
	parent := t.TempDir()
	folder := func(replace bool) error {
		d, err := CreateFolder(filepath.Join(parent, "made", "out"))
		require.NoError(t, err)
		defer d.Abort()
		for _, name := range []string{"a", "b", "c"} {
			f, err := d.Create(name)
			require.NoError(t, err)
			_, err = f.WriteString(name)
			require.NoError(t, err)
		}
		return d.Commit(replace)
	}
	out := filepath.Join(parent, "made", "out")
	require.NoError(t, folder(false))
	assert.Equal(t, []string{"a", "b", "c"}, files(t, out))

	require.NoError(t, os.Remove(filepath.Join(out, "a")))
	require.NoError(t, os.WriteFile(filepath.Join(out, "b"), []byte("another's"), 0o600))
	assert.ErrorIs(t, folder(false), fs.ErrExist)
	assert.Equal(t, []string{"b", "c"}, files(t, out), "a was taken back")
	assert.Equal(t, "another's", content(t, filepath.Join(out, "b")))
	require.NoError(t, folder(true))
	assert.Equal(t, "b", content(t, filepath.Join(out, "b")))
}

// What was made for files that did not come is taken back.
func TestFolderAbort(t *testing.T) {
	parent := t.TempDir()
	d, err := CreateFolder(filepath.Join(parent, "made", "out"))
	require.NoError(t, err)
	_, err = d.Create("a")
	require.NoError(t, err)
	d.Abort()
	d.Abort()
	assert.Empty(t, files(t, parent))

	d, err = CreateFolder(parent)
	require.NoError(t, err)
	d.Abort()
	assert.DirExists(t, parent, "it was there before")

	file := filepath.Join(parent, "file")
	write(t, file, "")
	_, err = CreateFolder(filepath.Join(file, "out"))
	assert.ErrorContains(t, err, "cannot make the folder "+filepath.Join(file, "out")+": ")
}

func TestStreamOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	for range 2 { // where nothing is, and a file
		f, err := Stream(path)
		require.NoError(t, err)
		assert.Nil(t, f)
		write(t, path, "")
	}
	_, err := Stream(t.TempDir())
	assert.ErrorContains(t, err, "expected a file, found a folder")
}

// A write that fails leaves what was there, and nothing beside it.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	put := func(text string, err error) error {
		return Write(path, func(w io.Writer) error {
			_, wrong := io.WriteString(w, text)
			return errors.Join(err, wrong)
		})
	}
	require.NoError(t, put("first", nil))
	full := errors.New("full")
	err := put("second", full)
	assert.ErrorIs(t, err, full)
	assert.EqualError(t, err, "cannot write "+path+": full")
	assert.Equal(t, "first", content(t, path))
	assert.Equal(t, []string{"file"}, files(t, dir))
}
