package cli

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unpacked is what programs read of a compressed file.
func unpacked(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var r io.Reader
	if filepath.Ext(path) == ".GZ" {
		r, err = gzip.NewReader(f)
	} else {
		r, err = zstd.NewReader(f)
	}
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

// An output is compressed as its ending says, and whole after each flush.
func TestPacked(t *testing.T) {
	for _, name := range []string{"a.xyz.GZ", "a.xyz.zst"} {
		path := filepath.Join(t.TempDir(), name)
		r, err := Std{}.Records(path)
		require.NoError(t, err)
		want := ""
		for _, text := range []string{"one\n", "two\n", "three\n"} {
			require.NoError(t, record(t, r, text))
			require.NoError(t, r.Flush())
			want += text
			assert.Equal(t, want, unpacked(t, temporaryWithEnding(t, r.file.Name(), filepath.Ext(path))))
		}
		_, err = io.WriteString(r, "half a record")
		require.NoError(t, err)
		require.NoError(t, r.Commit(true))
		assert.Equal(t, want, unpacked(t, path))

		r, err = Std{}.Records(path)
		require.NoError(t, err)
		require.NoError(t, r.Commit(true))
		assert.Empty(t, unpacked(t, path), "nothing, but a compressed file")
	}
}

// temporaryWithEnding is a copy of a file.
func temporaryWithEnding(t *testing.T, path, ending string) string {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "copy"+ending)
	require.NoError(t, os.WriteFile(copied, b, 0o600))
	return copied
}

// What a full disk cuts is taken back whole.
func TestPackedIntoAFullDisk(t *testing.T) {
	pack, err := packing("x.gz")
	require.NoError(t, err)
	out := &writes{room: 10}
	r := &Records{out: out, pack: pack}
	require.NoError(t, record(t, r, "one\n"))
	assert.ErrorIs(t, r.Flush(), errFull)
	assert.ErrorIs(t, r.Commit(true), errFull)
}

func TestPackingRefused(t *testing.T) {
	for _, name := range []string{"x.xyz.xz", "x.BZ2", "x.lz4", "x.Z", "x.zip"} {
		_, err := Std{}.Records(filepath.Join(t.TempDir(), name))
		assert.ErrorContains(t, err, name+": gzip (.gz) and zstd (.zst) are what can be written compressed")
		assert.Equal(t, err.Error()[:2], "-o")
		assert.Error(t, Std{}.CheckOutput(name))
	}
	assert.NoError(t, Std{}.CheckOutput("x.gz.xyz"))
}
