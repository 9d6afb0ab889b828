package main

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
)

// The binary is built without cgo and runs alone in a folder with a model and a structure.
func TestBinaryAlone(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "painless"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	message, err := build.CombinedOutput()
	require.NoError(t, err, "%s", message)
	for _, file := range []string{"tiny.pt", "ethanol.xyz"} {
		content, err := os.ReadFile("../../testdata/" + file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), content, 0o600))
	}
	run := func(args ...string) (stdout, stderr string, code int) {
		command := exec.Command("./painless", args...)
		command.Dir, command.Env = dir, []string{}
		out, err := command.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return string(out), string(exit.Stderr), exit.ExitCode()
		}
		require.NoError(t, err)
		return string(out), "", 0
	}

	stdout, stderr, code := run("predict", "-model", "tiny.pt", "-o", "out.xyz", "ethanol.xyz")
	assert.Equal(t, []any{"", "", 0}, []any{stdout, stderr, code})
	file, err := os.Open(filepath.Join(dir, "out.xyz"))
	require.NoError(t, err)
	defer file.Close()
	f, err := data.NewReader(file, "out.xyz").Read()
	require.NoError(t, err)
	energy, err := f.Floats("energy", 1)
	require.NoError(t, err)
	assert.False(t, math.IsNaN(energy[0]))

	stdout, stderr, code = run("predict", "-model", "tiny.pt", "none.xyz")
	assert.Equal(t, []any{"", "painless: predict: open none.xyz: no such file or directory\n", 1}, []any{stdout, stderr, code})
	stdout, _, code = run("predict", "--help")
	assert.Contains(t, stdout, "usage: painless predict [-model FILE] [flags] INPUT…\n")
	assert.Equal(t, 0, code)
}
