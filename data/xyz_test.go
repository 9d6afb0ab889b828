package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

func readAll(t testing.TB, r io.Reader) (frames []*Frame) {
	t.Helper()
	for in := NewReader(r, "test"); ; {
		f, err := in.Read()
		if errors.Is(err, io.EOF) {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, f)
	}
}

func readFile(t testing.TB, path string) []*Frame {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	return readAll(t, file)
}

func written(t testing.TB, frames ...*Frame) string {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, f := range frames {
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Flush())
	return out.String()
}

func TestReadWhatASEWrites(t *testing.T) {
	frames := readFile(t, "testdata/ase.extxyz")
	require.Len(t, frames, 3)
	crystal := frames[0]
	assert.Equal(t, atoms.Structure{
		Numbers:   []int{11, 17},
		Positions: [][3]float64{{0.1, 0, 0}, {2.8, 0.25, -0.5}},
		Cell:      [3][3]float64{{0, 2.8, 2.8}, {2.8, 0, 2.8}, {2.8, 2.9, 0}},
		PBC:       [3]bool{true, true, true},
	}, crystal.Structure)
	assert.Equal(t, []Field{{"name", "rock salt"}, {"quote", `say "hi" {x}`}, {"count", "3"}, {"flags", "_JSON [true, false]"},
		{"vector", "1.5 2.0 3.0"}, {"energy", "-1.25"}, {"stress", "0.015625 0.09375 0.078125 0.09375 0.03125 0.0625 0.078125 0.0625 0.046875"}}, crystal.Info)
	stress, err := crystal.Stress()
	require.NoError(t, err)
	assert.Equal(t, [6]float64{1. / 64, 2. / 64, 3. / 64, 4. / 64, 5. / 64, 6. / 64}, stress)
	energy, err := crystal.Floats("energy", 1)
	require.NoError(t, err)
	assert.Equal(t, []float64{-1.25}, energy)
	forces, err := crystal.Vectors("forces")
	require.NoError(t, err)
	assert.Equal(t, [][3]float64{{0.5, 0, -1}, {-0.5, 0, 1}}, forces)
	assert.Equal(t, []int{1, -2}, crystal.Column("tag").Integers)
	assert.Equal(t, []string{"a", "b2"}, crystal.Column("label").Strings)
	assert.Equal(t, []bool{true, false}, crystal.Column("fixed").Bools)
	assert.Equal(t, [3]bool{true, true, false}, frames[1].PBC)
	assert.Equal(t, [3]bool{}, frames[2].PBC)

	plain := readFile(t, "testdata/ase.xyz")
	require.Len(t, plain, 1)
	assert.Equal(t, frames[2].Structure, plain[0].Structure)
	assert.True(t, plain[0].Plain)
	assert.Equal(t, []Field{{Comment, "plain water"}}, plain[0].Info)
}

func TestReadFlavours(t *testing.T) {
	hydrogen := atoms.Structure{Numbers: []int{1}, Positions: [][3]float64{{1, 2, 3}}}
	cell := [3][3]float64{{4, 0, 0}, {0, 5, 0}, {1, 0, 6}}
	periodic := hydrogen
	periodic.Cell, periodic.PBC = cell, [3]bool{true, true, true}
	slab := periodic
	slab.PBC = [3]bool{true, true, false}
	for name, c := range map[string]struct {
		text string
		want atoms.Structure
	}{
		"plain":                 {"1\nanything at all = {\nH 1 2 3\n", hydrogen},
		"empty comment":         {"1\n\nH 1 2 3\n", hydrogen},
		"no last newline":       {"1\n\nH 1 2 3", hydrogen},
		"Windows":               {"1\r\n\r\nH 1 2 3\r\n", hydrogen},
		"tabs":                  {" 1 \n\n\tH\t1\t2\t3\t\n", hydrogen},
		"blank lines":           {"\n \n1\n\nH 1 2 3\n\n\n", hydrogen},
		"further columns":       {"1\n\nH 1 2 3 0.5 x\n", hydrogen},
		"atomic number":         {"1\n\n1 1 2 3\n", hydrogen},
		"capitals":              {"1\n\nh 1 2 3\n", hydrogen},
		"Fortran":               {"1\n\nH 1.0D0 +2.0d+00 30E-1\n", hydrogen},
		"no atoms":              {"0\n\n", atoms.Structure{}},
		"lattice":               {"1\nLattice=\"4 0 0 0 5 0 1 0 6\"\nH 1 2 3\n", periodic},
		"braces":                {"1\nLattice={4 0 0 0 5 0 1 0 6}\nH 1 2 3\n", periodic},
		"brackets and commas":   {"1\nLattice=[4, 0, 0, 0, 5, 0, 1, 0, 6]\nH 1 2 3\n", periodic},
		"pbc after":             {"1\nLattice=\"4 0 0 0 5 0 1 0 6\" pbc=\"T T F\"\nH 1 2 3\n", slab},
		"pbc before":            {"1\npbc=\"1 True F\" Lattice=\"4 0 0 0 5 0 1 0 6\"\nH 1 2 3\n", slab},
		"one pbc":               {"1\npbc=T Lattice=\"4 0 0 0 5 0 1 0 6\"\nH 1 2 3\n", periodic},
		"columns in any order":  {"1\nProperties=pos:R:3:q:R:1:species:S:1\n1 2 3 0.5 H\n", hydrogen},
		"blanks around =":       {"1\nLattice = \"4 0 0 0 5 0 1 0 6\" energy =1\nH 1 2 3\n", periodic},
		"no Properties":         {"1\nLattice=\"4 0 0 0 5 0 1 0 6\"\nH 1 2 3 0.5 x\n", periodic},
		"capitals of Lattice":   {"1\nlattice=\"4 0 0 0 5 0 1 0 6\"\nH 1 2 3\n", periodic},
		"capitals of all":       {"1\nPROPERTIES=pos:R:3:species:S:1 LATTICE=\"4 0 0 0 5 0 1 0 6\" PBC=\"T T F\"\n1 2 3 H\n", slab},
		"no lattice":            {"1\nlattice=fcc\nH 1 2 3\n", hydrogen},
		"lattice of another":    {"1\nlattice=fcc Lattice=\"4 0 0 0 5 0 1 0 6\"\nH 1 2 3\n", periodic},
		"sublattice":            {"1\nsubLattice=3 isn't periodic\nH 1 2 3\n", hydrogen},
		"element":               {"1\nProperties=element:S:1:pos:R:3\nH 1 2 3\n", hydrogen},
		"element and species":   {"1\nProperties=element:S:1:species:S:1:pos:R:3\nCa H 1 2 3\n", hydrogen},
		"symbols":               {"1\nProperties=symbols:S:1:positions:R:3\nH 1 2 3\n", hydrogen},
		"integer species":       {"1\nProperties=species:I:1:pos:R:3\n1 1 2 3\n", hydrogen},
		"labels beside Z":       {"1\nProperties=species:S:1:Z:I:1:pos:R:3\nH1 1 1 2 3\n", hydrogen},
		"Z":                     {"1\nProperties=Z:I:1:pos:R:3\n1 1 2 3\n", hydrogen},
		"Z goes before species": {"1\nProperties=species:S:1:Z:I:1:pos:R:3\nC 1 1 2 3\n", hydrogen},
	} {
		frames := readAll(t, iotest.OneByteReader(strings.NewReader(c.text)))
		if assert.Len(t, frames, 1, name) {
			assert.Equal(t, c.want, frames[0].Structure, name)
		}
	}
	assert.Empty(t, readAll(t, strings.NewReader("")))
	assert.Empty(t, readAll(t, strings.NewReader("\n\n")))
}

func TestParseComment(t *testing.T) {
	for line, want := range map[string][]Field{
		``:                                nil,
		`a=1 b=2.5`:                       {{"a", "1"}, {"b", "2.5"}},
		`alone a=1 last`:                  {{"alone", "T"}, {"a", "1"}, {"last", "T"}},
		`a="x y" b='z w' c={1 2} d=[3 4]`: {{"a", "x y"}, {"b", "z w"}, {"c", "1 2"}, {"d", "3 4"}},
		`a="say \"hi\"" b=c\ d`:           {{"a", `say "hi"`}, {"b", "c d"}},
		`a=b=c "quoted key"=1 e=""`:       {{"a", "b=c"}, {"quoted key", "1"}, {"e", ""}},
		`a = 1 b= "x y" c ="z" d`:         {{"a", "1"}, {"b", "x y"}, {"c", "z"}, {"d", "T"}},
		`name= energy=-1.5 last=`:         {{"name", ""}, {"energy", "-1.5"}, {"last", ""}}, // ASE writes ""
		`name="" e=1 b=" " c=d\`:          {{"name", ""}, {"e", "1"}, {"b", ""}, {"c", "d"}},
		`å=ß`:                             {{"å", "ß"}},
	} {
		got, err := parseComment(line)
		require.NoError(t, err, line)
		assert.Equal(t, want, got.fields, line)
		assert.False(t, got.odd, line)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"count":            {"one\n", 1, `expected the number of atoms, found "one"`},
		"negative count":   {"-1\n", 1, `expected the number of atoms, found "-1"`},
		"huge count":       {"99999999999\n\n", 1, `expected the number of atoms`},
		"count too large":  {"2000000000\n\nH 1 2 3\n", 4, "expected 2000000000 atoms, as line 1 says, found the end of the file after 1"},
		"no comment":       {"1\n", 2, "expected a comment line, found the end of the file"},
		"second frame":     {"1\n\nH 1 2 3\nx\n", 4, `expected the number of atoms, found "x"`},
		"few columns":      {"1\n\nH 1 2\n", 3, `expected 4 columns, found 3 in "H 1 2"`},
		"many columns":     {"1\nProperties=species:S:1:pos:R:3\nH 1 2 3 4\n", 3, "expected 4 columns, found 5"},
		"element":          {"1\n\nXx 1 2 3\n", 3, `expected the symbol of an element, or its atomic number, found "Xx"`},
		"label":            {"1\n\nC1 1 2 3\n", 3, `atom 0: species: expected the symbol of an element, or its atomic number, found "C1"`},
		"a dummy":          {"1\n\nX 1 2 3\n", 3, `found "X"`},
		"element 119":      {"1\n\n119 1 2 3\n", 3, `found "119"`},
		"coordinate":       {"1\n\nH 1 two 3\n", 3, `y coordinate: expected a number, found "two"`},
		"hexadecimal":      {"1\n\nH 1 0x2p3 3\n", 3, `y coordinate: expected a number`},
		"NaN":              {"2\n\nH 1 2 3\nH 1 2 NaN\n", 4, `atom 1: pos: z coordinate: expected a finite number, found "NaN"`},
		"infinite":         {"1\n\nH -Inf 2 3\n", 3, "x coordinate: expected a finite number"},
		"lattice of 8":     {"1\nLattice=\"1 0 0 0 1 0 0 0\"\nH 1 2 3\n", 2, "key Lattice: expected 9 numbers, found 8"},
		"lattice of text":  {"1\nLattice=\"1 0 0 0 1 0 0 0 x\"\nH 1 2 3\n", 2, `key Lattice: expected a number, found "x"`},
		"infinite lattice": {"1\nLattice=\"1 0 0 0 1 0 0 0 Inf\"\nH 1 2 3\n", 2, "key Lattice: expected finite numbers"},
		"pbc":              {"1\npbc=\"T T\"\nH 1 2 3\n", 2, "key pbc: expected three of T and F"},
		"pbc of text":      {"1\npbc=\"T T x\"\nH 1 2 3\n", 2, `key pbc: expected T or F, found "x"`},
		"open quote":       {"1\nLattice=\"1 0 0\nH 1 2 3\n", 2, `key Lattice: expected a number, found "\"1"`},
		"no quote pairs":   {"1\nname=\"a Lattice=\"1 0 0 0 1 0 0 0 1\"\nH 1 2 3\n", 2, "expected every quote and bracket to have its pair"},
		"no key":           {"1\npbc=T =5\nH 1 2 3\n", 2, `expected a key before "=5"`},
		"properties":       {"1\nProperties=species:S:1:pos:R\nH 1 2 3\n", 2, "expected name:kind:width"},
		"kind":             {"1\nProperties=species:S:1:pos:D:3\nH 1 2 3\n", 2, `expected kind R, I, S or L for pos, found "D"`},
		"width":            {"1\nProperties=species:S:1:pos:R:3:x:R:0\nH 1 2 3\n", 2, "expected a width from 1 to 10000 for x"},
		"huge width":       {"1\nProperties=species:S:1:pos:R:3:x:R:9999:y:R:9999\nH 1 2 3\n", 2, "at most 10000 values an atom"},
		"twice":            {"1\nProperties=species:S:1:pos:R:3:x:R:1:x:R:1\nH 1 2 3 4 5\n", 2, "expected a new name"},
		"no pos":           {"1\nProperties=species:S:1:x:R:3\nH 1 2 3\n", 2, "expected pos:R:3"},
		"species twice":    {"1\nProperties=symbols:S:1:species:S:1:pos:R:3\nH H 1 2 3\n", 2, "found also species"},
		"two species":      {"1\nProperties=species:S:2:pos:R:3\nH H 1 2 3\n", 2, "expected species:S:1, found species:S:2"},
		"pos of two":       {"1\nProperties=species:S:1:pos:R:2\nH 1 2\n", 2, "expected pos:R:3, found pos:R:2"},
		"real Z":           {"1\nProperties=Z:R:1:pos:R:3\n1 1 2 3\n", 2, "expected Z:I:1, found Z:R:1"},
		"no species":       {"1\nProperties=pos:R:3\n1 2 3\n", 2, "expected species:S:1 or Z:I:1"},
		"integer":          {"1\nProperties=species:S:1:pos:R:3:tag:I:1\nH 1 2 3 1.5\n", 3, `tag: expected an integer, found "1.5"`},
		"logical":          {"1\nProperties=species:S:1:pos:R:3:on:L:1\nH 1 2 3 maybe\n", 3, `on: expected T or F, found "maybe"`},
		"real":             {"1\nProperties=species:S:1:pos:R:3:q:R:1\nH 1 2 3 x\n", 3, `q: expected a number, found "x"`},
		"binary":           {"\x01\x7f\x02\x01", 1, "expected the number of atoms"},
	} {
		in := NewReader(strings.NewReader(c.text), "file.xyz")
		f, err := in.Read()
		if name == "second frame" {
			require.NoError(t, err)
			f, err = in.Read()
		}
		require.ErrorContains(t, err, c.says, name)
		assert.ErrorContains(t, err, fmt.Sprintf("file.xyz:%d: ", c.line), name)
		assert.Nil(t, f, name)
	}
}

func TestFrameFields(t *testing.T) {
	f := &Frame{}
	f.Set("energy", -1.5)
	f.SetText("name", "x")
	f.Set("energy", 2.5, 3)
	assert.Equal(t, []Field{{"energy", "2.5 3"}, {"name", "x"}}, f.Info)
	f.SetStress([6]float64{1, 2, 3, 4, 5, 6})
	stress, err := f.Stress()
	require.NoError(t, err)
	assert.Equal(t, [6]float64{1, 2, 3, 4, 5, 6}, stress)
	f.SetVectors("forces", [][3]float64{{1, 2, 3}})
	f.SetVectors("forces", [][3]float64{{4, 5, 6}})
	assert.Len(t, f.Columns, 1)
	f.Drop("forces", "energy", "nothing")
	assert.Empty(t, f.Columns)
	_, err = f.Floats("energy", 1)
	assert.ErrorContains(t, err, "no energy")
	_, err = f.Floats("name", 1)
	assert.ErrorContains(t, err, `name: expected a number, found "x"`)
	_, err = f.Vectors("forces")
	assert.ErrorContains(t, err, "no column forces:R:3")
}

func TestWriteRoundTrips(t *testing.T) {
	f := &Frame{Structure: atoms.Structure{
		Numbers:   []int{1, 118},
		Positions: [][3]float64{{0.1, -1e-300, 1. / 3}, {1e300, math.SmallestNonzeroFloat64, 0}},
		Cell:      [3][3]float64{{1, 2, 3}, {4, 5, 6}, {7, 8, 10}},
		PBC:       [3]bool{true, false, true},
	}}
	f.Info = []Field{{"name", `a "quoted" \ {text}`}, {"empty", ""}, {"key with blanks", "1 2 3"}, {"x", "a=b"}, {"å", "ß"}}
	f.Columns = []Column{
		{Name: "n", Kind: Integer, Width: 1, Integers: []int{-1, 2}},
		{Name: "s", Kind: String, Width: 2, Strings: []string{"a", "b", "c", "d"}},
		{Name: "l", Kind: Logical, Width: 1, Bools: []bool{true, false}},
		{Name: "r", Kind: Real, Width: 1, Reals: []float64{1. / 3, math.Inf(1)}},
	}
	plain := &Frame{Plain: true, Structure: atoms.Structure{Numbers: []int{6}, Positions: [][3]float64{{}}}, Info: []Field{{Comment, "free text"}}}
	got := readAll(t, strings.NewReader(written(t, f, plain)))
	require.Len(t, got, 2)
	assert.Equal(t, f, got[0])
	plain.Plain = false
	assert.Equal(t, plain, got[1])
}

func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *Frame)
		says   string
	}{
		"positions":   {func(f *Frame) { f.Positions = nil }, "0 positions for 1 atoms"},
		"element":     {func(f *Frame) { f.Numbers[0] = 0 }, "atom 0 has atomic number 0"},
		"two lines":   {func(f *Frame) { f.SetText("a", "b\nc") }, "expected one line"},
		"no key":      {func(f *Frame) { f.SetText("", "b") }, `info "": expected another key`},
		"length":      {func(f *Frame) { f.SetVectors("forces", nil) }, "column forces: 0 values for 1 atoms of width 3"},
		"column name": {func(f *Frame) { f.SetVectors("a:b", nil) }, `name "a:b"`},
		"kind":        {func(f *Frame) { f.Columns = []Column{{Name: "x", Width: 1}} }, "expected R, I, S or L"},
		"not finite":  {func(f *Frame) { f.Positions[0][1] = math.NaN() }, "atom 0 has y = NaN"},
		"cell":        {func(f *Frame) { f.Cell[2][0] = math.Inf(1) }, "expected finite numbers"},
		"lattice":     {func(f *Frame) { f.SetText("Lattice", "b") }, `info "Lattice": expected another key`},
		"key twice":   {func(f *Frame) { f.Info = []Field{{"a", "1"}, {"a", "2"}} }, `info "a": expected one value, found two`},
		"many keys":   {func(f *Frame) { f.Info = make([]Field, 1001) }, "expected at most 1000 keys"},
		"Z":           {func(f *Frame) { f.Columns = []Column{{Name: "Z", Kind: Integer, Width: 1, Integers: []int{1}}} }, `name "Z": expected another one`},
		"name twice": {func(f *Frame) {
			f.SetVectors("a", [][3]float64{{}})
			f.Columns = append(f.Columns, f.Columns[0])
		}, "column a: expected one, found two"},
		"width": {func(f *Frame) {
			f.Columns = []Column{{Name: "x", Kind: Real, Width: 9997, Reals: make([]float64, 9997)}}
		}, "at most 10000 values"},
		"blanks": {func(f *Frame) { f.Columns = []Column{{Name: "x", Kind: String, Width: 1, Strings: []string{"a b"}}} }, `text "a b": expected no blanks`},
	} {
		f := &Frame{Structure: atoms.Structure{Numbers: []int{1}, Positions: [][3]float64{{}}}}
		c.change(f)
		var out bytes.Buffer
		w := NewWriter(&out)
		assert.ErrorContains(t, w.Write(f), c.says, name)
		require.NoError(t, w.Flush())
		assert.Zero(t, out.Len(), "nothing is written")
	}
}

func TestDevelopmentDataRoundTrips(t *testing.T) {
	const golden = "../../shared/golden"
	if _, err := os.Stat(golden); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no development data beside the project")
	}
	for _, name := range []string{"original", "tiny", "ultra_tiny"} {
		frames := readFile(t, golden+"/"+name+".extxyz")
		assert.Len(t, frames, 54)
		assert.Equal(t, frames, readAll(t, strings.NewReader(written(t, frames...))))
	}
}
