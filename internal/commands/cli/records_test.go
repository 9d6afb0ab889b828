package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// writes keeps what is written at a time, and has no room for more than so many bytes.
type writes struct {
	list []string
	room int
}

var errFull = errors.New("no room")

func (w *writes) Write(b []byte) (int, error) {
	n := min(len(b), w.room)
	w.list, w.room = append(w.list, string(b[:n])), w.room-n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func record(t *testing.T, r *Records, text string) error {
	t.Helper()
	_, err := io.WriteString(r, text)
	require.NoError(t, err)
	return r.End()
}

func TestRecords(t *testing.T) {
	for atomic, want := range map[int][]string{
		0: {"aaabbbbcdd", "e"},
		4: {"aaa", "bbbb", "cdd", "e"}, // as many as a pipe takes at once
		7: {"aaabbbb", "cdd", "e"},
		3: {"aaa", "bbbb", "cdd", "e"}, // or one that is larger
	} {
		out := &writes{room: 100}
		r := &Records{out: out, atomic: atomic}
		for _, text := range []string{"aaa", "bbbb", "c", "dd"} {
			require.NoError(t, record(t, r, text))
		}
		assert.Empty(t, out.list)
		_, err := io.WriteString(r, "e") // which is not ended
		require.NoError(t, err)
		require.NoError(t, r.Flush())
		require.NoError(t, r.Flush())
		require.NoError(t, r.End())
		require.NoError(t, r.Commit(true))
		_, err = io.WriteString(r, "half a record")
		require.NoError(t, err)
		r.Abort()
		assert.Equal(t, want, out.list, atomic)
	}
}

// What fails once is not tried again, as it would be there twice.
func TestRecordsFail(t *testing.T) {
	out := &writes{room: 4}
	r := &Records{out: out}
	require.NoError(t, record(t, r, "aaa"))
	require.NoError(t, record(t, r, "bbb"))
	assert.ErrorIs(t, r.Flush(), errFull)
	out.room = 100
	require.NoError(t, record(t, r, "ccc"))
	assert.ErrorIs(t, r.Flush(), errFull)
	assert.ErrorIs(t, r.Commit(true), errFull)
	r.Abort()
	assert.Equal(t, []string{"aaab"}, out.list)
	assert.ErrorIs(t, record(t, r, strings.Repeat("d", enough)), errFull, "at once, as it is much")
}

// A part of a record is taken back from the end of a file, and from nowhere else.
func TestRecordsTakeBack(t *testing.T) {
	for text, want := range map[string]string{"aaab": "aaa", "aaabbb": "aaabbb", "a": ""} {
		file, err := os.Create(filepath.Join(t.TempDir(), "out"))
		require.NoError(t, err)
		defer file.Close()
		_, err = file.WriteString("head" + text)
		require.NoError(t, err)
		r := &Records{out: file}
		r.takeBack(len(text) - len(want))
		_, err = file.WriteString("|")
		require.NoError(t, err)
		got, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		assert.Equal(t, "head"+want+"|", string(got))
		_, err = file.Seek(1, io.SeekStart)
		require.NoError(t, err)
		r.takeBack(1)
		again, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		assert.Equal(t, got, again, "somebody else has written more")
	}
}

func TestRecordsOutputs(t *testing.T) {
	dir := t.TempDir()
	var stdout bytes.Buffer
	std := Std{Out: &stdout}
	r, err := std.Records("-")
	require.NoError(t, err)
	require.NoError(t, record(t, r, "text"))
	require.NoError(t, r.Commit(false))
	assert.Equal(t, "text", stdout.String())

	path := filepath.Join(dir, "out")
	for _, replace := range []bool{false, true, false} {
		_, errBefore := os.Stat(path)
		r, err := std.Records(path)
		require.NoError(t, err)
		require.NoError(t, record(t, r, "text"))
		err = r.Commit(replace)
		r.Abort()
		assert.Equal(t, !replace && errBefore == nil, errors.Is(err, os.ErrExist))
	}
	r, err = std.Records(filepath.Join(dir, "other"))
	require.NoError(t, err)
	require.NoError(t, record(t, r, "text"))
	r.Abort()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	_, err = std.Records(dir)
	assert.ErrorContains(t, err, "expected a file, found a folder")
	assert.Equal(t, "text", stdout.String())
}

// However many frames something is wrong with, a list of them is short.
func TestListsAreShort(t *testing.T) {
	var stderr bytes.Buffer
	s := &Skips{Stderr: &stderr}
	for k := range 300 {
		at := bytes.NewBufferString(fmt.Sprintf("f: frame %d", k))
		require.NoError(t, s.Skip(at, errFull))
		require.NoError(t, s.Note("there already", at, errFull))
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	assert.Len(t, lines, Listed+1+notedOfKind+1)
	assert.Contains(t, lines, "painless: further frames left out are counted, and not listed")
	assert.Contains(t, lines, "painless: further frames there already are counted, and not listed")
	assert.EqualError(t, s.Err(2), "300 of 302 frames are left out, of which the first 20 are listed")
	assert.Equal(t, 300, s.N)
}

func TestSkips(t *testing.T) {
	var stderr bytes.Buffer
	s := &Skips{Stderr: &stderr}
	assert.NoError(t, s.Err(0))
	at := bytes.NewBufferString("f: frame 1")
	require.NoError(t, s.Skip(at, errFull))
	assert.Equal(t, "painless: f: frame 1: no room\n", stderr.String())
	assert.EqualError(t, s.Err(2), "1 of 3 frames are left out, as listed")
	assert.Equal(t, 2, Code(s.Err(2)))
	assert.EqualError(t, s.Err(0), "something is wrong with every one of 1 frames, as listed")
	assert.Equal(t, 1, Code(s.Err(0)))
	s.Strict = true
	assert.EqualError(t, s.Skip(at, errFull), "f: frame 1: no room")
	s.Strict, s.Stderr = false, &writes{}
	assert.ErrorIs(t, s.Skip(at, errFull), errFull, "nobody would know")
}
