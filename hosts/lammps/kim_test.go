package lammps

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/internal/peertest"
	"painless/internal/vec"
)

var buildKIM = sync.OnceValue(func() error {
	message, err := exec.Command("make", "-s", "-C", "../..", "kim").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, message)
	}
	return nil
})

// kim is a model of KIM's, and where its folder is.
type kim struct{ name, folder string }

// kimModel makes one of a checkpoint.
func kimModel(t *testing.T, path string) *kim {
	t.Helper()
	peertest.Interop(t)
	require.NoError(t, buildKIM())
	m := &kim{"painless_test", t.TempDir()}
	message, err := exec.Command(bin+"/kim/painless-kim", m.name, path, m.folder).CombinedOutput()
	require.NoError(t, err, "%s", message)
	return m
}

// defaultKIM is of the default student.
func defaultKIM(t *testing.T) *kim { return kimModel(t, "../../student/default.pt") }

// command is Debian's own LAMMPS, which finds the model.
func (m *kim) command(t *testing.T, ranks int, s *painless.Structure, script string) *exec.Cmd {
	t.Helper()
	drivers, err := filepath.Abs(bin + "/kim/model-drivers")
	require.NoError(t, err)
	c := launch(t, peertest.LAMMPS(t), ranks, s, script)
	c.Env = append(c.Env, "KIM_API_MODEL_DRIVERS_DIR="+drivers, "KIM_API_PORTABLE_MODELS_DIR="+m.folder)
	return c
}

// execute runs it on a structure, with the default student.
func (m *kim) execute(t *testing.T, ranks int, s *painless.Structure, in input) *found {
	t.Helper()
	in.kim = m.name
	return executed(t, m.command(t, ranks, s, in.script(s)), s)
}

// A LAMMPS that knows nothing of painless says of water what painless says, with single
// atoms' shares, on one rank and on several, in boxes that are narrower than what
// an atom depends on; and of a cluster, where some ranks have no atoms.
func TestInteropKIM(t *testing.T) {
	m := defaultKIM(t)
	cluster := water(3, 2, 2, false)
	cluster.PBC, cluster.Cell = [3]bool{}, [3][3]float64{{60}, {0, 60}, {0, 0, 60}}
	for _, c := range []struct {
		name, newton, before string
		ranks                int
		s                    painless.Structure
	}{
		{"orthogonal", "", "", 1, water(5, 5, 4, false)},
		{"orthogonal, newton off", "off", "", 2, water(5, 4, 4, false)},
		{"triclinic", "", "", 2, water(4, 4, 5, true)},
		{"triclinic, 4 ranks", "", "", 4, water(6, 4, 4, true)},
		{"cluster", "", "", 1, cluster},
		{"cluster, 4 ranks", "", "processors 4 1 1", 4, cluster},
	} {
		agree(t, c.name, "default", m.execute(t, c.ranks, &c.s, input{newton: c.newton, before: c.before}))
	}
}

// After 20 steps KIM's atoms are where those of pair_style painless are, with the same
// total energy, also where ranks exchange atoms.
func TestInteropKIMDynamics(t *testing.T) {
	m, box := defaultKIM(t), water(4, 4, 4, true)
	const run = "velocity all create 600 4711 loop geom\nfix 1 all nve\ntimestep 0.0005\nrun 20"
	want := execute(t, 1, &box, input{model: "default", run: run})
	for _, ranks := range []int{1, 2} {
		f := m.execute(t, ranks, &box, input{run: run})
		agree(t, fmt.Sprint(ranks, " ranks"), "default", f)
		t.Logf("%d ranks: %.1e Å, %.1e of the total energy", ranks, distance(&want.structure, &f.structure), abs(f.total/want.total-1))
		assert.InEpsilon(t, want.total, f.total, 1e-7)
		assert.Less(t, distance(&want.structure, &f.structure), 1e-5)
	}
}

// A model that KIM has closed, and unloaded, is opened again: by another pair_style, by kim init
// and kim interactions, and after clear.
func TestInteropKIMAgain(t *testing.T) {
	m, s := defaultKIM(t), water(3, 2, 2, false)
	style := "pair_style kim " + m.name + "\npair_coeff * * O H\n"
	again := m.execute(t, 1, &s, input{run: "run 0\n" + style + "run 0\npair_style zero 5\npair_coeff * *\nrun 0\n" + style + "run 0"})
	agree(t, "another pair_style", "default", again)
	in := input{kim: m.name}
	in.run = "run 0\nclear\n" + strings.NewReplacer("units metal", "kim init "+m.name+" metal", style, "kim interactions O H\n").Replace(in.script(&s))
	require.Contains(t, in.run, "kim interactions")
	agree(t, "after clear", "default", m.execute(t, 1, &s, in))
}

// Units of the simulator's, of energy and of length, are converted.
func TestInteropKIMUnits(t *testing.T) {
	m, s := defaultKIM(t), water(2, 2, 2, false)
	s.PBC, s.Cell = [3]bool{}, [3][3]float64{{30}, {0, 30}, {0, 0, 30}}
	want := m.execute(t, 1, &s, input{})
	for units, of := range map[string]struct{ energy, length float64 }{ // in eV and Å; KIM has its own digits
		"real":     {0.0433641039, 1},
		"electron": {27.21138602, 0.52917721067},
	} {
		scaled := s
		scaled.Positions = nil
		for _, r := range s.Positions {
			scaled.Positions = append(scaled.Positions, vec.Scale(r, 1/of.length))
		}
		for k := range 3 {
			scaled.Cell[k] = vec.Scale(s.Cell[k], 1/of.length)
		}
		in := input{kim: m.name}
		f := executed(t, m.command(t, 1, &scaled, strings.Replace(in.script(&scaled), "units metal", "units "+units, 1)), &scaled)
		assert.InEpsilon(t, want.energy, f.energy*of.energy, 1e-6, units)
		assert.InEpsilon(t, want.energies[0], f.energies[0]*of.energy, 1e-6, units)
		for i := range f.forces {
			assert.Less(t, vec.Distance(want.forces[i], vec.Scale(f.forces[i], of.energy/of.length)), 1e-4, units)
		}
	}
}

// What cannot be right ends LAMMPS with an error, and KIM's log says why.
func TestInteropKIMRefusals(t *testing.T) {
	m, s := defaultKIM(t), water(2, 2, 2, false)
	broken := filepath.Join(t.TempDir(), "broken.pt")
	require.NoError(t, os.WriteFile(broken, []byte("no checkpoint"), 0o600))
	in := input{kim: m.name}
	script := in.script(&s)
	for _, c := range []struct {
		name         string
		model        *kim
		old, new     string
		prints, logs string
	}{
		{"unknown element", m, "* * O H", "* * O U", "symbol not found: U", ""},
		{"one point", m, "neighbor 0.5", "set atom 1*2 x 5 y 5 z 5\nneighbor 0.5", "KIM Compute returned error", "the atoms 0 and 1 are on the same point"},
		{"no checkpoint", kimModel(t, broken), "", "", "KIM ModelCreate failed", "checkpoint: "},
	} {
		command := c.model.command(t, 1, &s, strings.Replace(script, c.old, c.new, 1))
		out, err := command.CombinedOutput()
		var exit *exec.ExitError
		require.True(t, errors.As(err, &exit) && exit.Exited(), "%s: %v: %s", c.name, err, out)
		assert.Contains(t, string(out), c.prints, c.name)
		log, err := os.ReadFile(command.Dir + "/kim.log")
		require.NoError(t, err)
		assert.Contains(t, string(log), c.logs, c.name)
	}
	for _, arguments := range [][2]string{{"1st", broken}, {"painless", broken}, {"a-b", broken}, {"a", "none.pt"}} {
		out, err := exec.Command(bin+"/kim/painless-kim", arguments[0], arguments[1], m.folder).CombinedOutput()
		assert.Error(t, err)
		assert.Contains(t, string(out), "painless-kim: ")
	}
}
