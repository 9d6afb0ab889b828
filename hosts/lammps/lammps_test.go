// Package lammps tests the pair style in src, and KIM's model driver in hosts/kim, with
// the LAMMPS and the MPI of Debian.
package lammps

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/internal/peertest"
	"painless/internal/systems"
	"painless/internal/vec"
)

const testdata = "../../testdata/"

// The folder that make lammps builds in; LAMMPS's headers stay there.
const bin = "../../bin"

var build = sync.OnceValue(func() error {
	message, err := exec.Command("make", "-s", "-C", "../..", "lammps").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, message)
	}
	return nil
})

// program returns lmp_painless. make interop installs what it needs.
func program(t *testing.T) string {
	t.Helper()
	peertest.Interop(t)
	peertest.LAMMPS(t)
	require.NoError(t, build())
	path, err := filepath.Abs(bin + "/lmp_painless")
	require.NoError(t, err)
	return path
}

// student returns the path of a checkpoint: a trained one where it is at hand, else
// testdata's with random weights.
func student(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../../shared/models/" + name + ".pt")
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		path, err = filepath.Abs(testdata + name + ".pt")
		require.NoError(t, err)
	}
	return path
}

// command is lmp_painless with a script and a structure: see launch.
func command(t *testing.T, ranks int, s *painless.Structure, script string) *exec.Cmd {
	t.Helper()
	return launch(t, program(t), ranks, s, script)
}

// launch is a LAMMPS with a script and a structure in a folder of its own, on so many
// ranks, which share the cores, and with a time by which it must have ended.
func launch(t *testing.T, program string, ranks int, s *painless.Structure, script string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, "mpirun", "--oversubscribe", "-np", strconv.Itoa(ranks), program, "-log", "none", "-in", "in")
	c.Dir = t.TempDir()
	c.WaitDelay = 10 * time.Second
	c.Env = append(os.Environ(), "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
	require.NoError(t, os.WriteFile(c.Dir+"/data", []byte(data(s)), 0o600))
	require.NoError(t, os.WriteFile(c.Dir+"/in", []byte(script), 0o600))
	return c
}

// input is a script for LAMMPS, and where it differs from the usual one.
type input struct {
	model  string
	style  string // options of the pair style
	kim    string // the model's name in KIM, whose pair style it is then
	newton string // on where empty
	before string // commands before the box is made
	after  string // commands after the pair style
	run    string // what moves the atoms; run 0 where empty
}

// script is the commands; what they read and write is in the folder that LAMMPS runs in.
func (in *input) script(s *painless.Structure) string {
	boundary := ""
	for _, periodic := range s.PBC {
		boundary += map[bool]string{true: "p ", false: "f "}[periodic]
	}
	newton, run := in.newton, in.run
	if newton == "" {
		newton = "on"
	}
	if run == "" {
		run = "run 0"
	}
	style := "painless " + in.model + " " + in.style
	if in.kim != "" {
		style = "kim " + in.kim
	}
	return fmt.Sprintf(`units metal
atom_style atomic
boundary %s
newton %s
%s
read_data data
pair_style %s
pair_coeff * * O H
neighbor 0.5 bin
neigh_modify every 1 delay 0 check yes
%s
compute energies all pe/atom
compute stresses all stress/atom NULL virial
compute sums all reduce sum c_energies c_stresses[1] c_stresses[2] c_stresses[3] c_stresses[4] c_stresses[5] c_stresses[6]
compute virial all pressure NULL virial
thermo_style custom step pe press c_sums[1] c_sums[2] c_virial[1] etotal
%s
write_dump all custom dump id type proc x y z fx fy fz c_energies c_stresses[1] c_stresses[2] c_stresses[3] c_stresses[4] c_stresses[5] c_stresses[6] modify sort id format float %%.17g
print "$(pe:%%.17g) $(lx:%%.17g) $(ly:%%.17g) $(lz:%%.17g) $(xy:%%.17g) $(xz:%%.17g) $(yz:%%.17g) $(c_virial[1]:%%.17g) $(c_virial[2]:%%.17g) $(c_virial[3]:%%.17g) $(c_virial[4]:%%.17g) $(c_virial[5]:%%.17g) $(c_virial[6]:%%.17g) $(etotal:%%.17g)" file sums screen no
`, boundary, newton, in.before, style, in.after, run)
}

// data is a structure as LAMMPS reads it: O is type 1, H type 2, and the cell is lower triangular.
func data(s *painless.Structure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n\n%d atoms\n2 atom types\n", len(s.Numbers))
	for k, axis := range "xyz" {
		fmt.Fprintf(&b, "0 %.17g %clo %chi\n", s.Cell[k][k], axis, axis)
	}
	if s.Cell[1][0] != 0 || s.Cell[2][0] != 0 || s.Cell[2][1] != 0 {
		fmt.Fprintf(&b, "%.17g %.17g %.17g xy xz yz\n", s.Cell[1][0], s.Cell[2][0], s.Cell[2][1])
	}
	b.WriteString("\nMasses\n\n1 15.999\n2 1.008\n\nAtoms # atomic\n\n")
	for i, r := range s.Positions {
		fmt.Fprintf(&b, "%d %d %.17g %.17g %.17g\n", i+1, map[int]int{8: 1, 1: 2}[s.Numbers[i]], r[0], r[1], r[2])
	}
	return b.String()
}

// found is what LAMMPS says at the end.
type found struct {
	structure painless.Structure
	energy    float64
	total     float64    // with the kinetic energy
	stress    [6]float64 // of the virial, as painless has it: xx, yy, zz, yz, xz, xy, eV/Å³
	forces    [][3]float64
	energies  []float64    // of single atoms
	stresses  [][6]float64 // of single atoms, times volume, xx, yy, zz, xy, xz, yz, bar Å³
	owner     []float64    // the rank that has the atom
	printed   string
}

const bar = 1.6021765e6 // in eV/Å³, as LAMMPS has it

// execute runs LAMMPS on a structure.
func execute(t *testing.T, ranks int, s *painless.Structure, in input) *found {
	t.Helper()
	return executed(t, command(t, ranks, s, in.script(s)), s)
}

// executed runs it.
func executed(t *testing.T, c *exec.Cmd, s *painless.Structure) *found {
	t.Helper()
	printed, err := c.CombinedOutput()
	require.NoError(t, err, "%s", printed)

	sums := numbers(t, c.Dir+"/sums", 0)[0]
	f := &found{energy: sums[0], total: sums[13], printed: string(printed)}
	for k, from := range [6]int{7, 8, 9, 12, 11, 10} {
		f.stress[k] = -sums[from] / bar
	}
	f.structure = painless.Structure{PBC: s.PBC, Cell: [3][3]float64{{sums[1]}, {sums[4], sums[2]}, {sums[5], sums[6], sums[3]}}}
	for _, row := range numbers(t, c.Dir+"/dump", 9) {
		f.structure.Numbers = append(f.structure.Numbers, map[float64]int{1: 8, 2: 1}[row[1]])
		f.owner = append(f.owner, row[2])
		f.structure.Positions = append(f.structure.Positions, [3]float64(row[3:6]))
		f.forces = append(f.forces, [3]float64(row[6:9]))
		f.energies = append(f.energies, row[9])
		f.stresses = append(f.stresses, [6]float64(row[10:16]))
	}
	require.Len(t, f.forces, len(s.Numbers), "no atom is lost")
	return f
}

// numbers reads a file's rows after so many lines.
func numbers(t *testing.T, path string, skip int) (rows [][]float64) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[skip:] {
		var row []float64
		for _, word := range strings.Fields(line) {
			x, err := strconv.ParseFloat(word, 64)
			require.NoError(t, err)
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	return rows
}

// agree holds what LAMMPS found to what painless says of the structure that LAMMPS ended with.
func agree(t *testing.T, name, model string, f *found) {
	t.Helper()
	m, err := painless.Open(model, painless.Options{AtomEnergies: true})
	require.NoError(t, err)
	defer m.Close()
	want := &painless.Result{}
	require.NoError(t, m.Compute(context.Background(), painless.NewBatch(f.structure), want))
	relative := 1e-8
	if strings.Contains(model, "testdata") {
		relative = 3e-8 // as random weights make more of rounding: 0.8e-8 was seen
	}
	assert.InEpsilon(t, want.Energy[0], f.energy, relative, "%s: energy", name)
	t.Helper()
	share := 0.0
	for i, e := range want.AtomEnergy {
		share = max(share, math.Abs(e-f.energies[i]))
	}
	assert.LessOrEqual(t, share, 2e-5, "%s: energies of atoms", name)
	largest, off := 1.0, 0.0
	for i, force := range want.Forces {
		largest, off = max(largest, vec.Norm(force)), max(off, vec.Distance(force, f.forces[i]))
	}
	assert.LessOrEqual(t, off, 1e-5*largest, "%s: forces", name)
	volume, ok := painless.NewBatch(f.structure).Volume(0)
	if !ok {
		return
	}
	scale, sums := 0.0, [6]float64{}
	for _, x := range want.Stress[0] {
		scale = max(scale, math.Abs(x))
	}
	// Near a minimum stresses cancel: what is left of some 4 eV for each of 27 pairs an atom, rounded to float32.
	rounding := max(1e-6*scale, 4*0x1p-24*math.Sqrt(float64(27*len(f.structure.Numbers)))/volume)
	for _, s := range f.stresses {
		for k, from := range [6]int{0, 1, 2, 5, 4, 3} {
			sums[k] += s[from] / bar / volume
		}
	}
	for k, x := range want.Stress[0] {
		assert.InDelta(t, x, f.stress[k], rounding, "%s: stress %d of %v", name, k, want.Stress[0])
		assert.InDelta(t, f.stress[k], sums[k], 1e-7*scale, "%s: stresses of atoms %d", name, k)
	}
}

// water is molecules in a box, tilted or not, where borders of ranks cut through some.
func water(nx, ny, nz int, tilted bool) painless.Structure {
	s := systems.WaterBox(nx, ny, nz)
	tilt := [3]float64{0.2, -0.13, 0.27} // of y along x, and of z along x and y
	if !tilted {
		tilt = [3]float64{}
	}
	s.Cell[1][0], s.Cell[2][0], s.Cell[2][1] = tilt[0]*s.Cell[1][1], tilt[1]*s.Cell[2][2], tilt[2]*s.Cell[2][2]
	straight := slices.Clone(s.Positions)
	for i := range s.Positions {
		o := straight[i/3*3] // of the molecule
		for c, by := range [3]float64{tilt[0]*o[1] + tilt[1]*o[2], tilt[2] * o[2], 0} {
			s.Positions[i][c] += 1.5 + by
		}
	}
	return s
}

// refused runs a script that must end with a sentence, on all ranks.
func refused(t *testing.T, ranks int, s *painless.Structure, script string) string {
	t.Helper()
	out, err := command(t, ranks, s, script).CombinedOutput()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit) && exit.Exited(), "%v: %s", err, out)
	return string(out)
}
