package ipi

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/data"
	"painless/internal/peertest"
)

// i-PI moves eight beads of ethanol in batches of four: its potential is ours, and
// what it conserves stays.
func TestInteropIPI(t *testing.T) {
	peertest.Interop(t)
	dir, name := t.TempDir(), fmt.Sprintf("painless-test-%d", os.Getpid())
	input, err := os.ReadFile("testdata/input.xml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "input.xml"), bytes.ReplaceAll(input, []byte("NAME"), []byte(name)), 0o600))
	start, err := os.ReadFile(testdata + "ethanol.xyz")
	require.NoError(t, err)
	frame, err := data.NewReader(bytes.NewReader(start), "ethanol.xyz").Read()
	require.NoError(t, err)
	lines := strings.SplitAfter(string(start), "\n")
	lines[1] = "# CELL(abcABC): 20 20 20 90 90 90 cell{angstrom} positions{angstrom}\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "start.xyz"), []byte(strings.Join(lines, "")), 0o600))

	server := exec.Command(peertest.IPI(t), "input.xml")
	server.Dir = dir
	var complaints bytes.Buffer
	server.Stdout, server.Stderr = &complaints, &complaints
	require.NoError(t, server.Start())
	stderr, err := execute("-model", model, "-precision", "float64", "-structure", testdata+"ethanol.xyz", "-unix", name, "-wait", "1m", "-timeout", "1m")
	require.NoError(t, server.Wait(), &complaints)
	require.NoError(t, err)
	assert.Regexp(t, `\d+ calls with \d+ structures, `, stderr)

	m, err := painless.Open(model, painless.Options{Precision: painless.Float64})
	require.NoError(t, err)
	defer m.Close()
	var want painless.Result
	require.NoError(t, m.Compute(t.Context(), painless.NewBatch(frame.Structure), &want))
	out, err := os.ReadFile(filepath.Join(dir, "run.out"))
	require.NoError(t, err)
	var conserved []float64
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		numbers := strings.Fields(line)
		require.Len(t, numbers, 3)
		total, err := strconv.ParseFloat(numbers[1], 64)
		require.NoError(t, err)
		potential, err := strconv.ParseFloat(numbers[2], 64)
		require.NoError(t, err)
		if len(conserved) == 0 { // all beads are at one place
			assert.InDelta(t, want.Energy[0], potential, 1e-6) // i-PI prints nine digits, and its constants are older
		}
		conserved = append(conserved, total)
	}
	require.Len(t, conserved, 21)
	for _, total := range conserved {
		assert.InDelta(t, conserved[0], total, 1e-5)
	}
}
