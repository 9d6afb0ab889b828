package relax

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/commands/cli"
	"painless/internal/vec"
)

const (
	model   = "../../../testdata/ultra_tiny.pt" // random weights: many structures collapse
	larger  = "../../../testdata/original.pt"   // these do not
	ethanol = "../../../testdata/ethanol.xyz"
	golden  = "../../../testdata/ultra_tiny.extxyz"
)

func execute(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return executeWith(t, model, stdin, args...)
}

func executeWith(t *testing.T, model, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(stdin), Out: &out, Err: &errs}, append([]string{"-model", model}, args...))
	return out.String(), errs.String(), err
}

func frames(t *testing.T, text string) (list []*data.Frame) {
	t.Helper()
	for r := data.NewReader(strings.NewReader(text), "output"); ; {
		f, err := r.Read()
		if err != nil {
			return list
		}
		list = append(list, f)
	}
}

func number(t *testing.T, f *data.Frame, key string) float64 {
	t.Helper()
	x, err := f.Floats(key, 1)
	require.NoError(t, err)
	return x[0]
}

// A structure comes out at a minimum, with what the input says of it but labels and velocities; in
// float64, whose sixth decimal does not hang on the instruction set.
func TestRelax(t *testing.T) {
	text, err := os.ReadFile(ethanol)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	lines[1] = `Properties=species:S:1:pos:R:3:tag:I:1:momenta:R:3 name="my ethanol" energy=12 stress="1 2 3 4 5 6" converged=F`
	for i := range lines[2:11] {
		lines[2+i] += fmt.Sprintf(" %d 1 2 3", i)
	}
	for _, optimizer := range []string{"fire", "lbfgs"} {
		stdout, stderr, err := executeWith(t, larger, strings.Join(lines, "\n"), "-precision", "float64", "-fmax", "0.02", "-optimizer", optimizer, "-")
		require.NoError(t, err)
		f := frames(t, stdout)[0]
		assert.Regexp(t, `(?m)^ +0 +\d+ +yes +2\.499440 +1\.[234]\d+ +0\.0\d+  -$`, stderr)
		assert.Regexp(t, `painless: relax: 1 structure, 1 converged, \d+ steps, in .* structures/s\n$`, stderr)
		name, _ := f.Get("name")
		converged, _ := f.Get("converged")
		assert.Equal(t, "my ethanol T", name+" "+converged)
		_, ok := f.Get("stress")
		assert.False(t, ok)
		assert.Nil(t, f.Column("momenta"))
		assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, f.Column("tag").Integers)
		forces, err := f.Vectors("forces")
		require.NoError(t, err)
		largest := 0.0
		for _, x := range forces {
			largest = max(largest, vec.Norm(x))
		}
		assert.Equal(t, largest, number(t, f, "fmax"))
		assert.LessOrEqual(t, largest, 0.02)
		assert.Less(t, number(t, f, "energy"), 1.5)

		// it stays there
		stdout, _, err = executeWith(t, larger, stdout, "-precision", "float64", "-fmax", "0.02", "-optimizer", optimizer, "-")
		require.NoError(t, err)
		again := frames(t, stdout)[0]
		assert.Equal(t, f.Positions, again.Positions)
		assert.Zero(t, number(t, again, "steps"))
		assert.InDelta(t, number(t, f, "energy"), number(t, again, "energy"), 1e-6)
	}
}

// A file of all kinds comes out in order, the same in any batch and with any threads; what is not
// there or not converged is listed in the order of the input, and the exit code is 2.
func TestManyFrames(t *testing.T) {
	var want, listed string
	for _, args := range [][]string{{"-batch", "1"}, {"-batch", "3"}, {"-batch", "1000", "-threads", "1"}} {
		stdout, stderr, err := execute(t, "", append(args, "-steps", "30", golden)...)
		assert.Equal(t, 2, cli.Code(err))
		assert.Regexp(t, `^\d+ of 45 frames are not converged, and \d+ left out, as listed$`, err.Error())
		lines := strings.Split(stderr, "\n")
		stderr = strings.Join(lines[:len(lines)-2], "\n") // without the time
		if want == "" {
			want, listed = stdout, stderr
		}
		assert.Equal(t, want, stdout)
		assert.Equal(t, listed, stderr)
	}
	assert.Regexp(t, `frame 0, line 1: after 6 steps: atoms 0 \(H\) and 1 \(H\) are 0\.39 Å apart`, listed)
	assert.Regexp(t, `frame 11, line 52: not converged after 30 steps: the largest force is 0\.\d+ eV/Å`, listed)
	converged := map[string]int{}
	for _, f := range frames(t, want) {
		text, _ := f.Get("converged")
		converged[text]++
		assert.Equal(t, text == "T", number(t, f, "fmax") <= 0.01)
		if text == "F" {
			assert.EqualValues(t, 30, number(t, f, "steps"))
		}
	}
	assert.Greater(t, converged["T"], 15)
	assert.Greater(t, converged["F"], 3)
	assert.Equal(t, 45, converged["T"]+converged["F"]+strings.Count(listed, "apart: has the potential a wall there?"))
}

// A frame that takes long holds the others back, but not more of them than there is room for.
func TestQueueIsBounded(t *testing.T) {
	long, short := "2\n\nO 0 0 0\nH 0 0 0.9\n", "1\n\nH 0 0 0\n"
	s := &settings{pass: cli.Pass{Structures: 2}}
	s.relax.Steps, s.relax.Force = 400, 1e-300
	out, errs := bytes.Buffer{}, bytes.Buffer{}
	records, err := cli.Std{Out: &out}.Records("-")
	require.NoError(t, err)
	s.model.Threads = 1
	m, err := s.model.Open(model, &errs)
	require.NoError(t, err)
	defer m.Close()
	r, err := s.newRelaxer(m, cli.Std{Err: &errs}, records)
	require.NoError(t, err)
	most := 0
	for range 300 {
		for _, f := range frames(t, long+short) {
			require.NoError(t, r.take(context.Background(), &frame{Frame: f}))
			most = max(most, len(r.queue))
		}
		if r.written > 80 {
			break
		}
	}
	assert.LessOrEqual(t, most, ahead*s.pass.Structures)
	require.NoError(t, r.drain(context.Background()))
	assert.Empty(t, r.queue)
}

// With -strict the first frame that something is wrong with ends it, after those before it.
func TestStrict(t *testing.T) {
	for _, steps := range []string{"200", "7"} {
		text, err := os.ReadFile(golden)
		require.NoError(t, err)
		lines := strings.SplitAfter(string(text), "\n")
		stdout, stderr, err := execute(t, strings.Join(lines[4:], ""), "-strict", "-steps", steps, "-")
		assert.Equal(t, 1, cli.Code(err))
		assert.ErrorContains(t, err, "not converged after "+steps)
		assert.NotContains(t, stderr, "painless: -")
		n := len(frames(t, stdout))
		assert.Greater(t, n, 0)
		assert.ErrorContains(t, err, fmt.Sprintf("-: frame %d, ", n))
	}
}

// A line of JSON has what the frame has.
func TestJSON(t *testing.T) {
	crystal := "2\nLattice=\"6 0 0 0 6 0 0 0 6\"\nLi 0 0 0\nF 0 0 1.6\n"
	args := []string{"-fmax", "0.5", "-steps", "30", "-"}
	stdout, _, err := execute(t, crystal, args...)
	require.NoError(t, err)
	f := frames(t, stdout)[0]
	stdout, _, err = execute(t, crystal, append([]string{"-json"}, args...)...)
	require.NoError(t, err)
	var line struct {
		File              string
		Frame, Natoms     int
		Converged         bool
		Steps             int
		Energy, Fmax      float64
		EnergyFirst       float64 `json:"energy_first"`
		Volume            float64
		Cell              [3][3]float64
		Positions, Forces [][3]float64
		Stress            [6]float64
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &line))
	forces, err := f.Vectors("forces")
	require.NoError(t, err)
	stress, err := f.Stress()
	require.NoError(t, err)
	assert.Equal(t, []any{"-", 2, true, number(t, f, "energy"), number(t, f, "fmax"), f.Positions, forces, stress, f.Cell},
		[]any{line.File, line.Natoms, line.Converged, line.Energy, line.Fmax, line.Positions, line.Forces, line.Stress, line.Cell})
	assert.InDelta(t, 216, line.Volume, 1e-9)
	assert.GreaterOrEqual(t, line.EnergyFirst, line.Energy)
}

// A cell relaxes to a pressure; one that is none is listed.
func TestCell(t *testing.T) {
	crystal := "2\nLattice=\"4 0 0 0 4 0 0 0 4\"\nLi 0 0 0\nF 2 2 2\n"
	stdout, stderr, err := executeWith(t, larger, crystal+"2\n\nLi 0 0 0\nF 0 0 1.6\n", "-cell", "iso", "-pressure", "1000", "-steps", "200", "-")
	assert.EqualError(t, err, "1 of 2 frames are left out, as listed")
	assert.Contains(t, stderr, "painless: -: frame 1, line 5: expected a cell that is periodic along three lattice vectors")
	assert.Regexp(t, `(?m)^  frame .* V first, Å³ +V last, Å³ +ΔS, GPa  file\n +0 .* 64\.0000 `, stderr)
	f := frames(t, stdout)[0]
	assert.Equal(t, f.Cell[0][0], f.Cell[1][1])
	assert.NotEqual(t, 4.0, f.Cell[0][0])
	stress, err := f.Stress()
	require.NoError(t, err)
	assert.InDelta(t, -0.1/160.21766, (stress[0]+stress[1]+stress[2])/3, 0.0101/160.21766)
	for c, x := range f.Positions[1] {
		assert.InDelta(t, 0, f.Positions[0][c], 0.1)
		assert.InDelta(t, f.Cell[0][0]/2, x, 0.1, "in place within the cell")
	}
}

// Atoms that are fixed stay.
func TestFix(t *testing.T) {
	stdout, _, err := execute(t, "3\n\nO 0 0 0\nH 0 0.9 -0.6\nH 0 -0.9 -0.6\n3\nProperties=species:S:1:pos:R:3:move_mask:L:1\nO 0 0 0 T\nH 0 0.9 -0.6 F\nH 0 -0.9 -0.6 T\n", "-fix", "O", "-")
	require.NoError(t, err)
	list := frames(t, stdout)
	assert.Zero(t, list[0].Positions[0])
	assert.NotEqual(t, [3]float64{0, 0.9, -0.6}, list[0].Positions[1])
	assert.Equal(t, [3]float64{0, 0.9, -0.6}, list[1].Positions[1])
	assert.NotEqual(t, [3]float64{0, -0.9, -0.6}, list[1].Positions[2])
}

// What cannot be is refused before anything is made.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	input := filepath.Join(dir, "in.xyz")
	text, err := os.ReadFile(ethanol)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(input, text, 0o600))
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "no input"},
		{[]string{"-fmax", "0", ethanol}, "-fmax 0: expected more than 0"},
		{[]string{"-fmax", "-1", ethanol}, "-fmax -1: expected more than 0"},
		{[]string{"-fmax", "NaN", ethanol}, "-fmax NaN: expected more than 0"},
		{[]string{"-fmax", "Inf", ethanol}, "largest force +Inf eV/Å: expected more than 0"},
		{[]string{"-steps", "0", ethanol}, "-steps 0: expected more than 0"},
		{[]string{"-max-step", "0", ethanol}, "-max-step 0: expected more than 0"},
		{[]string{"-min-distance", "0", ethanol}, "-min-distance 0: expected more than 0"},
		{[]string{"-min-distance", "100", ethanol}, "-min-distance 100: expected at most 5 Å"},
		{[]string{"-batch", "-1", ethanol}, "-batch -1: expected 0 or more"},
		{[]string{"-cell", "full", "-smax", "0", ethanol}, "-smax 0: expected more than 0"},
		{[]string{"-smax", "0.1", ethanol}, "-smax: expected -cell iso or full beside it"},
		{[]string{"-pressure", "0", ethanol}, "-pressure: expected -cell iso or full beside it"},
		{[]string{"-cell", "full", "-pressure", "NaN", ethanol}, "pressure NaN bar: expected a number"},
		{[]string{"-cell", "tri", ethanol}, "-cell: cell \"tri\": expected one of none, iso, full"},
		{[]string{"-optimizer", "bfgs", ethanol}, "-optimizer: optimizer \"bfgs\": expected one of lbfgs, fire"},
		{[]string{"-fix", "3-1", ethanol}, "expected an element, an index or a range such as 0-11, found \"3-1\""},
		{[]string{"-o", "", ethanol}, "-o is empty"},
		{[]string{"-o", filepath.Join(dir, "out.h5"), ethanol}, "what is written is extended XYZ; painless dataset makes HDF5 of it"},
		{[]string{"-o", filepath.Join(dir, "out.dcd"), ethanol}, "what is written is extended XYZ, which .dcd is not: expected a name such as " + filepath.Join(dir, "out.xyz")},
		{[]string{"-o", filepath.Join(dir, "out.pdb.gz"), ethanol}, "which .pdb is not"},
		{[]string{"-o", input, input}, "is an input"},
		{[]string{"-o", filepath.Join(dir, "out.xyz"), filepath.Join(dir, "none.xyz")}, "none.xyz"},
		{[]string{"-cell", "full", "-o", filepath.Join(dir, "out.xyz"), input}, "something is wrong with every one of 1 frames"},
		{[]string{"-fix", "Pt", "-o", filepath.Join(dir, "out.xyz"), input}, "something is wrong with every one of 1 frames"},
	} {
		stdout, _, err := execute(t, "", test.args...)
		assert.Equal(t, 1, cli.Code(err), test.args)
		assert.ErrorContains(t, err, test.want, "%v", test.args)
		assert.Empty(t, stdout)
		found, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Len(t, found, 1)
	}
	_, stderr, err := execute(t, "", "-fix", "Pt", input)
	assert.Error(t, err)
	assert.Contains(t, stderr, "frame 0, line 1: -fix Pt: expected atoms of Pt, found none")
}

// A file that ends within a frame is an error, after what stands before it.
func TestTornFile(t *testing.T) {
	stdout, _, err := execute(t, "1\n\nH 0 0 0\n2\n\nH 0 0 0\n", "-")
	assert.Equal(t, 1, cli.Code(err))
	assert.Len(t, frames(t, stdout), 1)
	assert.False(t, math.IsNaN(number(t, frames(t, stdout)[0], "energy")))
}

// Where a kink may have left the forces that are left, and there alone, the card's line says so.
func TestKinksAreHinted(t *testing.T) {
	const student = "../../../student/default.pt"
	carbonDioxide := "3\n\nC -0.002 -0.041 0.043\nO 1.153 0.023 -0.039\nO -1.146 -0.017 0.028\n"
	const hint = "painless: relax: symmetric molecules, fair: a force jumps by up to 0.062 eV/Å where symmetry makes vectors vanish (carbon dioxide): "
	for name, c := range map[string]struct {
		input string
		args  []string
		code  int
		hint  bool
	}{
		"a kink":                 {carbonDioxide, []string{"-fmax", "1e-6"}, 2, true},
		"not asked for":          {carbonDioxide, []string{"-fmax", "0.1"}, 0, false},
		"far from it":            {carbonDioxide, []string{"-steps", "1", "-max-step", "1e-4"}, 2, false},
		"a kink and far from it": {carbonDioxide + strings.Replace(carbonDioxide, "1.153", "1.353", 1), []string{"-steps", "30", "-fmax", "1e-6"}, 2, true},
	} {
		_, stderr, err := executeWith(t, student, c.input, append(c.args, "-")...)
		assert.Equal(t, c.code, cli.Code(err), "%s: %v", name, err)
		assert.Equal(t, c.hint, strings.Contains(stderr, hint), "%s: %s", name, stderr)
		if c.hint {
			assert.Equal(t, 1, strings.Count(stderr, "symmetric molecules"), name)
			assert.Contains(t, stderr, "; -fmax 0.1 may be within reach\n", name)
		}
	}
}
