package commands

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// trajectories is the endings of those that this build writes.
var trajectories = []string{"xyz", "dcd", "nc"}

// contents is what has to be the same of files that end so, in place of their bytes.
var contents = map[string]func(t *testing.T, path string) string{}

// A simulation that is killed twenty times, at any moment, and goes on each time
// from its checkpoint leaves the trajectory, the log and the last state of one
// that was never stopped, to the byte: in HDF5, those of the numbers.
func TestKilledSimulation(t *testing.T) {
	for _, ending := range trajectories {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := func(name string) string { return filepath.Join(dir, name) }
			run := func(name string, args ...string) *program {
				return command(t, append([]string{"md", "-model", "../../testdata/ultra_tiny.pt", "-threads", "1", "-steps", "6000", "-every", "50", "-checkpoint-every", "100",
					"-o", path(name + "." + ending), "-log", path(name + ".csv"), "-checkpoint", path(name + ".json")}, args...)...)
			}
			limits := []string{"-min-distance", "1e-9", "-max-force", "1e9", "-max-drift", "1e9", "-max-temperature", "1e9"} // weights are random
			fresh := append([]string{"-ensemble", "langevin", "-temperature", "20", "-dt", "0.01"}, append(limits, "../../testdata/ethanol.xyz")...)
			again := append([]string{"-restart", path("killed.json")}, limits...)
			whole := run("whole", fresh...).start()
			require.Equal(t, 0, whole.code(), "%s", whole.stderr)

			killed := path("killed.json")
			const kills = 20
			for n := range kills {
				before, _ := os.ReadFile(killed)
				args := again
				if len(before) == 0 {
					args = append([]string{"-force"}, fresh...)
				}
				p := run("killed", args...).start()
				eventually(t, "a new checkpoint", func() bool {
					now, _ := os.ReadFile(killed)
					return string(now) != string(before)
				})
				for spin := range n * 100_000 { // not always right after it
					_ = spin
				}
				p.signal(syscall.SIGKILL)
				assert.Equal(t, -1, p.code(), "%s", p.stderr)
			}
			last := run("killed", again...).start()
			require.Equal(t, 0, last.code(), "%s", last.stderr)
			for _, file := range []string{"." + ending, ".csv", ".json"} {
				of := contents[file]
				if of == nil {
					of = readFile
				}
				want, got := of(t, path("whole"+file)), of(t, path("killed"+file))
				assert.True(t, want == got, "%s: %d and %d bytes", file, len(want), len(got))
			}
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, file := range left {
				assert.True(t, !strings.Contains(file.Name(), "tmp") || strings.HasPrefix(file.Name(), "."), "%s", file.Name())
			}
		})
	}
}

// A signal ends a simulation within its step, with a checkpoint of what was done.
func TestInterruptedSimulation(t *testing.T) {
	dir := t.TempDir()
	log, checkpoint := filepath.Join(dir, "log.csv"), filepath.Join(dir, "run.json")
	p := command(t, "md", "-model", "../../testdata/ultra_tiny.pt", "-temperature", "20", "-dt", "0.01", "-steps", "1000000000", "-every", "10",
		"-log", log, "-checkpoint", checkpoint, "-report", filepath.Join(dir, "report"), "../../testdata/ethanol.xyz").start()
	eventually(t, "lines of the log", func() bool {
		text, _ := os.ReadFile(log)
		return strings.Count(string(text), "\n") > 3
	})
	p.signal(syscall.SIGTERM)
	assert.Equal(t, 143, p.code())
	assert.Contains(t, p.stderr.String(), "-restart "+checkpoint+" goes on")
	for _, file := range []string{checkpoint, filepath.Join(dir, "report", "report.json"), filepath.Join(dir, "report", "conserved.png")} {
		assert.FileExists(t, file)
	}
	assert.Contains(t, readFile(t, filepath.Join(dir, "report", "report.json")), `"stopped": "by a signal"`)
}
