package data

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pythonWithASE is a Python that has ASE. Without one the test is skipped,
// unless PAINLESS_REQUIRE_ASE says that there must be one.
func pythonWithASE(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import ase").Run() == nil {
			return python
		}
	}
	if os.Getenv("PAINLESS_REQUIRE_ASE") != "" {
		t.Fatal("no python3 with ASE (Debian's python3-ase)")
	}
	t.Skip("no python3 with ASE (Debian's python3-ase); make test installs it")
	return ""
}

func TestASEReadsWhatWeWrite(t *testing.T) {
	python := pythonWithASE(t)
	frames := append(readFile(t, "testdata/ase.extxyz"), readFile(t, "testdata/ase.xyz")...)
	frames[3].Set("energy", -7.0625)
	frames[3].SetVectors("forces", [][3]float64{{1. / 3, 0, 0}, {-1. / 3, 1e-17, 0}, {0, 0, 2e10}})
	path := t.TempDir() + "/ours.extxyz"
	require.NoError(t, os.WriteFile(path, []byte(written(t, frames...)), 0o600))
	out, err := exec.Command(python, "testdata/ase_check.py", path).Output()
	require.NoError(t, err)

	type seen struct {
		Numbers   []int
		Positions [][3]float64
		Cell      [3][3]float64
		PBC       [3]bool
		Info      map[string]any
		Arrays    map[string]any
		Results   struct {
			Energy float64
			Forces [][3]float64
			Stress []float64
		}
	}
	var got []seen
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var s seen
		require.NoError(t, json.Unmarshal(lines.Bytes(), &s))
		got = append(got, s)
	}
	require.Len(t, got, len(frames))
	for i, f := range frames {
		assert.Equal(t, f.Structure, Structure{got[i].Numbers, got[i].Positions, got[i].Cell, got[i].PBC})
	}
	crystal := got[0]
	assert.Equal(t, -1.25, crystal.Results.Energy)
	assert.Equal(t, [][3]float64{{0.5, 0, -1}, {-0.5, 0, 1}}, crystal.Results.Forces)
	assert.Equal(t, []float64{1. / 64, 2. / 64, 3. / 64, 4. / 64, 5. / 64, 6. / 64}, crystal.Results.Stress)
	assert.Equal(t, "rock salt", crystal.Info["name"])
	assert.Equal(t, `say "hi" {x}`, crystal.Info["quote"])
	assert.Equal(t, []any{true, false}, crystal.Info["flags"])
	assert.Equal(t, []any{1.5, 2., 3.}, crystal.Info["vector"])
	assert.Equal(t, []any{1., -2.}, crystal.Arrays["tag"])
	assert.Equal(t, []any{"a", "b2"}, crystal.Arrays["label"])
	assert.Equal(t, []any{true, false}, crystal.Arrays["fixed"])
	assert.Equal(t, "plain water", got[3].Info["comment"])
	assert.Equal(t, -7.0625, got[3].Results.Energy)
	assert.Equal(t, [][3]float64{{1. / 3, 0, 0}, {-1. / 3, 1e-17, 0}, {0, 0, 2e10}}, got[3].Results.Forces)
}
