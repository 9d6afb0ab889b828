package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
)

const two = "1\n\nH 0 0 0\n2\n\nO 0 0 0\nH 1 0 0\n"

// read is the numbers of atoms of the frames.
func read(path, stdin string) (atoms []int, err error) {
	err = Source{Stdin: strings.NewReader(stdin), Stderr: io.Discard}.Each(context.Background(), path, func(f *data.Frame, at Place, unreadable error) error {
		if unreadable != nil || at.File != path || at.Frame != len(atoms) {
			return errors.New("unexpected")
		}
		atoms = append(atoms, len(f.Numbers))
		return nil
	})
	return atoms, err
}

func TestEach(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.xyz")
	require.NoError(t, os.WriteFile(path, []byte(two), 0o600))
	for _, in := range []string{path, "-"} {
		got, err := read(in, two)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 2}, got)
	}
	for stdin, want := range map[string]string{
		"":             "-: expected a structure, found none",
		"\n\n":         "-: expected a structure, found none",
		two + "3":      "-:9: expected a comment line, found the end of the file",
		"three":        `-:1: expected the number of atoms, found "three"`,
		"2\n\nH 0 0\n": `-:3: expected 4 columns, found 3 in "H 0 0"`,
	} {
		_, err := read("-", stdin)
		assert.EqualError(t, err, want)
	}
	for _, name := range []string{"none.xyz", "none.h5"} {
		_, err := read(name, "")
		assert.ErrorContains(t, err, name+": no such file")
		assert.ErrorIs(t, err, os.ErrNotExist)
	}
}

// A frame of known extent that cannot be read is passed over.
func TestEachGoesOn(t *testing.T) {
	var got []string
	require.NoError(t, Source{Stdin: strings.NewReader("1\n\nH 0 0\n" + two)}.Each(context.Background(), "-", func(f *data.Frame, at Place, unreadable error) error {
		got = append(got, fmt.Sprintf("%v: %v, %v", at, f.Numbers, unreadable))
		return nil
	}))
	assert.Equal(t, []string{
		`-: frame 0, line 3: [], expected 4 columns, found 3 in "H 0 0"`, "-: frame 1, line 4: [1], <nil>", "-: frame 2, line 7: [8 1], <nil>",
	}, got)
}

// Warnings, the reader's and the verb's, are said once for a file.
func TestEachWarns(t *testing.T) {
	stdin, stderr := strings.Repeat("1\nAtoms\n1 0 0 0\n1\nAtoms\nH 0 0 0\n", 2), &bytes.Buffer{}
	require.NoError(t, Source{Stdin: strings.NewReader(stdin), Stderr: stderr}.Each(context.Background(), "-", func(f *data.Frame, at Place, unreadable error) error {
		f.Warnings = append(f.Warnings, "from the verb")
		return nil
	}))
	assert.Equal(t, "painless: -: frame 1, line 4: LAMMPS states no cell here: the structure is read as isolated\npainless: -: frame 1, line 4: from the verb\n", stderr.String())

	var many strings.Builder
	for k := range 100 {
		fmt.Fprintf(&many, "1\na%d=1 a%[1]d=2\nH 0 0 0\n", k)
	}
	stderr.Reset()
	require.NoError(t, Source{Stdin: strings.NewReader(many.String()), Stderr: stderr}.Each(context.Background(), "-", func(*data.Frame, Place, error) error { return nil }))
	assert.Equal(t, maxWarnings+1, strings.Count(stderr.String(), "\n"))
	assert.Contains(t, stderr.String(), "painless: -: frame 20, line 61: further warnings are left out\n")
}

func TestEachStops(t *testing.T) {
	enough := errors.New("enough")
	n := 0
	do := func(*data.Frame, Place, error) error { n++; return enough }
	assert.ErrorIs(t, Source{Stdin: strings.NewReader(two)}.Each(context.Background(), "-", do), enough)
	assert.Equal(t, 1, n)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, Source{Stdin: strings.NewReader(two)}.Each(ctx, "-", do), context.Canceled)
	assert.Equal(t, 1, n)
}

func TestIsHDF5(t *testing.T) {
	for path, want := range map[string]bool{"a.h5": true, "b/a.HDF5": true, "a.hdf": true, "a.xyz": false, "h5": false, "-": false, "a.h5.xyz": false, "x.h5/a": false} {
		assert.Equal(t, want, IsHDF5(path), path)
	}
}
