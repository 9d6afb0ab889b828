//go:build linux

// Package bundle tests the script that takes the tests and benchmarks to a GPU,
// with stand-ins for everything that it runs.
package bundle

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	works = "echo works; exit 0"
	fails = "echo 'CUDA error 700' >&2; exit 1"
	hangs = "trap '' TERM; sleep 60 & wait; sleep 60" // and does not hear that it should end
)

// sanitized is the steps of the part sanitize.
var sanitized = []string{
	"sanitize-memcheck", "sanitize-memcheck-once", "sanitize-memcheck-few", "sanitize-racecheck", "sanitize-racecheck-once", "sanitize-racecheck-few",
	"sanitize-synccheck", "sanitize-synccheck-once", "sanitize-synccheck-few", "sanitize-initcheck", "sanitize-initcheck-once", "sanitize-initcheck-few", "sanitize-exact",
}

// goTests is a test binary with a test that passes, one that fails and one that hangs.
const goTests = `case "$1" in
-test.list) printf 'TestPasses\nTestPTXSums\nTestFails\nTestHangs\nBenchmarkX\nok x\n' ;;
*) case "$*" in
*TestPasses*) echo '--- PASS: TestPasses' ;;
*TestFails*) echo '--- FAIL: TestFails'; exit 1 ;;
*TestHangs*) ` + hangs + ` ;;
*-test.bench*) echo 'BenchmarkKernels 1 2 ns/op' ;;
*) exit 3 ;;
esac ;;
esac`

// bundled is a bundle of stand-ins: what the script calls by a path, and what it finds in PATH.
func bundled(t *testing.T, programs, tools map[string]string) (dir string, environment []string) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skipf("the script is bash's: %v", err)
	}
	dir = t.TempDir()
	write := func(path, script string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	script, err := os.ReadFile("run.sh")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "run.sh"), script, 0o755))
	for _, name := range []string{"painless", "peers", "src/kernels/gpu/cuda/cuda.test", "src/kernels/gpu/gpu.test", "src/nn/nn.test"} {
		body, ok := programs[name]
		if !ok {
			body = works
			if strings.HasSuffix(name, ".test") {
				body = goTests
			}
		}
		write(filepath.Join(dir, name), body)
	}
	for name, body := range tools {
		write(filepath.Join(dir, "tools", name), body)
	}
	// Nothing else of this machine, which may have the real tools.
	for _, name := range []string{"sh", "basename", "cat", "cut", "date", "dirname", "grep", "mkdir", "nproc", "sleep", "sort", "tail", "timeout", "uniq"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "system"), 0o755))
		require.NoError(t, os.Symlink(path, filepath.Join(dir, "system", name)))
	}
	return dir, append(os.Environ(), "PATH="+filepath.Join(dir, "tools")+":"+filepath.Join(dir, "system"), "PYTHON="+filepath.Join(dir, "tools", "python"), "LIMIT=1")
}

func run(t *testing.T, dir string, environment []string, parts ...string) (output string, steps map[string]string, code int) {
	t.Helper()
	command := exec.Command("sh", append([]string{filepath.Join(dir, "run.sh")}, parts...)...)
	command.Env = environment
	text, err := command.CombinedOutput()
	if err != nil {
		require.IsType(t, &exec.ExitError{}, err, "%s", text)
		code = command.ProcessState.ExitCode()
	}
	lines, err := os.ReadFile(filepath.Join(dir, "results", "steps.txt"))
	if code != 2 {
		require.NoError(t, err)
	}
	steps = map[string]string{}
	for line := range strings.Lines(string(lines)) {
		name, ended, _ := strings.Cut(strings.TrimSpace(line), ": ")
		steps[name], _, _ = strings.Cut(ended, ",")
	}
	return string(text), steps, code
}

// On a machine that has everything, with a test that fails and one that hangs,
// all parts run and all that comes out is kept.
func TestAllParts(t *testing.T) {
	t.Parallel()
	tools := map[string]string{"python": works, "nvidia-smi": works, "compute-sanitizer": works, "ncu": works}
	dir, environment := bundled(t, nil, tools)
	output, steps, code := run(t, dir, environment)
	assert.Equal(t, 1, code, output)
	for _, name := range []string{
		"version", "nvidia-smi", "ethanol", "cuda-TestPasses", "gpu-TestPasses", "nn-TestPasses", "engine", "kernels", "pytorch", "torch",
		"profile-ethanol.xyz", "profile-original.extxyz",
	} {
		assert.Equal(t, "ok", steps[name], name)
	}
	for _, step := range sanitized {
		assert.Equal(t, "ok", steps[step], step)
	}
	for _, binary := range []string{"cuda", "gpu", "nn"} {
		assert.Equal(t, "failed with 1", steps[binary+"-TestFails"])
		assert.Equal(t, "killed after 1 s", steps[binary+"-TestHangs"])
		assert.NotContains(t, steps, binary+"-TestPTXSums")
	}
	assert.Contains(t, output, "nn/nn.test: 1 tests passed\n")
	assert.Contains(t, output, "BenchmarkKernels")
	text, err := os.ReadFile(filepath.Join(dir, "results", "nn-TestFails.txt"))
	require.NoError(t, err)
	assert.Equal(t, "--- FAIL: TestFails\n", string(text))
}

// Whatever fails or hangs, what comes after it runs.
func TestGoesOn(t *testing.T) {
	for name, body := range map[string]string{"fails": fails, "hangs": hangs} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			programs := map[string]string{"painless": body, "peers": body, "src/kernels/gpu/cuda/cuda.test": body, "src/kernels/gpu/gpu.test": body}
			tools := map[string]string{"python": body, "nvidia-smi": body, "compute-sanitizer": body, "ncu": body}
			dir, environment := bundled(t, programs, tools)
			output, steps, code := run(t, dir, environment, "look", "tests", "engine", "kernels", "torch", "sanitize", "profile")
			assert.Equal(t, 1, code, output)
			want := map[string]string{"fails": "failed with 1", "hangs": "killed after 1 s"}[name]
			for _, step := range append([]string{"version", "nvidia-smi", "ethanol", "engine", "kernels", "pytorch", "profile-ethanol.xyz", "profile-original.extxyz"}, sanitized...) {
				assert.Equal(t, want, steps[step], step)
			}
			assert.Equal(t, "ok", steps["nn-TestPasses"])
			assert.Equal(t, "0 tests passed", steps["kernels/gpu/gpu.test"])
			assert.Contains(t, steps["torch"], "left out")
		})
	}
}

// Every tool of compute-sanitizer meets the launches for many atoms, for few, and the one launch:
// batches of 32, molecules of which atoms' energies are asked for, and molecules alone.
func TestSanitized(t *testing.T) {
	t.Parallel()
	dir, environment := bundled(t, nil, map[string]string{"compute-sanitizer": `echo "$@"`})
	output, steps, code := run(t, dir, environment, "sanitize")
	assert.Equal(t, 0, code, output)
	assert.Len(t, steps, len(sanitized))
	called := func(step string) string {
		text, err := os.ReadFile(filepath.Join(dir, "results", step+".txt"))
		require.NoError(t, err)
		return strings.TrimSpace(strings.ReplaceAll(string(text), dir+"/", ""))
	}
	for _, tool := range []string{"memcheck", "racecheck", "synccheck", "initcheck"} {
		under := "--tool " + tool + " --error-exitcode 9 painless "
		assert.Equal(t, under+"predict -device cuda -model testdata/ultra_tiny.pt -json testdata/ultra_tiny.extxyz", called("sanitize-"+tool))
		assert.Equal(t, under+"predict -device cuda -batch 1 -model testdata/ultra_tiny.pt -json testdata/ultra_tiny.extxyz", called("sanitize-"+tool+"-once"))
		assert.Equal(t, under+"label -device cuda -batch 1 -teacher testdata/original.pt -o - testdata/ultra_tiny.extxyz", called("sanitize-"+tool+"-few"))
	}
}

// What is not installed is left out, and said to be.
func TestLeavesOut(t *testing.T) {
	t.Parallel()
	dir, environment := bundled(t, nil, map[string]string{"nvidia-smi": works, "python": fails})
	output, steps, _ := run(t, dir, environment, "sanitize", "torch", "profile")
	assert.Equal(t, "left out", steps["sanitize"], output)
	assert.Equal(t, "left out", steps["torch"])
	assert.Equal(t, "left out", steps["profile"])
}

// The budget bounds all, and a step that it leaves no time for is said to be missing.
func TestBudget(t *testing.T) {
	t.Parallel()
	dir, environment := bundled(t, map[string]string{"painless": hangs}, map[string]string{"nvidia-smi": works})
	begin := time.Now()
	_, steps, code := run(t, dir, append(environment, "BUDGET=2", "LIMIT=30"), "look", "engine")
	assert.Equal(t, 1, code)
	assert.Less(t, time.Since(begin), 20*time.Second)
	assert.Regexp(t, "^killed after [12] s$", steps["version"])
	assert.Equal(t, "left out", steps["engine"])
}

func TestUnknownPart(t *testing.T) {
	t.Parallel()
	dir, environment := bundled(t, nil, nil)
	output, _, code := run(t, dir, environment, "look", "everything")
	assert.Equal(t, 2, code)
	assert.Contains(t, output, "everything: expected look, tests")
}
