package data

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endless is a line without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '1'
	}
	return len(p), nil
}

func TestReadLongLines(t *testing.T) {
	comment := strings.Repeat("x", 3*bufferSize)
	frames := readAll(t, strings.NewReader("1\n"+comment+"\nH 1 2 3\n"))
	value, _ := frames[0].Get(Comment)
	assert.Equal(t, comment, value)
	_, err := NewReader(endless{}, "endless").Read()
	assert.ErrorContains(t, err, "endless:1: expected lines of at most 64 MiB")
	_, err = NewReader(iotest.ErrReader(fs.ErrPermission), "locked").Read()
	assert.ErrorIs(t, err, fs.ErrPermission)
}

// TestReadHostileLines holds the memory to a small multiple of the file's size.
func TestReadHostileLines(t *testing.T) {
	var keys strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&keys, "k%d ", i)
	}
	const n = 1 << 22
	for name, c := range map[string]struct{ text, says string }{
		"many keys":         {"1\npbc=T " + keys.String() + "\nH 1 2 3\n", "expected at most 1000 keys"},
		"one key, repeated": {"1\npbc=T " + strings.Repeat("pbc=T ", n/4) + "\nH 1 2 3\n", "expected at most 1000 keys"},
		"many properties":   {"1\nProperties=" + strings.Repeat(":", n) + "\nH 1 2 3\n", "expected name:kind:width"},
		"many directions":   {"1\npbc=\"" + strings.Repeat("T ", n) + "\"\nH 1 2 3\n", "expected three of T and F"},
		"many vectors":      {"1\nLattice=\"" + strings.Repeat("1 ", n) + "\"\nH 1 2 3\n", "expected 9 numbers"},
		"many columns":      {"1\n\nH" + strings.Repeat(" 1", n) + "\n", ""},
		"too many columns":  {"1\nProperties=species:S:1:pos:R:3\nH" + strings.Repeat(" 1", n) + "\n", "expected 4 columns, found 4194305"},
		"many words":        {"1\n" + strings.Repeat("cell ", n/4) + "\nH 1 2 3\n", ""},
		"many words, =":     {"1\n" + strings.Repeat("a ", n/2) + "=1\nH 1 2 3\n", ""},
		"many units":        {"1\nCELL(H): " + strings.Repeat("a{} ", n/4) + "\nH 1 2 3\n", "expected positions, found a"},
		"many quotes":       {"1\npbc=T a={" + strings.Repeat("'{[", n/4) + "\nH 1 2 3\n", ""},
		"many numbers":      {"1\npbc=T cell=\"" + strings.Repeat("1 ", n/2) + "\"\nH 1 2 3\n", ""},
		"many in a stress":  {"1\npbc=T stress=\"" + strings.Repeat("1 ", n/2) + "\"\nH 1 2 3\n", ""},
		"a long number":     {"1\nbox=" + strings.Repeat("1", n) + "\nH 1 2 3\n", ""},
		"a count":           {"2147483647\nProperties=species:S:1:pos:R:3:x:R:9996\n", "expected 2147483647 atoms, as line 1 says, found the end of the file after 0"},
		"a count, later":    {"1\n\nH 1 2 3\n2147483647\n\nH 1 2 3\n", "expected 2147483647 atoms, as line 4 says, found the end of the file after 1"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		in := NewReader(strings.NewReader(c.text), name)
		_, err := in.Read()
		if name == "a count, later" {
			require.NoError(t, err)
			_, err = in.Read()
		}
		runtime.ReadMemStats(&after)
		if c.says == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, c.says, name)
		}
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16*len(c.text)+1<<20), name)
		assert.Less(t, len(fmt.Sprint(err)), 300, name)
	}
}

func TestReadAfterAnError(t *testing.T) {
	in := NewReader(strings.NewReader("1\nProperties=nonsense\nH 1 2 3\n1\nProperties=nonsense\n"), "test")
	for range 5 {
		_, err := in.Read()
		assert.Error(t, err) // whatever follows, and no panic
	}
}

// FuzzRead checks that whatever parses is written and reads back the same.
func FuzzRead(f *testing.F) {
	for _, path := range []string{"testdata/ase.extxyz", "testdata/ase.xyz"} {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, text := range []string{
		"1\npbc=\"T F T\" a={1 2} b='\\'' c Properties=species:S:1:pos:R:3:l:L:1\nH 1 2 3 T\n",
		"1\nLattice = [4,0,0,0,5,0,1,0,6] a= b=1 c=\"\" \"k k\" = x=y\n8 1.0D+00 2 3 further\n",
		"1\nProperties=Z:I:1:element:S:1:pos:R:3:x:R:2:n:I:1:s:S:2\n8 O1 1 2 3 NaN -Inf 7 a b\n",
		"2\n\nH 1 2 3\nHe 4 5 6\n\n0\npbc=T\n1\nProperties=\"pos:R:3:species:S:1:a b:R:1\"\r\n1 2 3 h 4\r\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in := NewReader(bytes.NewReader(text), "fuzz")
		for {
			frame, err := in.Read()
			if err != nil {
				return
			}
			ours := written(t, frame)
			again := readAll(t, strings.NewReader(ours))
			require.Len(t, again, 1)
			require.Equal(t, frame.Structure, again[0].Structure)
			require.Equal(t, frame.Info, again[0].Info)
			require.Equal(t, ours, written(t, again[0]), "columns; as text, as NaN is not equal to itself")
		}
	})
}
