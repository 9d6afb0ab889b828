package dataset

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/commands/cli"
)

const (
	golden = "../../../testdata/ultra_tiny.extxyz"
	other  = "../../../testdata/ethanol.xyz"
)

// execute runs dataset; an error prints nothing.
func execute(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, messages bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(stdin), Out: &out, Err: &messages}, args)
	if err != nil {
		assert.Equal(t, 1, cli.Code(err))
		assert.Empty(t, messages.String())
	}
	return out.String(), messages.String(), err
}

// written is what dataset says, to the file, when it writes one.
func written(t *testing.T, path string, args ...string) (stderr string) {
	t.Helper()
	stdout, stderr, err := execute(t, "", append([]string{"-o", path}, args...)...)
	require.NoError(t, err)
	assert.Empty(t, stdout)
	return stderr
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func frames(t *testing.T, text string) (list []*data.Frame) {
	t.Helper()
	for r := data.NewReader(strings.NewReader(text), "output"); ; {
		f, err := r.Read()
		if err == io.EOF {
			return list
		}
		require.NoError(t, err)
		list = append(list, f)
	}
}

// Files follow one another, from and to standard files too.
func TestConcatenates(t *testing.T) {
	ethanol := readFile(t, other)
	want := append(frames(t, readFile(t, golden)), frames(t, ethanol)...)
	want[len(want)-1].Plain = false // it is written as extended XYZ
	path := filepath.Join(t.TempDir(), "out.xyz")
	assert.Equal(t, "painless: wrote 46 structures to "+path+"\n", written(t, path, golden, other))
	assert.Equal(t, want, frames(t, readFile(t, path)))
	stdout, stderr, err := execute(t, ethanol, golden, "-")
	require.NoError(t, err)
	assert.Equal(t, "painless: wrote 46 structures\n", stderr)
	assert.Equal(t, readFile(t, path), stdout)
}

// Labels get their own names, and those of other calculations go.
func TestLabelKeys(t *testing.T) {
	const text = `1
Properties=species:S:1:pos:R:3:forces:R:3:DFT_forces:R:3 DFT_energy=-2 name=a energy=-1
H 0 0 0 1 2 3 4 5 6
1
Properties=species:S:1:pos:R:3:forces:R:3 energy=-3 name=b
H 0 0 0 1 2 3
1
Properties=species:S:1:pos:R:3:DFT_forces:R:3 DFT_energy=-4.10
H 0 0 0 7 8 9
`
	input := writeFile(t, "in.xyz", text)
	for _, c := range []struct {
		args         []string
		want, stderr string
	}{
		{[]string{"-energy-key", "DFT_energy", "-forces-key", "DFT_forces"}, `1
Properties=species:S:1:pos:R:3:forces:R:3 energy=-2 name=a pbc="F F F"
H 0 0 0 4 5 6
1
Properties=species:S:1:pos:R:3 name=b pbc="F F F"
H 0 0 0
1
Properties=species:S:1:pos:R:3:forces:R:3 energy=-4.10 pbc="F F F"
H 0 0 0 7 8 9
`, "painless: 1 structure without DFT_energy, the first is " + input + ": frame 1\npainless: left out another energy of 2 structures\n" +
			"painless: 1 structure without DFT_forces, the first is " + input + ": frame 1\npainless: left out another forces of 2 structures\npainless: wrote 3 structures\n"},
		{[]string{"-energy-key", "", "-forces-key", ""}, `1
Properties=species:S:1:pos:R:3:DFT_forces:R:3 DFT_energy=-2 name=a pbc="F F F"
H 0 0 0 4 5 6
1
Properties=species:S:1:pos:R:3 name=b pbc="F F F"
H 0 0 0
1
Properties=species:S:1:pos:R:3:DFT_forces:R:3 DFT_energy=-4.10 pbc="F F F"
H 0 0 0 7 8 9
`, "painless: wrote 3 structures\n"},
	} {
		stdout, stderr, err := execute(t, "", append(c.args, input)...)
		require.NoError(t, err)
		assert.Equal(t, c.want, stdout)
		assert.Equal(t, c.stderr, stderr)
	}
	path := filepath.Join(t.TempDir(), "out.xyz")
	_, _, err := execute(t, "", "-o", path, "-energy-key", "REF_energy", input)
	assert.EqualError(t, err, "-energy-key REF_energy: no structure has it")
	assert.NoFileExists(t, path)
}

// The column force is one of forces.
func TestForceColumn(t *testing.T) {
	input := writeFile(t, "in.xyz", "1\nProperties=species:S:1:pos:R:3:force:R:3\nH 0 0 0 1 2 3\n")
	stdout, stderr, err := execute(t, "", input)
	require.NoError(t, err)
	assert.Equal(t, "1\nProperties=species:S:1:pos:R:3:forces:R:3 pbc=\"F F F\"\nH 0 0 0 1 2 3\n", stdout)
	assert.Equal(t, "painless: "+input+": frame 0, line 1: forces are those of the column force\npainless: wrote 1 structure\n", stderr)
}

// Stresses in other shapes become stress.
func TestStressKey(t *testing.T) {
	const text = `1
Lattice="4 0 0 0 4.5 0 0 0 5" virial="-0.9 -0.18 -0.27 -0.18 -1.8 -0.36 -0.27 -0.36 -2.7" REF_stress="1 2 3 4 5 6" name=a
H 0 0 0
1
Lattice="4 0 0 0 4.5 0 0 0 5" stress="1 0 0 0 2.50 0 0 0 3" name=b
H 0 0 0
`
	input := writeFile(t, "in.xyz", text)
	const lattice = "1\nLattice=\"4 0 0 0 4.5 0 0 0 5\" Properties=species:S:1:pos:R:3 "
	const atom = "pbc=\"T T T\"\nH 0 0 0\n"
	for key, c := range map[string]struct{ first, second, stderr string }{
		"stress": {
			`REF_stress="1 2 3 4 5 6" name=a stress="0.01 0.002 0.003 0.002 0.02 0.004 0.003 0.004 0.030000000000000002" `,
			`stress="1 0 0 0 2.50 0 0 0 3" name=b `,
			"painless: " + input + ": frame 0, line 1: stress is −virial/V\npainless: wrote 2 structures\n",
		},
		"REF_stress": {
			`virial="-0.9 -0.18 -0.27 -0.18 -1.8 -0.36 -0.27 -0.36 -2.7" name=a stress="1 6 5 6 2 4 5 4 3" `, "name=b ",
			"painless: " + input + ": frame 0, line 1: the six numbers of REF_stress are read as xx, yy, zz, yz, xz, xy\n" +
				"painless: 1 structure without REF_stress, the first is " + input + ": frame 1\npainless: left out another stress of 1 structure\npainless: wrote 2 structures\n",
		},
		"": {
			`REF_stress="1 2 3 4 5 6" name=a `, "name=b ",
			"painless: wrote 2 structures\n",
		},
	} {
		stdout, stderr, err := execute(t, "", "-stress-key", key, input)
		require.NoError(t, err)
		assert.Equal(t, lattice+c.first+atom+lattice+c.second+atom, stdout, key)
		assert.Equal(t, c.stderr, stderr, key)
	}
	forces := writeFile(t, "force.xyz", "1\nProperties=species:S:1:pos:R:3:force:R:3 energy=1\nH 0 0 0 1 2 3\n")
	stdout, _, err := execute(t, "", "-forces-key", "", "-energy-key", "", forces)
	require.NoError(t, err)
	assert.NotContains(t, stdout, "force")
	assert.NotContains(t, stdout, "energy")
	_, _, err = execute(t, "", "-stress-key", "DFT_stress", input)
	assert.EqualError(t, err, "-stress-key DFT_stress: no structure has it")
	bad := writeFile(t, "bad.xyz", strings.Replace(text, "-0.9 ", "", 1))
	_, stderr, err := execute(t, "", bad)
	require.NoError(t, err)
	assert.Contains(t, stderr, "bad.xyz: frame 0, line 1: virial: expected 9 numbers, found 8")
	_, _, err = execute(t, "", "-strict", "-stress-key", "virial", bad)
	assert.ErrorContains(t, err, "bad.xyz: frame 0, line 1: virial: expected 9 numbers, found 8")
}

func TestForce(t *testing.T) {
	path := writeFile(t, "out.xyz", "another's")
	_, _, err := execute(t, "", "-o", path, "none.xyz") // before the work
	assert.EqualError(t, err, path+" is there already: -force overwrites it")
	assert.Equal(t, "another's", readFile(t, path))
	written(t, path, "-force", golden)
	assert.Len(t, frames(t, readFile(t, path)), 45)
}

// meanwhile is input during which a file comes to be at a path.
type meanwhile struct {
	io.Reader
	path string
}

func (m meanwhile) Read(b []byte) (int, error) {
	if err := os.WriteFile(m.path, []byte("another's"), 0o600); err != nil {
		return 0, err
	}
	return m.Reader.Read(b)
}

// testMeanwhile checks that a file stays that was not there when the work began.
func testMeanwhile(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	in := meanwhile{strings.NewReader(readFile(t, golden)), path}
	err := Verb.Execute(context.Background(), cli.Std{In: in, Out: io.Discard, Err: io.Discard}, []string{"-o", path, "-"})
	assert.ErrorContains(t, err, path+" has come to be there meanwhile: -force overwrites it")
	assert.Equal(t, "another's", readFile(t, path))
	in.Reader = strings.NewReader(readFile(t, golden))
	require.NoError(t, Verb.Execute(context.Background(), cli.Std{In: in, Out: io.Discard, Err: io.Discard}, []string{"-force", "-o", path, "-"}))
	assert.Greater(t, len(readFile(t, path)), 1000)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no temporary file stays")
}

func TestMeanwhile(t *testing.T) { testMeanwhile(t, "out.xyz") }

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.xyz")
	empty := writeFile(t, "empty.xyz", "")
	broken := writeFile(t, "broken.xyz", readFile(t, other)+"2\n\nH 0 0\n")
	twice := writeFile(t, "twice.xyz", "1\nProperties=species:S:1:pos:R:3 e=1 energy=2\nH 0 0 0\n")
	for want, args := range map[string][]string{
		"no input: expected XYZ or HDF5 files, or - for standard input; -h shows the usage":                                       {"-o", out},
		"-o is empty: expected a file, or - for standard output":                                                                  {"-o", "", golden},
		"-append, -compression and -float32-forces are for HDF5: expected a file .h5, .hdf5 or .hdf, found -o -":                  {"-append", golden},
		"-append, -compression and -float32-forces are for HDF5: expected a file .h5, .hdf5 or .hdf, found -o " + out:             {"-float32-forces", "-o", out, golden},
		"-append, -compression and -float32-forces are for HDF5: expected a file .h5, .hdf5 or .hdf, found -o x.h5.xyz":           {"-compression", "none", "-o", "x.h5.xyz", golden},
		"-compression lzf: expected gzip or none":                                                                                 {"-compression", "lzf", "-o", "x.h5", golden},
		"-append and -force: expected one of them":                                                                                {"-append", "-force", "-o", "x.h5", golden},
		"-append keeps the compression and the type of the forces of the file: expected neither -compression nor -float32-forces": {"-append", "-float32-forces", "-o", "x.h5", golden},
		twice + " is an input: expected another file for the output":                                                              {"-force", "-o", twice, golden, twice},
		empty + ": expected a structure, found none":                                                                              {"-o", out, golden, empty},
		broken + `:14: expected 4 columns, found 3 in "H 0 0"`:                                                                    {"-o", out, broken},
		"open none.xyz: no such file or directory":                                                                                {"-o", out, "none.xyz"},
		"cannot write " + dir + ": expected a file, found a folder":                                                               {"-o", dir, golden},
		"-energy-key e: no structure has it":                                                                                      {"-o", out, "-energy-key", "e", golden},
		"-o stands after an input: expected flags before the inputs, or -- before inputs that begin with -; -h shows the usage":   {golden, "-o", out},
	} {
		_, _, err := execute(t, "", args...)
		assert.EqualError(t, err, want)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing was written")
}

// A frame that cannot be read costs that frame, unless -strict says otherwise.
func TestBadFrames(t *testing.T) {
	const good = "1\n\nH 0 0 0\n"
	in := writeFile(t, "in.xyz", good+"1\n\nXx 0 0 0\n"+good+good)
	listed := "painless: " + in + `: frame 1, line 6: atom 0: species: expected the symbol of an element, or its atomic number, found "Xx"` + "\npainless: wrote 3 structures\n"
	var stdout, stderr bytes.Buffer
	err := Verb.Execute(t.Context(), cli.Std{Out: &stdout, Err: &stderr}, []string{in})
	assert.EqualError(t, err, "1 of 4 frames are left out, as listed")
	assert.Equal(t, 2, cli.Code(err))
	assert.Len(t, frames(t, stdout.String()), 3)
	assert.Equal(t, listed, stderr.String())

	out := filepath.Join(t.TempDir(), "out.xyz")
	_, _, err = execute(t, "", "-strict", "-o", out, in)
	assert.ErrorContains(t, err, in+": frame 1, line 6: atom 0: species")
	assert.NoFileExists(t, out)
	stderr.Reset()
	err = Verb.Execute(t.Context(), cli.Std{Err: &stderr}, []string{"-o", out, writeFile(t, "bad.xyz", "1\n\nXx 0 0 0\n")})
	assert.EqualError(t, err, "something is wrong with every one of 1 frames, as listed")
	assert.Equal(t, 1, cli.Code(err))
	assert.NoFileExists(t, out)
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := filepath.Join(t.TempDir(), "out.xyz")
	err := Verb.Execute(ctx, cli.Std{Out: io.Discard, Err: io.Discard}, []string{"-o", path, golden})
	assert.ErrorIs(t, err, context.Canceled)
	assert.NoFileExists(t, path)
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	err := Verb.Execute(context.Background(), cli.Std{Out: full{}, Err: io.Discard}, []string{golden})
	assert.ErrorContains(t, err, "no room")
}
