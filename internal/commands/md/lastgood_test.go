package md

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/commands/cli"
)

// A replica that is stopped between two frames leaves its last good one in the
// trajectory and in the log; the others and their lines are as if it had not been.
func TestLastGoodFrame(t *testing.T) {
	const properties, near = "2\nProperties=species:S:1:pos:R:3:velocities:R:3\n", "C 0 0 0 0 0 0\nH 0 0 0.9 0 0 -0.05\n" // which approach
	two := write(t, "two.xyz", properties+"H 0 0 0 0 0 0\nH 0 0 9 0 0 0\n"+properties+near)
	dir := t.TempDir()
	args := []string{"-model", model, "-max-force", "1e9", "-max-temperature", "1e9", "-max-drift", "1e9", "-min-distance", "0.7",
		"-dt", "0.05", "-steps", "3000", "-every", "1000", "-o", filepath.Join(dir, "run.xyz"), "-log", filepath.Join(dir, "run.csv"), "-report", filepath.Join(dir, "report"), two}
	stderr, err := executeAlone(t, args...)
	require.Error(t, err, stderr)
	require.Equal(t, 2, cli.Code(err), stderr)
	found := regexp.MustCompile(`replica 1 left at step (\d+): atoms 0 \(C\) and 1 \(H\) are .*; last good frame: step (\d+) in (\S+)`).FindStringSubmatch(stderr)
	require.NotNil(t, found, stderr)
	left, _ := strconv.Atoi(found[1])
	last, _ := strconv.Atoi(found[2])
	assert.Equal(t, left-guardEvery, last)
	assert.NotZero(t, last%1000, "between two frames")
	assert.Equal(t, filepath.Join(dir, "run-0001.xyz"), found[3])
	list := frames(t, found[3])
	step, _ := list[len(list)-1].Get("step")
	assert.Equal(t, found[2], step)
	assert.Len(t, list, last/1000+2)
	assert.Len(t, frames(t, filepath.Join(dir, "run-0000.xyz")), 4)
	text, err := os.ReadFile(filepath.Join(dir, "run.csv"))
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), "\n"+found[2]+","))
	assert.Contains(t, string(text), "\n3000,")
	r := readReport(t, filepath.Join(dir, "report"))
	require.Len(t, r.Failed, 1)
	assert.EqualValues(t, left, r.Failed[0].Step)
	assert.EqualValues(t, last, r.Replicas[1].LastStep)
	assert.EqualValues(t, 3000, r.Replicas[0].LastStep)

	// The last replica of all.
	args = append(args[:len(args)-1], "-force", write(t, "one.xyz", properties+near))
	_, err = executeAlone(t, args...)
	assert.Equal(t, 1, cli.Code(err))
	assert.ErrorContains(t, err, "; last good frame: step ")
	r = readReport(t, filepath.Join(dir, "report"))
	assert.Equal(t, err.Error(), r.Stopped)

	// DCD has no place for it.
	args[len(args)-9], args[len(args)-7] = "30", filepath.Join(dir, "run.dcd")
	require.Equal(t, "-o", args[len(args)-8])
	_, err = executeAlone(t, args...)
	assert.ErrorContains(t, err, "has no place there: ")
}

// The last good frame has the masses of the others, and momenta of them: they were
// those of the elements.
func TestLastGoodFrameOfIsotopes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run.xyz")
	_, err := executeAlone(t, "-model", model, "-max-force", "1e9", "-max-temperature", "1e9", "-max-drift", "1e9", "-min-distance", "0.7", "-keep-drift",
		"-dt", "0.05", "-steps", "3000", "-every", "1000", "-o", out,
		write(t, "near.xyz", "2\nProperties=species:S:1:pos:R:3:masses:R:1:velocities:R:3\nC 0 0 0 13.003 0 0 0\nH 0 0 0.9 2.014 0 0 -0.05\n"))
	require.ErrorContains(t, err, "; last good frame: step ")
	list := frames(t, out)
	require.Len(t, list, 2)
	for _, f := range list {
		got := []float64{12.011, 1.008}
		require.NoError(t, masses(f, got))
		assert.Equal(t, []float64{13.003, 2.014}, got)
		v := make([][3]float64, 2)
		_, err := velocities(f, got, v)
		require.NoError(t, err)
		assert.InEpsilon(t, 2.014*-0.05, 13.003*v[0][2]+2.014*v[1][2], 0.05, "u Å/fs: what pulls at both is small")
	}
}

// A restart with another -every says so, and DCD, which cannot, refuses it.
func TestRestartEvery(t *testing.T) {
	for _, ending := range []string{".xyz", ".nc", ".dcd"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "run")
		run := func(args ...string) (string, error) {
			return execute(t, append([]string{"-o", path + ending, "-log", path + ".csv", "-checkpoint", path + ".json", "-report", path}, args...)...)
		}
		_, err := run("-every", "10", "-steps", "20", "-ensemble", "nve", "-temperature", "20", "-dt", "0.01", ethanol)
		require.NoError(t, err)
		stderr, err := run("-every", "20", "-steps", "60", "-restart", path+".json")
		if ending == ".dcd" {
			assert.ErrorContains(t, err, "run.dcd: -every 20: expected 10, as DCD holds frames at equal intervals")
			continue
		}
		require.NoError(t, err)
		assert.Contains(t, stderr, "run.csv has been written every 10 steps so far, and goes on every 20, as -every says")
		assert.Contains(t, stderr, "run"+ending+" has been written every 10 steps so far")
		r := readReport(t, path)
		assert.EqualValues(t, 0, r.FirstStep, "what the log has from before is in the report")
		assert.EqualValues(t, 5, r.Replicas[0].Samples)
		assert.EqualValues(t, 40, r.Speed.Steps)
		stderr, err = run("-every", "10", "-steps", "70", "-restart", path+".json")
		require.NoError(t, err)
		assert.NotContains(t, stderr, "has been written every")
	}
}

// A log of an older version goes on with its columns.
func TestRestartOlderLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	args := []string{"-every", "10", "-log", path + ".csv", "-checkpoint", path + ".json"}
	_, err := execute(t, append(args, "-steps", "20", "-temperature", "20", "-dt", "0.01", ethanol)...)
	require.NoError(t, err)
	text, err := os.ReadFile(path + ".csv")
	require.NoError(t, err)
	older := ""
	for line := range strings.Lines(string(text)) {
		older += strings.Join(strings.Split(line, ",")[:olderColumns], ",") + "\n"
	}
	require.NoError(t, os.WriteFile(path+".csv", []byte(older), 0o600))
	_, err = execute(t, append(args, "-steps", "40", "-restart", path+".json")...)
	require.NoError(t, err)
	_, err = executeAlone(t, "-from", path+".csv", "-report", path)
	require.NoError(t, err)
	assert.EqualValues(t, 5, readReport(t, path).Replicas[0].Samples)
}
