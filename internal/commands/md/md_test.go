package md

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/commands/cli"
	"painless/md"
)

const (
	model   = "../../../testdata/ultra_tiny.pt"
	ethanol = "../../../testdata/ethanol.xyz"
)

// execute runs the verb with weights that are random, and limits that let them be.
func execute(t *testing.T, args ...string) (stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"-model", model, "-max-drift", "1e9", "-max-force", "1e9", "-max-temperature", "1e9", "-min-distance", "1e-9"}, args...)
	err = Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(""), Out: &out, Err: &errs}, args)
	assert.Empty(t, out.String())
	return errs.String(), err
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// frames is all of a trajectory.
func frames(t *testing.T, path string) (list []*data.Frame) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	for r := data.NewReader(file, path); ; {
		f, err := r.Read()
		if err != nil {
			return list
		}
		list = append(list, f)
	}
}

// Each frame is a replica with a trajectory of its own, and the log has them all.
func TestReplicas(t *testing.T) {
	one, err := os.ReadFile(ethanol)
	require.NoError(t, err)
	two := write(t, "two.xyz", string(one)+string(one))
	dir := t.TempDir()
	stderr, err := execute(t, "-ensemble", "langevin", "-temperature", "20", "-dt", "0.01", "-steps", "20", "-every", "10", "-o", filepath.Join(dir, "run.xyz"), "-log", filepath.Join(dir, "run.csv"), two)
	require.NoError(t, err)
	assert.Regexp(t, `^(painless: md: (rotation|cutoff|close atoms), (good|fair|poor): .*\n){3}painless: md: symmetric molecules, poor: a force jumps by up to 0\.13 eV/Å .*\npainless: md: 2 replicas: their trajectories are .*/run-0000.xyz to .*/run-0001.xyz\npainless: md: 20 steps of 0.01 fs, 2 replicas, in .* ns/day; the conserved energy has changed by .* eV an atom, and by at most .* on the way\n$`, stderr)
	first, second := frames(t, filepath.Join(dir, "run-0000.xyz")), frames(t, filepath.Join(dir, "run-0001.xyz"))
	require.Len(t, first, 3)
	require.Len(t, second, 3)
	assert.Equal(t, first[0].Positions, second[0].Positions)
	assert.NotEqual(t, first[2].Positions, second[2].Positions, "each has its own random forces")
	file, err := os.Open(filepath.Join(dir, "run.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+2*3)
	assert.Equal(t, []string{"10", "0.1", "0"}, rows[3][:3])
	energy, err := first[1].Floats("energy", 1)
	require.NoError(t, err)
	logged, err := strconv.ParseFloat(rows[3][4], 64)
	require.NoError(t, err)
	assert.InDelta(t, energy[0], logged, 1e-9)
}

// Velocities of the input are used: those of momenta in ASE's units, and those of
// velocities in Å/fs. A trajectory's frame goes on as the simulation did.
func TestVelocities(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.xyz")
	_, err := execute(t, "-temperature", "20", "-dt", "0.01", "-steps", "20", "-every", "10", "-keep-drift", "-o", whole, ethanol)
	require.NoError(t, err)
	list := frames(t, whole)
	require.Len(t, list, 3)
	text, err := os.ReadFile(whole)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	half := write(t, "half.xyz", strings.Join(lines[11:22], ""))
	again := filepath.Join(dir, "again.xyz")
	_, err = execute(t, "-dt", "0.01", "-steps", "10", "-every", "10", "-keep-drift", "-o", again, half)
	require.NoError(t, err)
	for i, r := range frames(t, again)[1].Positions {
		for c := range r {
			assert.InDelta(t, list[2].Positions[i][c], r[c], 1e-9)
		}
	}

	f := &data.Frame{Columns: []data.Column{{Name: "velocities", Kind: data.Real, Width: 3, Reals: []float64{1, 2, 3}}}}
	v := make([][3]float64, 1)
	found, err := velocities(f, []float64{16}, v)
	assert.Equal(t, []any{true, error(nil), [][3]float64{{1, 2, 3}}}, []any{found, err, v})
}

// Atoms that are fixed stay, by element, index, range or mask.
func TestFix(t *testing.T) {
	masked := write(t, "masked.xyz", "3\nProperties=species:S:1:pos:R:3:move_mask:L:1\nO 0 0 0 F\nH 0 0.76 -0.6 T\nH 0 -0.76 -0.6 T\n")
	partly := write(t, "partly.xyz", "3\nProperties=species:S:1:pos:R:3:move_mask:L:3\nO 0 0 0 F F T\nH 0 0.76 -0.6 T T T\nH 0 -0.76 -0.6 T T T\n")
	for _, test := range []struct {
		fix, input string
		stay       [][3]bool
	}{
		{"O", masked, [][3]bool{{true, true, true}, {}, {}}},
		{"1-1", masked, [][3]bool{{true, true, true}, {true, true, true}, {}}},
		{"", partly, [][3]bool{{true, true, false}, {}, {}}},
		{"2", partly, [][3]bool{{true, true, false}, {}, {true, true, true}}},
	} {
		out := filepath.Join(t.TempDir(), "out.xyz")
		_, err := execute(t, "-ensemble", "langevin", "-temperature", "300", "-dt", "0.1", "-steps", "5", "-every", "5", "-fix", test.fix, "-o", out, test.input)
		require.NoError(t, err)
		list := frames(t, out)
		for i, stay := range test.stay {
			for c := range stay {
				assert.Equal(t, stay[c], list[0].Positions[i][c] == list[1].Positions[i][c], "-fix %s: %d %d", test.fix, i, c)
			}
		}
	}
}

// The bonds to hydrogen are held, across the border of a cell too.
func TestHydrogenBonds(t *testing.T) {
	water := data.Frame{}
	water.Numbers, water.Positions = []int{8, 1, 1}, [][3]float64{{0, 0, 0.1}, {0, 0.76, 4.9}, {0, 3.24, 4.9}}
	for c := range 3 {
		water.Cell[c][c], water.PBC[c] = 5, true
	}
	water.Cell[1][1] = 4
	system, err := md.NewSystem(water.Structure)
	require.NoError(t, err)
	bonds, _, err := hydrogenBonds(system)
	require.NoError(t, err)
	require.Len(t, bonds, 2)
	for _, b := range bonds {
		assert.Equal(t, 0, b.J)
		assert.InDelta(t, 0.785876, b.Length, 1e-6)
	}
	// Velocities of a run without these bonds lose what lies along them, and keep their momentum.
	system.Velocities = [][3]float64{{0.01, 0.02, -0.01}, {0, 0.03, 0.02}, {0.01, -0.01, 0.03}}
	before := system.Momentum(0)
	_, err = md.New(nil, system, md.Settings{TimeStep: 1, Bonds: bonds, KeepDrift: true})
	require.NoError(t, err, "the shifts lead to the nearest images")
	for _, b := range bonds {
		along := 0.0
		for c := range 3 {
			along += (system.Positions[b.J][c] + b.Shift[c] - system.Positions[b.I][c]) * (system.Velocities[b.J][c] - system.Velocities[b.I][c])
		}
		assert.InDelta(t, 0, along, 1e-12)
	}
	after := system.Momentum(0)
	assert.InDeltaSlice(t, before[:], after[:], 1e-14)

	// A bond of two atoms that are fixed keeps its length by itself.
	system.Fixed = [][3]bool{{true, true, true}, {true, true, true}, {}}
	bonds, _, err = hydrogenBonds(system)
	require.NoError(t, err)
	require.Len(t, bonds, 1)
	assert.Equal(t, 2, bonds[0].I)
}

// What is beyond a limit at the start is said there, before there are outputs, and so are
// frames that cannot be read and temperatures that change nothing.
func TestStart(t *testing.T) {
	near := write(t, "near.xyz", "2\n\nH 0 0 0\nH 0 0 0.3\n")
	out := filepath.Join(t.TempDir(), "out.xyz")
	err := Verb.Execute(context.Background(), cli.Std{Err: io.Discard}, []string{"-model", model, "-max-force", "1e9", "-temperature", "300", "-steps", "20", "-o", out, near})
	assert.ErrorContains(t, err, "step 0: replica 0: atoms 0 (H) and 1 (H) are 0.30 Å apart")
	assert.NoFileExists(t, out)

	strange := write(t, "strange.xyz", "1\n\nH 0 0 0\n1\n\nX 0 0 0\n")
	_, err = execute(t, "-temperature", "300", "-steps", "20", strange)
	assert.ErrorContains(t, err, strange+": frame 1, line ")

	moving := write(t, "moving.xyz", "1\nProperties=species:S:1:pos:R:3:velocities:R:3\nH 0 0 0 0 0 0.01\n")
	said, err := execute(t, "-ensemble", "nve", "-temperature", "300", "-steps", "2", "-keep-drift", moving)
	require.NoError(t, err)
	assert.Contains(t, said, "the velocities are those of "+moving+": -temperature changes nothing at constant energy")
}

func TestErrors(t *testing.T) {
	empty := write(t, "run.xyz", "")
	halfMoving := write(t, "half.xyz", "1\nProperties=species:S:1:pos:R:3:velocities:R:3\nO 0 0 0 0 0 0\n1\n\nO 0 0 0\n")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{ethanol}, "-steps 0: expected 1 or more"},
		{[]string{"-steps", "5"}, "expected one INPUT, found 0"},
		{[]string{"-steps", "5", ethanol}, "has no velocities: expected -temperature"},
		{[]string{"-steps", "5", "-ensemble", "csvr", ethanol}, "-temperature is missing"},
		{[]string{"-steps", "5", "-ensemble", "berendsen", ethanol}, "expected one of nve, langevin"},
		{[]string{"-steps", "5", "-temperature", "300:x", ethanol}, "expected a number, or two with a colon between"},
		{[]string{"-steps", "5", "-temperature", "300", "-dt", "0", ethanol}, "time step 0 fs"},
		{[]string{"-steps", "5", "-temperature", "300", "-ensemble", "npt-scr", ethanol}, "periodic along three lattice vectors"},
		{[]string{"-steps", "5", "-temperature", "300", "-fix", "Pt", ethanol}, "expected atoms of Pt, found none"},
		{[]string{"-steps", "5", "-temperature", "300", "-fix", "0-9", ethanol}, "expected indices below 9"},
		{[]string{"-steps", "5", "-temperature", "300", "-fix", "x", ethanol}, `found "x"`},
		{[]string{"-steps", "5", "-temperature", "300", "-o", "run.pdb", ethanol}, "run.pdb"},
		{[]string{"-steps", "5", "-temperature", "300", "-o", empty, ethanol}, "-force"},
		{[]string{"-steps", "5", "-temperature", "300", "-log", empty, ethanol}, "-force"},
		{[]string{"-steps", "5", "-temperature", "300", "-checkpoint", empty, ethanol}, "-force"},
		{[]string{"-steps", "5", "-temperature", "300", "-log", ethanol, ethanol}, "ethanol.xyz"},
		{[]string{"-steps", "5", "-temperature", "300", "-o", "none/run.xyz", ethanol}, "none/run.xyz"},
		{[]string{"-steps", "5", "-temperature", "300", halfMoving}, "expected velocities in all frames or in none, found them in 1 of 2"},
		{[]string{"-steps", "5", "-restart", empty, ethanol}, "expected no INPUT"},
		{[]string{"-steps", "5", "-restart", empty, "-dt", "2"}, "-dt beside -restart"},
		{[]string{"-steps", "5", "-restart", empty}, "expected a checkpoint of a simulation"},
		{[]string{"-steps", "5", "-temperature", "300:600", ethanol}, "expected one value with nve"},
		{[]string{"-steps", "5", "-temperature", "-300", ethanol}, "expected more than 0 K"},
		{[]string{"-steps", "5", "-temperature", "300", "-pressure", "1", ethanol}, "expected the ensemble npt-scr or npt-mtk, found nve"},
		{[]string{"-steps", "5", "-temperature", "300", "-thermostat-time", "50", ethanol}, "-thermostat-time: expected the ensemble langevin or csvr or nhc or npt-scr or npt-mtk, found nve"},
		{[]string{"-steps", "5", "-temperature", "300", "-ensemble", "csvr", "-barostat-time", "50", ethanol}, "-barostat-time: expected the ensemble npt-scr or npt-mtk, found csvr"},
		{[]string{"-steps", "5", "-temperature", "300", "-ensemble", "npt-mtk", "-compressibility", "1e-4", ethanol}, "-compressibility: expected the ensemble npt-scr, found npt-mtk"},
		{[]string{"-steps", "5", "-temperature", "300", "-coupling", "iso", ethanol}, "-coupling: expected the ensemble npt-scr or npt-mtk, found nve"},
		{[]string{"-steps", "5", "-temperature", "300", "-checkpoint-every", "2", ethanol}, "-checkpoint-every: expected -checkpoint beside it"},
		{[]string{"-steps", "5", "-temperature", "300", "-ensemble", "csvr", "-thermostat-time", "0", ethanol}, "-thermostat-time 0: expected more than 0"},
		{[]string{"-steps", "5", "-temperature", "300", "-ensemble", "npt-scr", "-compressibility", "NaN", ethanol}, "-compressibility NaN: expected more than 0"},
		{[]string{"-steps", "5", "-temperature", "300", "-fix", "0-8", ethanol}, "found all fixed"},
		{[]string{"-steps", "5", "-temperature", "300", "-o", "x.xyz", "-log", "./x.xyz", ethanol}, "names of their own"},
		{[]string{"-steps", "5", "-temperature", "300", "-checkpoint", "none/run.json", ethanol}, "none/run.json"},
		{[]string{"-steps", "5", "-every", "0", ethanol}, "expected 1 or more"},
	} {
		_, err := execute(t, test.args...)
		assert.ErrorContains(t, err, test.want, "%v", test.args)
	}
}

// Limits that nothing can be held to are refused, and those that the start is beyond end the run before it begins.
func TestLimits(t *testing.T) {
	for _, test := range []struct{ flag, value, want string }{
		{"-min-distance", "-1", "-min-distance -1: expected 0 or more"},
		{"-min-distance", "+Inf", "-min-distance +Inf: expected at most 5 Å"},
		{"-min-distance", "3", "step 0: replica 0: atoms 2 (O) and 3 (H) are 0.93 Å apart: expected at least 3"},
		{"-max-force", "NaN", "-max-force NaN: expected 0 or more"},
		{"-max-temperature", "-300", "-max-temperature -300: expected 0 or more"},
		{"-max-drift", "-1", "-max-drift -1: expected 0 or more"},
	} {
		var out, errs bytes.Buffer
		err := Verb.Execute(t.Context(), cli.Std{In: strings.NewReader(""), Out: &out, Err: &errs}, []string{"-temperature", "300", "-steps", "5", test.flag, test.value, ethanol})
		assert.ErrorContains(t, err, test.want)
	}
}

// A run that was stopped between two frames goes on with the frames and lines of
// one that was not.
func TestRestartBetweenFrames(t *testing.T) {
	for _, ending := range []string{".xyz", ".dcd", ".nc"} {
		dir := t.TempDir()
		run := func(name, steps string, more ...string) {
			path := filepath.Join(dir, name)
			_, err := execute(t, append([]string{"-steps", steps, "-every", "10", "-o", path + ending, "-log", path + ".csv", "-checkpoint", path + ".json"}, more...)...)
			require.NoError(t, err)
		}
		fresh := []string{"-ensemble", "csvr", "-temperature", "20", "-dt", "0.01", ethanol}
		run("whole", "40", fresh...)
		run("halves", "25", fresh...)
		run("halves", "40", "-restart", filepath.Join(dir, "halves.json"))
		for _, file := range []string{ending, ".csv", ".json"} {
			want, err := os.ReadFile(filepath.Join(dir, "whole"+file))
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(dir, "halves"+file))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(want, got), "%s%s", ending, file)
		}
	}
}

// A restart with another model, fewer steps, or other steps of a ramp is refused.
func TestRestartErrors(t *testing.T) {
	dir := t.TempDir()
	checkpoint := filepath.Join(dir, "run.json")
	_, err := execute(t, "-ensemble", "csvr", "-temperature", "20:30", "-dt", "0.01", "-steps", "20", "-checkpoint", checkpoint, ethanol)
	require.NoError(t, err)
	_, err = execute(t, "-restart", checkpoint, "-steps", "30")
	assert.ErrorContains(t, err, "expected the 20 steps of the run")
	_, err = execute(t, "-restart", checkpoint, "-steps", "10")
	assert.ErrorContains(t, err, "expected the 20 steps of the run")
	var errs bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{Err: &errs}, []string{"-model", "../../../testdata/tiny.pt", "-restart", checkpoint, "-steps", "20"})
	assert.ErrorContains(t, err, "expected that one")
}

// A replica that goes wrong leaves, is listed, and the exit code says that not all is there.
func TestFailedReplica(t *testing.T) {
	one, err := os.ReadFile(ethanol)
	require.NoError(t, err)
	two := write(t, "two.xyz", string(one)+"2\n\nH 0 0 0\nH 0 0 0.3\n")
	var errs bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{Err: &errs}, []string{"-model", model, "-max-drift", "1e9", "-max-force", "1e9", "-max-temperature", "1e9", "-temperature", "1", "-dt", "0.001", "-steps", "20", two})
	assert.ErrorContains(t, err, "1 of 2 replicas failed")
	assert.Equal(t, 2, cli.Code(err))
	assert.Contains(t, errs.String(), "replica 1 left at step 0: atoms 0 (H) and 1 (H) are 0.30 Å apart: ")
}
