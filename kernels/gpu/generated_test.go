package gpu

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The committed PTX belongs to the committed sources and flags.
func TestPTXSums(t *testing.T) {
	f, err := os.Open("ptx.sum")
	require.NoError(t, err)
	defer f.Close()
	summed := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		want, name, ok := strings.Cut(lines.Text(), "  ")
		require.True(t, ok, lines.Text())
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, want, fmt.Sprintf("%x", sha256.Sum256(content)), "%s has changed: run make ptx", name)
		summed[name] = true
	}
	for _, pattern := range []string{"*.cu", "*.cuh", "*.ptx", "*.ptx.gz"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			assert.True(t, summed[name], "%s is not in ptx.sum: run make ptx", name)
		}
	}
}

// Where the compiler is, it writes the committed PTX.
func TestPTXIsWhatTheCompilerWrites(t *testing.T) {
	version, err := exec.Command("clang-19", "--version").Output()
	if err != nil || !strings.Contains(string(version), "19.1.7") {
		t.Skip("clang-19 19.1.7 is not installed: make ptx installs it")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module gpu\n"), 0o644))
	var ptx []string
	for _, pattern := range []string{"*.cu", "*.cuh", "generate.go", "*.ptx", "*.ptx.gz"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range names {
			if strings.Contains(name, ".ptx") {
				ptx = append(ptx, name)
				continue
			}
			content, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o644))
		}
	}
	generate := exec.Command("go", "generate")
	generate.Dir = dir
	output, err := generate.CombinedOutput()
	require.NoError(t, err, string(output))
	for _, name := range ptx {
		want, err := os.ReadFile(name)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.True(t, string(want) == string(got), "%s differs: run make ptx", name)
	}
}
