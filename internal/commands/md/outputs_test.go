package md

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/data/trajectory"
	"painless/internal/commands/cli"
	"painless/md"
	"painless/student"
)

// A restart cuts and goes on with its own run's files alone: another's stay as they are.
func TestRestartAnother(t *testing.T) {
	for _, ending := range []string{".xyz", ".dcd", ".nc"} {
		dir := t.TempDir()
		path := func(name string) string { return filepath.Join(dir, name) }
		run := func(name, steps string, more ...string) {
			_, err := execute(t, append([]string{"-steps", steps, "-every", "10", "-o", path(name + ending), "-log", path(name + ".csv"), "-checkpoint", path(name + ".json"), "-temperature", "20"}, more...)...)
			require.NoError(t, err)
		}
		run("a", "60", "-ensemble", "csvr", "-dt", "0.02", ethanol)
		run("b", "20", "-ensemble", "nve", "-dt", "0.01", ethanol)
		run("c", "20", "-ensemble", "nve", "-dt", "0.01", "-seed", "2", ethanol)
		for _, test := range []struct{ o, log, want string }{
			{"a" + ending, "", "a" + ending + ": step 20: expected the time 0.2 fs, found 0.4 fs: it is another simulation's; -force replaces it"},
			{"", "a.csv", "a.csv: step 0: expected the ensemble nve, found csvr: it is another simulation's; -force replaces it"},
			{"c" + ending, "", "c" + ending + ": step 20: expected atom 0 at ["},
			{"", "c.csv", "c.csv: step 20: expected a kinetic energy of "},
		} {
			file := path(test.o + test.log)
			before, err := os.ReadFile(file)
			require.NoError(t, err)
			flag := "-o"
			if test.o == "" {
				flag = "-log"
			}
			again := []string{"-restart", path("b.json"), "-steps", "40", "-every", "10", flag, file}
			_, err = execute(t, again...)
			assert.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, "another simulation's; -force replaces it")
			after, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.True(t, string(before) == string(after), "%s stays as it is", file)
			_, err = execute(t, append(again, "-force")...)
			assert.NoError(t, err)
		}
		_, err := execute(t, "-restart", path("b.json"), "-steps", "40", "-checkpoint", path("c.json"))
		assert.ErrorContains(t, err, "c.json is there already")
		_, err = execute(t, "-restart", path("b.json"), "-steps", "40", "-force", "-log", path("b.json"))
		assert.ErrorContains(t, err, "b.json is an input")
	}
}

// Each file that the run will write is looked at, before the work: those of the replicas too.
func TestPaths(t *testing.T) {
	one, err := os.ReadFile(ethanol)
	require.NoError(t, err)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Mkdir(path("rep"), 0o700))
	input := path("a-0000.xyz")
	require.NoError(t, os.WriteFile(input, append(one, one...), 0o600))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-force", "-o", path("a.xyz")}, "a-0000.xyz is an input: expected another file for the output"},
		{[]string{"-o", path("a.xyz")}, "a-0000.xyz is an input"},
		{[]string{"-force", "-o", path("b.xyz"), "-log", path("b-0000.xyz")}, "b-0000.xyz and " + path("b-0000.xyz") + " are one file: expected outputs under names of their own"},
		{[]string{"-o", path("b.xyz"), "-checkpoint", path("b-0001.xyz")}, "are one file"},
		{[]string{"-report", path("rep"), "-checkpoint", path("rep/report.json")}, "are one file"},
		{[]string{"-report", path("rep"), "-log", path("rep/./drift.png") + "/../report.json"}, "are one file"},
		{[]string{"-report", path("new"), "-log", path("new")}, "are one file"},
	} {
		_, err := execute(t, append(test.args, "-temperature", "20", "-dt", "0.01", "-steps", "2", input)...)
		assert.ErrorContains(t, err, test.want, "%v", test.args)
		text, err := os.ReadFile(input)
		require.NoError(t, err)
		assert.Len(t, text, 2*len(one))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 2, "nothing was made")
}

// The last step is written too, once, and a run that goes on has none of it between its frames.
func TestLastStep(t *testing.T) {
	for _, ending := range []string{".xyz", ".dcd", ".nc"} {
		dir := t.TempDir()
		run := func(name, steps string, more ...string) string {
			path := filepath.Join(dir, name)
			stderr, err := execute(t, append([]string{"-steps", steps, "-every", "100", "-o", path + ending, "-log", path + ".csv", "-checkpoint", path + ".json"}, more...)...)
			require.NoError(t, err)
			return stderr
		}
		fresh := []string{"-ensemble", "csvr", "-temperature", "20", "-dt", "0.01", ethanol}
		restart := []string{"-restart", filepath.Join(dir, "parts.json")}
		run("whole", "330", fresh...)
		run("parts", "50", fresh...)
		text, err := os.ReadFile(filepath.Join(dir, "parts.csv"))
		require.NoError(t, err)
		assert.Contains(t, string(text), "\n50,0.5,0,")
		if ending == ".xyz" {
			assert.Len(t, frames(t, filepath.Join(dir, "parts.xyz")), 2)
		}
		run("parts", "50", restart...)
		again, err := os.ReadFile(filepath.Join(dir, "parts.csv"))
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again), "not twice")
		run("parts", "230", restart...)
		stderr := run("parts", "330", restart...)
		assert.Equal(t, ending == ".dcd", strings.Contains(stderr, "parts.dcd ends with step 300, as DCD holds frames at equal intervals"), stderr)
		for _, file := range []string{ending, ".csv", ".json"} {
			want, err := os.ReadFile(filepath.Join(dir, "whole"+file))
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(dir, "parts"+file))
			require.NoError(t, err)
			assert.True(t, string(want) == string(got), "%s%s", ending, file)
		}
	}
}

// started is a simulation after three steps, which nothing keeps from going on, and its checkpoint's path.
func started(t *testing.T, stderr io.Writer, trajectory string) (r *simulation, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run.json")
	_, err := execute(t, "-temperature", "20", "-dt", "0.01", "-steps", "3", "-checkpoint", path, ethanol)
	require.NoError(t, err)
	potential, err := painless.Open(model, painless.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, potential.Close()) })
	s := &settings{restart: path, checkpoint: path, trajectory: trajectory, every: 10, saveEvery: 10}
	s.dynamics.Steps = 20
	r = &simulation{settings: s, stderr: stderr, whole: true, live: newLive(stderr, 3, 20)}
	r.model.Hash, err = student.Hash(model)
	require.NoError(t, err)
	require.NoError(t, r.restore(potential))
	require.NoError(t, r.Compute(t.Context()))
	r.guard = newGuard(t, r, wide)
	r.good.keep(r.Dynamics)
	r.outputs, err = s.open(r.Dynamics, r.replicas, stderr)
	require.NoError(t, err)
	return r, path
}

// wide is limits that random weights are within.
var wide = md.Limits{Force: 1e9, Drift: 1e9, Temperature: 1e9, Distance: 1e-9}

// A signal leaves the checkpoint as it was where the state is beyond a limit.
func TestInterruptedBeyondLimits(t *testing.T) {
	var stderr strings.Builder
	r, path := started(t, &stderr, "")
	require.NoError(t, r.step(t.Context()))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	r.guard = newGuard(t, r, md.Limits{Force: 1e-9})
	assert.ErrorIs(t, r.interrupted(context.Canceled), context.Canceled)
	assert.Contains(t, stderr.String(), "painless: md: stopped, and not saved: step 4: replica 0: the force on atom ")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
	assert.Equal(t, 1, cli.Code(r.rescue(os.ErrClosed)))
}

// A signal writes the step that it stops after, and the checkpoint of it.
func TestInterruptedWrites(t *testing.T) {
	var stderr strings.Builder
	run := filepath.Join(t.TempDir(), "run.xyz")
	r, path := started(t, &stderr, run)
	require.NoError(t, r.step(t.Context()))
	assert.ErrorIs(t, r.interrupted(context.Canceled), context.Canceled)
	assert.Contains(t, stderr.String(), "painless: md: stopped after step 4; -restart "+path+" goes on\n")
	require.NoError(t, r.outputs.Close())
	list := frames(t, run)
	require.Len(t, list, 1)
	step, _ := list[0].Get("step")
	assert.Equal(t, "4", step)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"step":4`)
}

// failing is a trajectory that cannot be written.
type failing struct{ writer }

func (failing) Write(*trajectory.Frame) error { return syscall.EFBIG }

// Where an output fails the state is saved; not in the middle of a step, and not beyond a limit.
func TestFailingOutput(t *testing.T) {
	for _, test := range []struct {
		spoil func(r *simulation)
		saved bool
	}{
		{func(*simulation) {}, true},
		{func(r *simulation) { r.whole = false }, false},
		{func(r *simulation) { r.guard = newGuard(t, r, md.Limits{Force: 1e-9}) }, false},
	} {
		var stderr strings.Builder
		r, path := started(t, &stderr, filepath.Join(t.TempDir(), "run.xyz"))
		require.NoError(t, r.step(t.Context()))
		r.outputs.writers[0] = failing{r.outputs.writers[0]}
		test.spoil(r)
		err := r.write()
		assert.ErrorIs(t, err, syscall.EFBIG)
		assert.Equal(t, 1, cli.Code(err))
		assert.Equal(t, test.saved, strings.Contains(stderr.String(), "painless: md: step 4 is saved: -restart "+path+" goes on\n"), stderr.String())
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, test.saved, strings.Contains(string(text), `"step":4`))
		require.NoError(t, r.outputs.Close())
	}
}

func newGuard(t *testing.T, r *simulation, limits md.Limits) *md.Guard {
	t.Helper()
	g, err := md.NewGuard(r.Dynamics, limits)
	require.NoError(t, err)
	return g
}
