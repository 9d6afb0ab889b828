package data

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const below = "VEC1 4 0 0\n  VEC2 0 4.5 0\nVEC3 1.0D0 0 5\n"

func TestVectors(t *testing.T) {
	in := NewReader(strings.NewReader("1\n\nH 1 2 3\n"+below+"1\nenergy=-1\nH 1 2 3\nVEC1 4 0 0\nVEC2 0 4.5 0\n1\n\nH 1 2 3\n"), "f")
	for _, want := range []struct {
		cell [3][3]float64
		pbc  [3]bool
	}{
		{[3][3]float64{{4, 0, 0}, {0, 4.5, 0}, {1, 0, 5}}, [3]bool{true, true, true}},
		{[3][3]float64{{4, 0, 0}, {0, 4.5, 0}}, [3]bool{true, true, false}},
		{},
	} {
		f, err := in.Read()
		require.NoError(t, err)
		assert.Equal(t, want.cell, f.Cell)
		assert.Equal(t, want.pbc, f.PBC)
	}
	_, err := in.Read()
	assert.Equal(t, io.EOF, err)
}

func TestVectorsRefused(t *testing.T) {
	for text, says := range map[string]string{
		"1\n\nH 1 2 3\nVEC2 4 0 0\n":                                          `f:4: expected VEC1, VEC2 and VEC3, each with three numbers, found "VEC2 4 0 0"`,
		"1\n\nH 1 2 3\nVEC1 4 0\n":                                            "f:4: expected VEC1, VEC2 and VEC3",
		"1\n\nH 1 2 3\nVEC1 4 0 x\nVEC2 1 1 1\n":                              `f:4: VEC1: expected finite numbers, found "x"`,
		"1\n\nH 1 2 3\nVEC1 4 0 inf\n":                                        `f:4: VEC1: expected finite numbers, found "inf"`,
		"1\n\nH 1 2 3\n" + below + "VEC4 1 1 1\n":                             "f:7: expected VEC1, VEC2 and VEC3",
		"1\npbc=\"T T T\" Lattice=\"4 0 0 0 4.5 0 0 0 5\"\nH 1 2 3\n" + below: "f:4: expected one cell",
		"1\n\nH 1 2\n" + below:                                                "f:3: expected 4 columns",
		"1\nLattice=x\nH 1 2 3\n" + below:                                     "f:2: key Lattice",
	} {
		in := NewReader(strings.NewReader(text+"1\n\nHe 1 2 3\n"), "f")
		_, err := in.Read()
		assert.ErrorContains(t, err, says, text)
		assert.ErrorAs(t, err, new(*FrameError), text)
		f, err := in.Read()
		require.NoError(t, err, text)
		assert.Equal(t, []int{2}, f.Numbers)
	}
}

// Who waits for an answer after each frame is not waited for, and lines VEC that come
// late are an error, unless a frame before had some.
func TestVectorsOfWhoWaits(t *testing.T) {
	const frame = "1\n\nH 1 2 3\n"
	read := func(parts ...string) (got []any) {
		var list []io.Reader
		for _, part := range parts {
			list = append(list, strings.NewReader(part))
		}
		in := NewReader(io.MultiReader(list...), "f") // which reads no part before it needs it
		for {
			f, err := in.Read()
			if err != nil {
				return append(got, err.Error())
			}
			got = append(got, f.PBC[0])
		}
	}
	assert.Equal(t, []any{true, true, "EOF"}, read(frame+below+frame, below))
	assert.Equal(t, []any{false, `f:4: expected the number of atoms, found "VEC1 4 0 0"`}, read(frame, below))
	assert.Equal(t, []any{true, "EOF"}, read(frame+"VE", below[2:]))

	assert.Equal(t, []any{true, true, "EOF"}, read(frame+below+frame, "VEC1 4 0 0\n", "VEC2 0 4 0\n"), "line by line")

	slab, sent := frame+"VEC1 4 0 0\nVEC2 0 4 0\n", 0
	waiting := NewReader(readerFunc(func(p []byte) (int, error) {
		sent++
		return copy(p, slab), nil
	}), "f")
	for k := range 3 {
		f, err := waiting.Read()
		require.NoError(t, err)
		assert.Equal(t, [3]bool{true, true, false}, f.PBC)
		assert.Equal(t, k+1, sent, "a third line is not waited for")
	}

	in, out := io.Pipe()
	r := NewReader(in, "pipe")
	for range 2 {
		go func() {
			_, err := io.WriteString(out, frame)
			assert.NoError(t, err)
		}()
		f, err := r.Read() // and nothing more is there
		require.NoError(t, err)
		assert.Zero(t, f.PBC)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A file whose frame ends where the reader's buffer does is read on.
func TestVectorsBehindTheBuffer(t *testing.T) {
	const head, atom = "1\n", "\nH 1 2 3\n"
	text := head + strings.Repeat("x", bufferSize-len(head)-len(atom)) + atom + below
	f, err := NewReader(strings.NewReader(text), "f").Read()
	require.NoError(t, err)
	assert.Equal(t, [3]bool{true, true, true}, f.PBC)
	_, err = NewReader(iotest.OneByteReader(strings.NewReader("1\n\nH 1 2 3\n")), "f").Read()
	assert.NoError(t, err)
}
