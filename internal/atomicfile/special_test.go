//go:build unix

package atomicfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func permissions(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

func TestPermissions(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	dir := t.TempDir()
	path := filepath.Join(dir, "new")
	write(t, path, "")
	assert.Equal(t, fs.FileMode(0o640), permissions(t, path))
	for _, kept := range []fs.FileMode{0o600, 0o644, 0o666, 0o755, 0o777} {
		require.NoError(t, os.Chmod(path, kept))
		write(t, path, "")
		assert.Equal(t, kept, permissions(t, path))
	}
}

// While it is written, nobody else reads what will be private.
func TestPrivateWhileWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	f, err := Create(path)
	require.NoError(t, err)
	defer f.Abort()
	assert.Equal(t, fs.FileMode(0o600), permissions(t, f.Name()))
}

func TestOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.WriteFile(path, nil, 0o664))
	if err := os.Chown(path, 12345, 23456); err != nil {
		t.Skipf("only root gives files away: %v", err)
	}
	write(t, path, "")
	info, err := os.Stat(path)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t)
	assert.Equal(t, [2]uint32{12345, 23456}, [2]uint32{owner.Uid, owner.Gid})
}

// What its owner has protected is not replaced, although the folder would let it be.
func TestReadOnly(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root writes everywhere")
	}
	path := filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.WriteFile(path, nil, 0o400))
	_, err := Create(path)
	assert.ErrorIs(t, err, fs.ErrPermission)
}

// A link stays, and leads to what was written.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("old"), 0o640))
	for _, test := range [][2]string{
		{"relative", "sub/file"}, {"absolute", filepath.Join(dir, "sub", "file")}, {"chain", "relative"}, {"nothing", "sub/new"}, {"sub/up", "../sub/other"},
	} {
		link, to := filepath.Join(dir, test[0]), test[1]
		require.NoError(t, os.Symlink(to, link))
		write(t, link, to)
		got, err := os.Readlink(link)
		require.NoError(t, err)
		assert.Equal(t, to, got)
		assert.Equal(t, to, content(t, link))
	}
	assert.Equal(t, fs.FileMode(0o640), permissions(t, filepath.Join(dir, "sub", "file")))
	assert.Equal(t, []string{"file", "new", "other", "up"}, files(t, filepath.Join(dir, "sub")))

	circle := filepath.Join(dir, "circle")
	require.NoError(t, os.Symlink("circle", circle))
	_, err := Create(circle)
	assert.ErrorIs(t, err, syscall.ELOOP)
}

func TestDevices(t *testing.T) {
	before, err := os.Lstat(os.DevNull)
	require.NoError(t, err)
	write(t, os.DevNull, "text")
	f, err := Stream(os.DevNull)
	require.NoError(t, err)
	_, err = f.WriteString("text")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	after, err := os.Lstat(os.DevNull)
	require.NoError(t, err)
	assert.Equal(t, before.Mode(), after.Mode())
	assert.True(t, os.SameFile(before, after))
}

// reading reads the FIFO at a path until its writers are gone.
func reading(t *testing.T, path string) <-chan string {
	text := make(chan string, 1)
	go func() {
		b, err := os.ReadFile(path)
		assert.NoError(t, err)
		text <- string(b)
	}()
	return text
}

func TestFIFO(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "fifo"), filepath.Join(dir, "link")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	require.NoError(t, os.Symlink("fifo", link))
	text := reading(t, path)
	write(t, link, "held until it is whole")
	assert.Equal(t, "held until it is whole", <-text)

	text = reading(t, path)
	f, err := Stream(link)
	require.NoError(t, err)
	_, err = f.WriteString("as it comes")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	assert.Equal(t, "as it comes", <-text)
	assert.Equal(t, []string{"fifo", "link"}, files(t, dir))
}

// An open file is written at its place: what its other users wrote stays.
func TestDescriptors(t *testing.T) {
	dir := t.TempDir()
	open, err := os.Create(filepath.Join(dir, "out"))
	require.NoError(t, err)
	defer open.Close()
	number := strconv.Itoa(int(open.Fd()))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink("/dev/fd/"+number, link))
	fmt.Fprint(open, "head ")
	for _, path := range []string{"/dev/fd/" + number, link} {
		f, err := Stream(path)
		require.NoError(t, err)
		require.NotNil(t, f)
		_, err = io.WriteString(f, "stream ")
		require.NoError(t, err)
		require.NoError(t, f.Close())
		write(t, path, "whole ")
	}
	fmt.Fprint(open, "tail")
	assert.Equal(t, "head stream whole stream whole tail", content(t, filepath.Join(dir, "out")))
	assert.Equal(t, []string{"link", "out"}, files(t, dir))

	assert.True(t, IsStandardOutput("/dev/stdout"))
	assert.False(t, IsStandardOutput("/dev/stderr"))
	assert.False(t, IsStandardOutput(link))
	_, err = Stream("/dev/fd/987")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
