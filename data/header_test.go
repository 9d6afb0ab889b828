package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// one reads a frame of an atom at 1, 2, 3 below a comment line.
func one(comment string) (*Frame, error) {
	return NewReader(strings.NewReader("1\n"+comment+"\nH 1 2 3\n"), "f").Read()
}

// What a comment states that is not read is said, and what cannot be meant otherwise
// is an error.
func TestComments(t *testing.T) {
	const noCell = "expected a cell as Lattice="
	for comment, says := range map[string]string{ // a warning, or part of an error; empty for neither
		"":                                     "",
		"water":                                "",
		"O's first, 5\" apart {":               "",
		"excellent cellulose in a sandbox":     "",
		"frame 17, time 0.5 fs":                "",
		"Step 10: E -154.99":                   "",
		"energy: -5.07 gnorm: 0.0004 xtb: 6.5": "",
		"Coordinates from ORCA-job x E -154.992394": "",
		"i = 0, time = 0.000, E = -17.16":           "",
		"energy=-14.2 charge=0":                     "",
		"Au13 cluster, Au on top":                   "",
		"-154.99":                                   "",

		"cell: 10 10 10":                                             noCell,
		"Cell 10.0 x 10.0 x 10.0":                                    noCell,
		"unit cell parameters (a, b, c): 4.0 4.5 5.0":                noCell,
		"CRYST1   10.000   10.000   10.000  90.00  90.00  90.00 P 1": noCell,
		"a= 4.0 b= 4.5 c= 5.0":                                       noCell,
		"a = 4.0 0 0, b = 0 4.5 0, c = 0 0 5.0":                      noCell,
		"Lattice: 4 0 0 0 4.5 0 0 0 5":                               noCell,
		"LATTICE 4 0 0 0 4.5 0 0 0 5":                                noCell,
		"box_size 4 4.5 5":                                           noCell,
		"pbc: 4 4.5 5":                                               noCell,
		"energy=-1 cell=\"4 0 0 0 4.5 0 0 0 5\"":                     noCell,
		"cell=[4,4.5,5] energy=-1":                                   noCell,
		"a=4.0 b=4.5 c=5.0":                                          noCell,
		"Properties=species:S:1:pos:R:3 box=\"4 4.5 5\"":             noCell,
		"Properties=species:S:1:pos:R:3 cell 4 4.5 5":                noCell,
		"lattice=\"4 4.5 5\" energy=1":                               noCell,
		"lattice = 4 0 0 0 4.5 0 0 0 5":                              noCell,

		"L = 4.0 4.5 5.0 of water":                            "the comment has 3 numbers in a row: they are not read as a cell",
		"dipole 1 2 3 ... frame 7, 8":                         "",
		"gdb 1 157.7 157.7 157.7 0. 13.2 -0.4 0.1 0.5 1026.4": "",
		"dimensions: 4 4.5 5":                                 noCell,
		"TV 4 0 0 0 4.5 0 0 0 5":                              noCell,
		"water in a box":                                      `the comment mentions "box": no cell is read from it`,
		"Cubic bulk silicon cell":                             `the comment mentions "cell": no cell is read from it`,
		"box 12.4":                                            `the comment mentions "box": no cell is read from it`,
		"supercell 2 2 2 of ice":                              `the comment mentions "supercell": no cell is read from it`,
		"lattice=fcc a=3.6":                                   `the comment mentions "lattice": no cell is read from it`,
		"periodic water":                                      `the comment mentions "periodic": no cell is read from it`,
		"cell_volume=90.0":                                    `the comment mentions "cell_volume": no cell is read from it`,
		"PBC=yes energy=1":                                    `the comment mentions "pbc": no cell is read from it`,
		"4.0 4.5 5.0":                                         "the comment has 3 numbers in a row: they are not read as a cell",
		"4 0 0 0 4.5 0 0 0 5":                                 "the comment has 9 numbers in a row: they are not read as a cell",
		"Atoms. Timestep: 100":                                "LAMMPS states no cell here: the structure is read as isolated",
		"Atoms":                                               "LAMMPS states no cell here: the structure is read as isolated",
		"coordinates in Bohr":                                 `the comment mentions "bohr": positions are read in Å`,
		"in a.u.":                                             `the comment mentions "a.u": positions are read in Å`,
		"positions (au)":                                      `the comment mentions "au": positions are read in Å`,
		"atomic units":                                        `the comment mentions "atomic": positions are read in Å`,
		"fractional coordinates":                              `the comment mentions "fractional": positions are read in Å`,
		"pbc=\"F F F\" bohr":                                  `the comment mentions "bohr": positions are read in Å`,
		"units=real energy=1":                                 "units is not read: lengths are in Å, energies in eV",
		"energy=-0.5 energy_unit=Hartree":                     "energy_unit is not read: lengths are in Å, energies in eV",
		"energy=1 charge=1":                                   "charge=1 is not read: students know elements and positions alone",
		"energy=1 Total_charge=-2.0":                          "Total_charge=-2.0 is not read: students know elements and positions alone",
		"energy=1 multiplicity=2":                             "multiplicity=2 is not read: students know elements and positions alone",
		"energy=1 charge=0.0 multiplicity=1 spin_multiplicity=singlet": "",
		"note='Lattice=' energy=1":                                     "",
		"note='old Lattice=fcc' pbc=\"F F F\"":                         "Lattice, Properties or pbc within a quoted value is not read",

		"unit=bohr energy=1":                             `key unit: expected lengths in Å, found "bohr"`,
		"Lattice=\"4 0 0 0 4.5 0 0 0 5\" units=\"a.u.\"": `key units: expected lengths in Å, found "a.u."`,
		"length_unit=nm pbc=\"F F F\"":                   `key length_unit: expected lengths in Å, found "nm"`,

		"energy=1 energy=2":                           "energy stands twice: the last is read",
		"energy=1 energy=1":                           "",
		"pbc=F pbc=T Lattice=\"4 0 0 0 4.5 0 0 0 5\"": "pbc stands twice: the last is read",
		"a1 = 4 0 0 a2 = 0 4 0 a3 = 0 0 4":            noCell,
		"lx=4 ly=4.5 lz=5":                            noCell,

		"units=Angstrom energy_units=eV":                                   "",
		"pbc=\"F F F\" cell=\"4 4.5 5\"":                                   "",
		"Lattice=\"4 0 0 0 4.5 0 0 0 5\" cell=\"9 9 9\" lattice=primitive": "",
		"lattice=\"4 0 0 0 4.5 0 0 0 5\"":                                  "lattice is read as Lattice",
		"PROPERTIES=species:S:1:pos:R:3":                                   "PROPERTIES is read as Properties",
		"Pbc=F":                                                            "Pbc is read as pbc",
		"properties=mechanical energy=1":                                   "",
	} {
		f, err := one(comment)
		if err != nil {
			assert.NotEmpty(t, says, "%s: %v", comment, err)
			assert.ErrorContains(t, err, says, comment)
			assert.ErrorAs(t, err, new(*FrameError), comment)
			assert.Less(t, len(err.Error()), 300, comment)
			continue
		}
		if says == "" {
			assert.Empty(t, f.Warnings, comment)
		} else {
			assert.Contains(t, f.Warnings, says, comment)
		}
		assert.Equal(t, [][3]float64{{1, 2, 3}}, f.Positions)
	}
}

func TestFewWarnings(t *testing.T) {
	f, err := one(strings.Repeat("box_1 box_2 ", 3))
	require.NoError(t, err)
	assert.Len(t, f.Warnings, 2)
	var many strings.Builder
	for k := range 1000 {
		fmt.Fprintf(&many, "box_%d ", k)
	}
	f, err = one(many.String())
	require.NoError(t, err)
	assert.Len(t, f.Warnings, 20)
}

// A comment of nothing but key=value is read as such, as ASE does; free text is not.
func TestPairsAlone(t *testing.T) {
	for comment, want := range map[string][]Field{
		"energy=-14.2 charge=0 config_type=mol": {{"energy", "-14.2"}, {"charge", "0"}, {"config_type", "mol"}},
		"energy = -14.2":                        {{"energy", "-14.2"}},
		"energy=1 energy=2 a=b":                 {{"energy", "2"}, {"a", "b"}},
		"energy=-14.2 eV":                       {{Comment, "energy=-14.2 eV"}},
		"see http://x?a=b":                      {{Comment, "see http://x?a=b"}},
		"http://x?a=b":                          {{Comment, "http://x?a=b"}},
		"name='a energy=1":                      {{Comment, "name='a energy=1"}},
		"=":                                     {{Comment, "="}},
	} {
		f, err := one(comment)
		require.NoError(t, err, comment)
		assert.Equal(t, want, f.Info, comment)
		assert.Equal(t, want[0].Key == Comment, f.Plain, comment)
	}
}

// Quotes without their pair cost nothing but a warning.
func TestUnpairedQuotes(t *testing.T) {
	const structure = `Lattice="4 0 0 0 4.5 0 0 0 5" Properties=species:S:1:pos:R:3 `
	crystal := atoms.Structure{Numbers: []int{1}, Positions: [][3]float64{{1, 2, 3}}, Cell: [3][3]float64{{4, 0, 0}, {0, 4.5, 0}, {0, 0, 5}}, PBC: [3]bool{true, true, false}}
	for comment, want := range map[string]Field{
		structure + `pbc="T T F" name=2'-deoxyribose`:      {"name", "2'-deoxyribose"},
		`name=2'-deoxyribose ` + structure + `pbc="T T F"`: {"name", "2'-deoxyribose"},
		`label=5" ` + structure + `pbc="T T F"`:            {"label", `5"`},
		`label=5" ` + structure + `pbc="T T F" other=5"`:   {"label", `5"`}, // the quotes pair, and Lattice would be gone
		structure + `source="D:\runs\new\" pbc="T T F"`:    {"source", `D:\runs\new\`},
		structure + `pbc="T T F" text="O's first"`:         {"text", "O's first"},
		structure + `pbc="T T F" O's first`:                {"O's", "T"},
		structure + `pbc="T T F" shape={`:                  {"shape", "{"},
	} {
		f, err := one(comment)
		require.NoError(t, err, comment)
		assert.Equal(t, crystal, f.Structure, comment)
		assert.Contains(t, f.Info, want, comment)
		odd := !strings.Contains(comment, "text=")
		assert.Equal(t, odd, len(f.Warnings) == 1, comment)
	}
}

// Elements are symbols, numbers where nothing else can be meant, and isotopes.
func TestElements(t *testing.T) {
	for text, want := range map[string]struct {
		numbers []int
		says    string // a warning or an error
	}{
		"2\n\n1 1 2 3\n2 1 2 4\n":                                          {[]int{1, 2}, "numbers in place of the elements' symbols are read as atomic numbers"},
		"2\nProperties=species:I:1:pos:R:3\n1 1 2 3\n8 1 2 4\n":            {[]int{1, 8}, ""},
		"2\nAtoms. Timestep: 0\nO 1 2 3\nH 1 2 4\n":                        {[]int{8, 1}, "LAMMPS states no cell here: the structure is read as isolated"},
		"2\nAtoms. Timestep: 0\n1 1 2 3\n2 1 2 4\n":                        {nil, "LAMMPS's types of atoms are no atomic numbers"},
		"2\nTimestep=0 Properties=species:S:1:pos:R:3\n1 1 2 3\n2 1 2 4\n": {nil, "LAMMPS's types of atoms are no atomic numbers"},
		"2\nTimestep=0 Properties=species:I:1:pos:R:3\n1 1 2 3\n2 1 2 4\n": {nil, "LAMMPS's types of atoms are no atomic numbers"},
		"2\nProperties=species:S:1:pos:R:3:Z:I:1\nH 1 2 3 1\nC 1 2 4 7\n":  {[]int{1, 7}, "symbols and atomic numbers differ: the numbers are read"},
		"2\nProperties=Z:I:1:species:S:1:pos:R:3\n1 H 1 2 3\n7 C1 1 2 4\n": {[]int{1, 7}, ""},
		"3\n\nO 1 2 3\nD 1 2 4\nt 1 2 5\n":                                 {[]int{8, 1, 1}, "D and T are read as hydrogen; the column isotope keeps the names"},
	} {
		in := NewReader(strings.NewReader(text+"1\n\nHe 1 2 3\n"), "f")
		f, err := in.Read()
		if want.numbers == nil {
			assert.ErrorContains(t, err, want.says, text)
		} else {
			require.NoError(t, err, text)
			assert.Equal(t, want.numbers, f.Numbers, text)
			if want.says == "" {
				assert.Empty(t, f.Warnings, text)
			} else {
				assert.Equal(t, []string{want.says}, f.Warnings, text)
			}
		}
		if strings.Contains(text, "D") {
			assert.Equal(t, []Column{{Name: Isotopes, Kind: String, Width: 1, Strings: []string{"O", "D", "t"}}}, f.Columns)
			again := readAll(t, strings.NewReader(written(t, f)))
			assert.Equal(t, f.Columns, again[0].Columns)
			assert.Equal(t, f.Numbers, again[0].Numbers)
		}
		f, err = in.Read()
		require.NoError(t, err)
		assert.Equal(t, []int{2}, f.Numbers, text)
		assert.Empty(t, f.Warnings)
		assert.Empty(t, f.Columns)
	}
}

// A matrix in brackets is its rows, the vectors of the cell: as JSON has it, and the
// specification of libAtoms; nothing else in brackets is read as one.
func TestMatrices(t *testing.T) {
	const rows = "[[4, 0, 0], [0, 4.5, 0], [1, 0, 5]]"
	for comment, pbc := range map[string][3]bool{
		"Lattice=" + rows: {true, true, true},
		"Lattice=" + strings.ReplaceAll(rows, " ", "") + " pbc=[T, T, F]": {true, true, false},
		`Lattice="` + rows + `"`:                                    {true, true, true},
		"Lattice = " + rows + " pbc = [true, false, true] config=x": {true, false, true},
		"Lattice={" + rows + "}":                                    {true, true, true},
		"Lattice=\"[4 0 0], [0 4.5 0], [1 0 5]\"":                   {true, true, true},
		"virial=" + rows + " Lattice=" + rows:                       {true, true, true},
	} {
		f, err := NewReader(strings.NewReader("1\n"+comment+"\nH 1 2 3\n"), "f").Read()
		require.NoError(t, err, comment)
		assert.Equal(t, [3][3]float64{{4, 0, 0}, {0, 4.5, 0}, {1, 0, 5}}, f.Cell, comment)
		assert.Equal(t, pbc, f.PBC, comment)
		assert.Empty(t, f.Warnings, comment)
		if _, ok := f.Get("virial"); ok {
			virial, err := f.Floats("virial", 9)
			require.NoError(t, err)
			assert.Equal(t, []float64{4, 0, 0, 0, 4.5, 0, 1, 0, 5}, virial)
		}
	}
	for comment, says := range map[string]string{
		"Lattice=[[4, 0, 0], [0, 4, 0]]":                     "key Lattice: ",
		"Lattice=[[4, 0, 0, 0], [4, 0, 0, 0], [4]]":          "key Lattice: ",
		"Lattice=[[4, 0, 0], [0, 4, 0], [0, 0, [4]]]":        "key Lattice: ",
		"Lattice=[[4, 0, 0], [0, 4, 0], [0, 0, 4]":           "expected every quote and bracket to have its pair",
		`Lattice="{4 0 0} {0 4 0} {0 0 4}"`:                  "key Lattice: ",
		`Lattice="4 0 0; 0 4 0; 0 0 4"`:                      "key Lattice: ",
		`Lattice="4 4 4"`:                                    "key Lattice: expected 9 numbers, found 3",
		`Lattice="4 4 4 90 90 90"`:                           "key Lattice: expected 9 numbers, found 6",
		`{"lattice": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]}`:     "expected a cell as Lattice=",
		`cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]]`:             "expected a cell as Lattice=",
		`cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]] pbc="T T T"`: "expected a cell as Lattice=",
	} {
		_, err := NewReader(strings.NewReader("1\n"+comment+"\nH 1 2 3\n"), "f").Read()
		assert.ErrorContains(t, err, says, comment)
	}
}
