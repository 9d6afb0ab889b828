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

// Open Babel's vectors are read where the comment has %PBC, and nowhere else.
func TestVectorsOfOpenBabel(t *testing.T) {
	const frame = "1\nsilicon %PBC\n   H 1 2 3\n\nVector1 4 0 0\nVector2 0 4.5 0\nVector3 1 0 5\nOffset 0 0 0\n"
	in := NewReader(strings.NewReader(frame+"\n"+strings.Replace(frame, "\n\n", "\n", 1)), "f")
	for range 2 {
		f, err := in.Read()
		require.NoError(t, err)
		assert.Equal(t, [3][3]float64{{4, 0, 0}, {0, 4.5, 0}, {1, 0, 5}}, f.Cell)
		assert.Equal(t, [3]bool{true, true, true}, f.PBC)
		assert.Empty(t, f.Warnings)
	}
	_, err := in.Read()
	assert.Equal(t, io.EOF, err)
	for text, says := range map[string]string{
		strings.Replace(frame, "%PBC", "", 1):                           "f:5: expected the number of atoms",
		strings.Replace(frame, "%PBC\n   H 1 2 3\n", "\nH 1 2 3", 1):    "f:4: expected VEC1, VEC2 and VEC3",
		strings.Replace(frame, "0 4.5 0", "0 1 0", 1):                   "f:6: Vector2: expected the length of a cell's vector, found 1, which may stand for none",
		strings.Replace(frame, "Vector3 1", "Vector3 x", 1):             `f:7: Vector3: expected finite numbers, found ["x"`,
		strings.Replace(frame, "Vector3 1", "Vector3 inf", 1):           "f:7: Vector3: expected finite numbers",
		strings.Replace(frame, "Vector2", "Vector1", 1):                 "f:6: expected the line Vector2 x y z below the atoms, as the comment has %PBC",
		"1\n%PBC\nH 1 2 3\n":                                            "expected the line Vector1 x y z below the atoms",
		strings.Replace(frame, "silicon", "Lattice=\"4 0 0 0 4 0\"", 1): "f:2: key Lattice",
	} {
		in := NewReader(strings.NewReader(text), "f")
		var err error
		for range 2 {
			if err == nil {
				_, err = in.Read()
			}
		}
		assert.ErrorContains(t, err, says, "%q", text)
	}
}
