package data

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/peertest"
)

// seen is what testdata/ase_check.py prints of a frame.
type seen struct {
	Numbers   []int
	Positions [][3]float64
	Cell      [3][3]float64
	PBC       [3]bool
	Info      map[string]any
	Arrays    map[string]any
	Results   struct {
		Energy     float64
		FreeEnergy float64 `json:"free_energy"`
		Forces     [][3]float64
		Stress     []float64
	}
}

func seenByASE(t *testing.T, python, path string) (got []seen) {
	t.Helper()
	out, err := exec.Command(python, "testdata/ase_check.py", path).Output()
	require.NoError(t, err)
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var s seen
		require.NoError(t, json.Unmarshal(lines.Bytes(), &s))
		got = append(got, s)
	}
	return got
}

func TestASEReadsWhatWeWrite(t *testing.T) {
	python := peertest.ASE(t)
	frames := append(readFile(t, "testdata/ase.extxyz"), readFile(t, "testdata/ase.xyz")...)
	frames[3].SetText("nothing", "") // ASE would take what follows "" for the value
	frames[3].Set("energy", -7.0625)
	frames[3].Set("free_energy", -8.5)
	frames[3].SetText("odd blanks", "a\u00a0b\vc")
	frames[3].SetVectors("forces", [][3]float64{{1. / 3, 0, 0}, {-1. / 3, 1e-17, 0}, {0, 0, 2e10}})
	path := t.TempDir() + "/ours.extxyz"
	require.NoError(t, os.WriteFile(path, []byte(written(t, frames...)), 0o600))
	got := seenByASE(t, python, path)
	require.Len(t, got, len(frames))
	for i, f := range frames {
		assert.Equal(t, f.Structure, atoms.Structure{Numbers: got[i].Numbers, Positions: got[i].Positions, Cell: got[i].Cell, PBC: got[i].PBC})
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
	assert.Equal(t, -8.5, got[3].Results.FreeEnergy)
	assert.Equal(t, "a\u00a0b\vc", got[3].Info["odd blanks"])
	assert.Equal(t, [][3]float64{{1. / 3, 0, 0}, {-1. / 3, 1e-17, 0}, {0, 0, 2e10}}, got[3].Results.Forces)
}

// TestWeReadWhatASEReads reads comment lines that both of us must take for the same.
func TestWeReadWhatASEReads(t *testing.T) {
	python := peertest.ASE(t)
	const lattice = `"4 0 0 1 5 0 1 2 6"`
	path := t.TempDir() + "/both.extxyz"
	var text strings.Builder
	for comment, atom := range map[string]string{
		`Lattice=` + lattice:                                     "H 1 2 3",
		`Lattice = ` + lattice + ` pbc = "T F T"`:                "H 1 2 3 0.5",
		`lattice=fcc Lattice=` + lattice:                         "H 1 2 3",
		`lattice=fcc pbc="F F F"`:                                "h 1 2 3",
		`Properties=element:S:1:species:S:1:pos:R:3`:             "Ca H 1 2 3",
		`Properties=species:S:1:pos:R:3:Z:I:1`:                   "H 1 2 3 8",
		`Properties=species:S:1:pos:I:3`:                         "H 1 2 3",
		`Properties=pos:R:3:symbols:S:1 pbc="T F T"`:             "1 2 3 CL",
		`pbc="F F F" energy=1.5 stress="1 2 3 4 5 6 7 8 9"`:      "H 1 2 3", // not symmetric
		`energy=-14.2 charge=0 config_type=mol`:                  "H 1 2 3",
		`energy = -14.2`:                                         "H 1 2 3",
		`energy=1 energy=2`:                                      "H 1 2 3",
		`i = 0, time = 0.000, E = -17.16`:                        "H 1 2 3",
		`Lattice=` + lattice + ` energy=-2 name=2'-deoxyribose`:  "H 1 2 3",
		`energy=-3 Lattice=` + lattice + ` label=5" pbc="T T T"`: "H 1 2 3",
		`anything at all`:                                        "H 1 2 3\nVEC1 4 0 0\nVEC2 0 5 0\nVEC3 1 0 6",
		`a slab`:                                                 "H 1 2 3\nVEC1 4 0 0\n VEC2 0 5 0",
		`a wire, energy unknown `:                                "H 1 2 3\nVEC1 4 0 0",
	} {
		fmt.Fprintf(&text, "1\n%s\n%s\n", comment, atom)
	}
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	frames, got := readFile(t, path), seenByASE(t, python, path)
	require.Len(t, got, len(frames))
	for i, f := range frames {
		assert.Equal(t, f.Structure, atoms.Structure{Numbers: got[i].Numbers, Positions: got[i].Positions, Cell: got[i].Cell, PBC: got[i].PBC}, f.Info)
		if stress, err := f.Stress(); err == nil {
			assert.Equal(t, got[i].Results.Stress, stress[:])
		} else {
			assert.Nil(t, got[i].Results.Stress)
		}
		if energy, err := f.Floats(EnergyKey, 1); err == nil {
			assert.Equal(t, got[i].Results.Energy, energy[0], f.Info)
		} else {
			assert.Zero(t, got[i].Results.Energy, f.Info)
		}
	}
}
