package md

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A run that was stopped and goes on ends where the whole run does: its limits, and the
// energy that they are measured from, are in the checkpoint. Those that are given hold.
func TestRestartKeepsLimits(t *testing.T) {
	dir := t.TempDir()
	fresh := []string{"-model", model, "-max-force", "1e9", "-max-temperature", "1e9", "-min-distance", "1e-9",
		"-temperature", "300", "-dt", "0.25", "-every", "1"}
	stopped := func(err error) []string {
		t.Helper()
		require.Error(t, err)
		found := regexp.MustCompile(`step (\d+): replica 0: (.*expected at most [^;]*)`).FindStringSubmatch(err.Error())
		require.NotNil(t, found, err.Error())
		return found
	}
	_, err := executeAlone(t, append(fresh, "-max-drift", "1e-5", "-steps", "4000", ethanol)...)
	want := stopped(err)
	t.Log(want[0])
	checkpoint := filepath.Join(dir, "half.json")
	_, err = executeAlone(t, append(fresh, "-max-drift", "1e-5", "-steps", "1", "-checkpoint", checkpoint, ethanol)...)
	require.NoError(t, err)
	_, err = executeAlone(t, "-model", model, "-restart", checkpoint, "-steps", "4000", "-every", "1")
	assert.Equal(t, want, stopped(err))
	_, err = executeAlone(t, "-model", model, "-restart", checkpoint, "-steps", "4000", "-every", "1", "-max-temperature", "1", "-max-drift", "1e9")
	assert.Contains(t, stopped(err)[2], "K: expected at most 1")
	_, err = executeAlone(t, "-model", model, "-restart", checkpoint, "-steps", "1", "-max-drift", "1e9")
	require.NoError(t, err)
}
