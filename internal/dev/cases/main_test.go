//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

// inRoot is where the binary can be built.
func inRoot(t *testing.T) {
	t.Helper()
	t.Chdir("../../..")
}

func TestCases(t *testing.T) { runCases(t, false) }

func TestCasesTorch(t *testing.T) {
	peertest.Torch(t) // or skips
	runCases(t, true)
}

// runCases runs the cases whose commands call PyTorch, or the others.
func runCases(t *testing.T, torch bool) {
	inRoot(t)
	folder := filepath.Join("..", "shared", "cases")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the cases are not here: %v", err)
	}
	cases, err := find(folder, nil)
	require.NoError(t, err)
	work := t.TempDir()
	require.NoError(t, build(work))
	for _, c := range cases {
		if callsTorch(t, c) != torch {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			o, err := c.run(work)
			require.NoError(t, err)
			assert.NoError(t, c.fault(o), o.output)
		})
	}
}

// callsTorch is whether a case's commands call Python that imports PyTorch.
func callsTorch(t *testing.T, c testCase) bool {
	scripts, err := filepath.Glob(filepath.Join(c.path, "*.py"))
	require.NoError(t, err)
	for _, path := range scripts {
		script, err := os.ReadFile(path)
		require.NoError(t, err)
		if strings.Contains(c.commands, filepath.Base(path)) && bytes.Contains(script, []byte("import torch")) {
			return true
		}
	}
	return false
}

// A case that behaves, and others that do not, in each of the ways that the runner knows.
func TestRunner(t *testing.T) {
	folder, err := filepath.Abs(filepath.Join(t.TempDir(), "cases"))
	require.NoError(t, err)
	t.Cleanup(func() { delete(checks, "mine") })
	checks["mine"] = all(exits(3), contains("in the folder"), lacks("nonsense"), oneOf(energies(1.5, 2), matches("^x")))
	work := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(work, "bin"), 0o755))
	for _, test := range []struct{ name, commands, fault string }{
		{"mine", `cat input; echo '{"energy":1.5}'; echo '{"energy": 1.50001}'; exit 3`, ""},
		{"mine", `cat input; echo '{"energy":1.5}'; exit 3`, `expected "^x" in the output`},
		{"mine", `echo nonsense; cat input; exit 3`, `expected no "nonsense" in the output`},
		{"mine", `cat input`, "expected exit code 3, found 0"},
		{"mine", `echo "panic: at"`, `found "panic:" in the output`},
		{"other", `true`, "no check is known: expected a miracle"},
	} {
		path := filepath.Join(folder, test.name)
		require.NoError(t, os.RemoveAll(folder))
		require.NoError(t, os.MkdirAll(path, 0o755))
		for name, text := range map[string]string{"cmd": test.commands, "expect": "a miracle (The product: none)", "input": "in the folder\n"} {
			require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte(text), 0o600))
		}
		found, err := find(folder, nil)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.NoError(t, os.RemoveAll(filepath.Join(work, "cases")))
		o, err := found[0].run(work)
		require.NoError(t, err)
		if fault := found[0].fault(o); test.fault == "" {
			assert.NoError(t, fault)
		} else {
			assert.EqualError(t, fault, test.fault)
		}
	}
}

func TestBudget(t *testing.T) {
	c := testCase{hostile: true, commands: "inspect a\ninspect b\n", size: 10 << 20}
	assert.NoError(t, c.fault(outcome{code: 1, seconds: 9, peak: 290 << 20}))
	assert.EqualError(t, c.fault(outcome{code: 0}), "expected the last file to be refused")
	assert.EqualError(t, c.fault(outcome{code: 1, seconds: 11}), "expected at most 5 s a file, found 11.0")
	assert.EqualError(t, c.fault(outcome{code: 1, peak: 300 << 20}), "expected at most 296 MB, found 300")
	assert.EqualError(t, c.fault(outcome{timeout: true}), "expected an end within 2m0s")
}
