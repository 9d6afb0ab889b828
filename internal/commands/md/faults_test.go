package md

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

// rhombohedral is methane in a cell whose lattice vectors are no triangle.
const rhombohedral = `5
Lattice="0 4.1 4.2 4.3 0.5 4.0 4.1 4.4 -0.3" Properties=species:S:1:pos:R:3 pbc="T T T"
C 0.1 0.2 0.3
H 0.729 0.829 0.929
H -0.529 -0.429 0.929
H -0.529 0.829 -0.329
H 0.729 -0.429 -0.329
`

// A restart at constant pressure goes on in the cell that it stopped in (mlip-arena
// 93), and no cell is turned or transposed on its way from the input to the
// trajectory (atomate2 1254, PySAGES 306).
func TestRestartAtConstantPressure(t *testing.T) {
	for _, ensemble := range [][]string{{"npt-scr", "-coupling", "iso"}, {"npt-scr", "-coupling", "aniso"}, {"npt-scr", "-coupling", "tri"}, {"npt-mtk"}} {
		dir := t.TempDir()
		run := func(name, steps string, more ...string) {
			path := filepath.Join(dir, name)
			_, err := execute(t, append([]string{"-steps", steps, "-every", "5", "-o", path + ".xyz", "-log", path + ".csv", "-checkpoint", path + ".json"}, more...)...)
			require.NoError(t, err)
		}
		fresh := append([]string{"-temperature", "300", "-pressure", "1e4", "-dt", "0.1", "-barostat-time", "20", "-ensemble"}, ensemble...)
		fresh = append(fresh, write(t, "cell.xyz", rhombohedral))
		run("whole", "20", fresh...)
		run("halves", "12", fresh...)
		run("halves", "20", "-restart", filepath.Join(dir, "halves.json"))
		for _, file := range []string{".xyz", ".csv", ".json"} {
			want, err := os.ReadFile(filepath.Join(dir, "whole"+file))
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(dir, "halves"+file))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(want, got), "%v %s", ensemble, file)
		}
		list := frames(t, filepath.Join(dir, "halves.xyz"))
		require.Len(t, list, 5)
		assert.Equal(t, [3][3]float64{{0, 4.1, 4.2}, {4.3, 0.5, 4}, {4.1, 4.4, -0.3}}, list[0].Cell)
		assert.NotEqual(t, list[2].Cell, list[4].Cell)
	}
}

// Masses that a file states, or isotopes, are those that move: they were passed
// over, and momenta of deuterium made velocities of twice their size.
func TestMasses(t *testing.T) {
	for text, want := range map[string][]float64{
		"Properties=species:S:1:pos:R:3:masses:R:1\nO 0 0 0 17.999\nH 0 0.76 -0.6 2.014\nH 0 -0.76 -0.6 1.008\n": {17.999, 2.014, 1.008},
		"\nO 0 0 0\nD 0 0.76 -0.6\nT 0 -0.76 -0.6\n":                                                             {15.999, 2.014101777844, 3.01604928132},
		"\nO 0 0 0\nH 0 0.76 -0.6\nH 0 -0.76 -0.6\n":                                                             {15.999, 1.008, 1.008},
	} {
		dir := t.TempDir()
		whole, again := filepath.Join(dir, "whole.xyz"), filepath.Join(dir, "again.xyz")
		_, err := execute(t, "-temperature", "300", "-dt", "0.1", "-steps", "1", "-every", "1", "-o", whole, write(t, "in.xyz", "3\n"+text))
		require.NoError(t, err)
		_, err = execute(t, "-dt", "0.1", "-steps", "1", "-every", "1", "-o", again, whole)
		require.NoError(t, err)
		list := append(frames(t, whole), frames(t, filepath.Join(dir, "again-0001.xyz"))...)
		require.Len(t, list, 4)
		for _, f := range list {
			found := []float64{15.999, 1.008, 1.008}
			require.NoError(t, masses(f, found))
			assert.Equal(t, want, found)
		}
		require.NotNil(t, list[2].Column("momenta"))
	}
	for column, want := range map[string]string{
		"masses:R:1\nH 0 0 0 0\n":     "column masses: atom 0 has 0 u: expected more than 0",
		"masses:R:2\nH 0 0 0 1 1\n":   "column masses: expected R:1, found R:2",
		"masses:S:1\nH 0 0 0 heavy\n": "column masses: expected R:1, found S:1",
	} {
		_, err := execute(t, "-temperature", "300", "-steps", "1", write(t, "in.xyz", "1\nProperties=species:S:1:pos:R:3:"+column))
		assert.ErrorContains(t, err, want)
	}
}

// momenta makes two molecules that move, one of heavy isotopes, and prints the energies that ASE says they have.
const momenta = `
import json, sys
import numpy as np
from ase.build import molecule
from ase.io import write
frames = []
for name in "CH3OH", "C2H6":
    atoms = molecule(name)
    if name == "C2H6":
        atoms.set_masses([2.014 if z == 1 else 13.003 for z in atoms.numbers])
    atoms.set_momenta(np.random.RandomState(7).normal(size=(len(atoms), 3)))
    frames.append(atoms)
write(sys.argv[1], frames, format="extxyz")
print(json.dumps([[a.get_kinetic_energy(), float((a.get_momenta().sum(0) ** 2).sum() / 2 / a.get_masses().sum())] for a in frames]))
`

// Momenta of a file that ASE wrote have the kinetic energy that ASE says, and
// without drift less by that of the centre of mass.
func TestMomentaOfASE(t *testing.T) {
	dir := t.TempDir()
	input := filepath.Join(dir, "moving.xyz")
	out, err := exec.Command(peertest.ASE(t), "-c", momenta, input).Output()
	require.NoError(t, err)
	var energies [2][2]float64 // kinetic energy and that of the centre of mass, eV
	require.NoError(t, json.Unmarshal(out, &energies))
	for name, flags := range map[string][]string{"whole": {"-keep-drift"}, "without": nil} {
		log := filepath.Join(dir, name+".csv")
		_, err := execute(t, append(flags, "-dt", "0.001", "-steps", "1", "-every", "1", "-log", log, input)...)
		require.NoError(t, err)
		text, err := os.ReadFile(log)
		require.NoError(t, err)
		rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 5)
		require.Equal(t, "kinetic_eV", rows[0][5])
		for replica, energy := range energies {
			got, err := strconv.ParseFloat(rows[1+replica][5], 64)
			require.NoError(t, err)
			want := energy[0]
			if flags == nil {
				want -= energy[1]
			}
			assert.InEpsilon(t, want, got, 1e-7, name)
			assert.Greater(t, energy[1], 0.01*energy[0])
		}
	}
}
