package data

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/vec"
)

// FuzzComment checks that a comment line of any program gives a frame of finite
// numbers with few and short warnings, or an error of that frame alone; and that a
// frame which is written reads back the same, however its comment was read, without
// new doubts about the structure.
func FuzzComment(f *testing.F) {
	for _, line := range []string{
		`Lattice="4 0 0 0 4.5 0 0 0 5" Properties=species:S:1:pos:R:3 pbc="T T F" energy=-1`,
		`lattice={4, 0, 0, 0, 4.5, 0, 0, 0, 5} PBC=[T,F,F] properties=pos:R:3:species:S:1`,
		`label=5" Lattice="4 0 0 0 4.5 0 0 0 5" path="D:\" name=2'-deoxy`,
		`# CELL(abcABC):  4.0 4.5 5.0 90.0 90.0 110.0 Step: 1 Bead: 0 positions{atomic_unit} cell{angstrom}`,
		`# CELL(H): 4 1 2 0 4.5 1 0 0 5 positions{angstrom} cell{angstrom}`,
		`# CELL[GENH]: 0 4 1 4.5 0 0 0 0.5 5 x_centroid{picometer} cell{nanometer}`,
		`Atoms. Timestep: 10`,
		`energy=-14.2 stress="1 2 3 4 5 6" unit=bohr`,
		`i = 0, time = 0.000, E = -17.16`,
		`unit cell (a, b, c): 4.0 x 4.5 x 5.0 Å`,
		`CRYST1   10.000   10.000   10.000  90.00  90.00  90.00`,
		`a= 4.0 b= 4.5 c= 5.0 in Bohr`,
		`energy: -5.07 gnorm: 0.0004 xtb: 6.5.0`,
		`a= b=1 c="" virial="1 2 3 4 5 6 7 8 9" box="1 2"`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n") {
			return
		}
		const good = "1\n\nHe 1 2 3\n"
		in := NewReader(strings.NewReader(good+"1\n"+line+"\nH 1 2 3\n"+good), "fuzz") // a first frame, as none may be compressed
		_, err := in.Read()
		require.NoError(t, err)
		frame, err := in.Read()
		if err != nil {
			assert.ErrorAs(t, err, new(*FrameError))
			assert.Less(t, len(err.Error()), 1000)
		}
		next, errNext := in.Read()
		require.NoError(t, errNext)
		require.Equal(t, []int{2}, next.Numbers)
		if err != nil {
			return
		}
		for _, warning := range frame.Warnings {
			assert.Less(t, len(warning), 400)
		}
		for k := range frame.Cell {
			assert.True(t, vec.Finite(frame.Cell[k][:]...))
		}
		assert.True(t, vec.Finite(frame.Positions[0][:]...))
		frame.Labels(LabelKeys{EnergyKey, ForcesKey, StressKey})
		again := readAll(t, strings.NewReader(written(t, frame)))
		require.Len(t, again, 1)
		assert.Equal(t, frame.Structure, again[0].Structure)
		assert.Equal(t, frame.Info, again[0].Info)
	})
}

// FuzzSource checks that no bytes, compressed or not, end in anything but frames and
// errors, after which there are no more.
func FuzzSource(f *testing.F) {
	text := []byte("1\n\nH 1 2 3\nVEC1 4 0 0\nVEC2 0 4 0\n2\npbc=F\nD 1 2 3\n8 4 5 6\n")
	f.Add(text)
	f.Add(append(bytes.Clone(byteOrderMark), text...))
	f.Add(gzipped(f, text))
	f.Add(zstandard(f, text))
	f.Add([]byte("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00"))
	f.Add(fileBytes(f, "testdata/dictionary.xz"))
	f.Add(fileBytes(f, "testdata/golden.xz")[:400])
	f.Add(fileBytes(f, "testdata/golden.bz2")[:400])
	f.Add([]byte("\xff\xfe1\x00\n\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		in := NewReader(bytes.NewReader(content), "fuzz")
		for range 10_000 {
			_, err := in.Read()
			if err == nil {
				continue
			}
			if bad := new(FrameError); !errors.As(err, &bad) {
				_, after := in.Read()
				require.Equal(t, err, after)
				return
			}
		}
	})
}
