package data_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/data"
)

func read(t *testing.T, r io.Reader) (frames []*data.Frame) {
	t.Helper()
	for in := data.NewReader(r, "test"); ; {
		f, err := in.Read()
		if errors.Is(err, io.EOF) {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, f)
	}
}

func golden(t *testing.T) []*data.Frame {
	t.Helper()
	file, err := os.Open("../testdata/ultra_tiny.extxyz")
	require.NoError(t, err)
	defer file.Close()
	return read(t, file)
}

// text is numbers in a unit with all their digits.
func text(unit float64, x ...float64) string {
	words := make([]string, len(x))
	for i := range x {
		words[i] = strconv.FormatFloat(x[i]/unit, 'g', -1, 64)
	}
	return strings.Join(words, " ")
}

func rows(cell [3][3]float64) []float64 { return slices.Concat(cell[0][:], cell[1][:], cell[2][:]) }

// lines writes a frame with an atom's line made from its element and position.
func lines(f *data.Frame, unit float64, comment string, atom func(symbol, position string) string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d\n%s\n", len(f.Numbers), comment)
	for i, z := range f.Numbers {
		out.WriteString(atom(atoms.Symbol(z), text(unit, f.Positions[i][:]...)) + "\n")
	}
	return out.String()
}

func plainAtom(symbol, position string) string { return symbol + " " + position }

func number(symbol string) int {
	z, _ := atoms.AtomicNumber(symbol)
	return z
}

// extended is a comment line with the cell.
func extended(f *data.Frame, format string) string {
	return fmt.Sprintf(format, text(1, rows(f.Cell)...), f.PBC[0], f.PBC[1], f.PBC[2])
}

const bohr = 0.529177210544

// dialects is ways to write a structure; empty where one cannot hold it.
var dialects = map[string]func(f *data.Frame) string{
	"extended": func(f *data.Frame) string {
		return lines(f, 1, extended(f, `Lattice="%s" Properties=species:S:1:pos:R:3 pbc="%t %t %t"`), plainAtom)
	},
	"capitals, braces and commas": func(f *data.Frame) string {
		return lines(f, 1, strings.ReplaceAll(extended(f, `lattice={%s} PBC=[%t,%t,%t]`), " ", ", "), plainAtom)
	},
	"quotes without a pair": func(f *data.Frame) string {
		return lines(f, 1, extended(f, `name=5' Lattice="%s" path="D:\" pbc="%t %t %t"`), plainAtom)
	},
	"columns in another order": func(f *data.Frame) string {
		comment := extended(f, `Lattice="%s" pbc="%t %t %t" Properties=tag:I:1:pos:R:3:name:S:1:Z:I:1`)
		return lines(f, 1, comment, func(symbol, position string) string { return fmt.Sprintf("7 %s X1 %d", position, number(symbol)) })
	},
	"Windows": func(f *data.Frame) string {
		text := lines(f, 1, extended(f, `Lattice="%s" Properties=species:S:1:pos:R:3 pbc="%t %t %t"`), plainAtom)
		return "\xef\xbb\xbf" + strings.ReplaceAll(text, "\n", "\r\n")
	},
	"plain":  func(f *data.Frame) string { return isolated(f, lines(f, 1, "O's first", plainAtom)) },
	"LAMMPS": func(f *data.Frame) string { return isolated(f, lines(f, 1, "Atoms. Timestep: 10", plainAtom)) },
	"atomic numbers": func(f *data.Frame) string {
		return isolated(f, lines(f, 1, "energy=1", func(symbol, position string) string { return fmt.Sprintf("%d %s 0.5 more", number(symbol), position) }))
	},
	"tabs and Fortran's exponents": func(f *data.Frame) string {
		return isolated(f, lines(f, 1, "", func(symbol, position string) string {
			words := []string{"", symbol}
			for _, word := range strings.Fields(position) {
				x, _ := strconv.ParseFloat(word, 64)
				words = append(words, strings.ReplaceAll(strconv.FormatFloat(x, 'E', -1, 64), "E", "D"))
			}
			return strings.Join(words, "\t")
		}))
	},
	"i-PI": func(f *data.Frame) string { return ipi(f, "angstrom", 1) },
	"VEC": func(f *data.Frame) string {
		n := 0
		for n < 3 && f.PBC[n] {
			n++
		}
		out := lines(f, 1, "AMS", plainAtom)
		for k := range 3 {
			if k < n {
				out += fmt.Sprintf("VEC%d %s\n", k+1, text(1, f.Cell[k][:]...))
			} else if f.PBC[k] || f.Cell[k] != [3]float64{} {
				return ""
			}
		}
		return out
	},
}

func isolated(f *data.Frame, text string) string {
	if f.Cell != [3][3]float64{} || f.PBC != [3]bool{} {
		return ""
	}
	return text
}

func ipi(f *data.Frame, name string, unit float64) string {
	if f.PBC != [3]bool{true, true, true} {
		return ""
	}
	comment := fmt.Sprintf("# CELL(GENH): %s Step: 0 Bead: 0 positions{%s} cell{%[2]s}", text(unit, rows(f.Cell)...), name)
	return lines(f, unit, comment, plainAtom)
}

// The golden structures read back the same from every dialect, to the bit, and so
// their energies are.
func TestDialects(t *testing.T) {
	frames := golden(t)
	require.Len(t, frames, 45)
	model, err := painless.Open("../testdata/ultra_tiny.pt", painless.Options{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, model.Close()) }()
	energies := func(frames []*data.Frame) []float64 {
		batch := painless.NewBatch()
		for _, f := range frames {
			batch.Append(&f.Structure)
		}
		var result painless.Result
		require.NoError(t, model.Compute(context.Background(), batch, &result))
		return slices.Clone(result.Energy)
	}
	for name, write := range dialects {
		var written strings.Builder
		var want []*data.Frame
		for _, f := range frames {
			if text := write(f); text != "" {
				want = append(want, f)
				written.WriteString(text)
			}
		}
		got := read(t, strings.NewReader(written.String()))
		require.Len(t, got, len(want), name)
		assert.GreaterOrEqual(t, len(want), 5, name)
		for k := range want {
			assert.Equal(t, want[k].Structure, got[k].Structure, name)
		}
		assert.Equal(t, energies(want), energies(got), name)
	}
}

// Structures in Bohr read back to the rounding of a number to Bohr and back.
func TestDialectInBohr(t *testing.T) {
	n := 0
	for _, f := range golden(t) {
		text := ipi(f, "atomic_unit", bohr)
		if text == "" {
			continue
		}
		n++
		got := read(t, strings.NewReader(text))[0]
		assert.Equal(t, f.Numbers, got.Numbers)
		assert.Equal(t, f.PBC, got.PBC)
		for i := range f.Positions {
			assertClose(t, f.Positions[i], got.Positions[i])
		}
		for k := range f.Cell {
			assertClose(t, f.Cell[k], got.Cell[k])
		}
	}
	assert.Equal(t, 5, n)
}

func assertClose(t *testing.T, want, got [3]float64) {
	t.Helper()
	for c := range 3 {
		assert.LessOrEqual(t, math.Abs(got[c]-want[c]), 0x1p-51*math.Abs(want[c]))
	}
}

// What ORCA writes between frames is none; types of atoms and scaled positions are refused.
func TestSmallDialects(t *testing.T) {
	in := data.NewReader(strings.NewReader("1\na\nH 1 2 3\n>\n1\nb\nHe 1 2 3\n>\n"), "f")
	for _, z := range []int{1, 2} {
		f, err := in.Read()
		require.NoError(t, err)
		assert.Equal(t, []int{z}, f.Numbers)
	}
	_, err := in.Read()
	assert.Equal(t, io.EOF, err)
	for text, says := range map[string]string{
		"1\nProperties=species:I:1:pos:R:3 Timestep=10\n1 0 0 0\n":           "LAMMPS's types of atoms are no atomic numbers",
		"1\nLattice=\"4 0 0 0 4 0 0 0 4\" coordinates=fractional\nH 0 0 0\n": `key coordinates: expected positions in Å, found "fractional"`,
		"1\nLattice=\"4 0 0 0 4 0 0 0 4\" position_type=Direct\nH 0 0 0\n":   `key position_type: expected positions in Å, found "Direct"`,
	} {
		_, err := data.NewReader(strings.NewReader(text), "f").Read()
		assert.ErrorContains(t, err, says)
	}
}
