package cpu

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The vector code is what its generator writes: asm.sum holds the sums of both,
// and go generate, which needs avo, makes all three anew.
func TestVectorCodeIsUpToDate(t *testing.T) {
	text, err := os.ReadFile("asm.sum")
	require.NoError(t, err)
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		want, path, ok := strings.Cut(strings.TrimSpace(line), "  ")
		require.True(t, ok, line)
		listed[path] = true
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		assert.Equal(t, want, hex.EncodeToString(sum[:]), "%s has changed: run go generate ./kernels/cpu", path)
	}
	for _, pattern := range []string{"_asm/*.go", "_asm/arm64/*.go", "*_amd64.s", "*_arm64.s", "*_stub_*.go"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		assert.NotEmpty(t, paths)
		for _, path := range paths {
			assert.True(t, listed[path], "%s is not in asm.sum: run go generate ./kernels/cpu", path)
		}
	}
}

// Every instruction on vector registers is one of AVX. One of SSE, such as MOVSS
// without a V, waits on Intel's machines for what stood in the register's upper part: in
// the loop over pairs of training it made a kernel 18 times slower, and nothing on AMD's.
func TestVectorCodeIsAVX(t *testing.T) {
	paths, err := filepath.Glob("*_amd64.s")
	require.NoError(t, err)
	instruction := regexp.MustCompile(`^\t([A-Z0-9]+)\s.*\b[XYZ]\d+\b`)
	seen := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if m := instruction.FindStringSubmatch(line); m != nil {
				seen++
				assert.Equal(t, "V", m[1][:1], "%s: %s", path, line)
			}
		}
	}
	assert.Greater(t, seen, 1000)
}
