package lammps

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

// What cannot be right ends all ranks with a sentence, said once.
func TestInteropRefusals(t *testing.T) {
	model, box := student(t, "ultra_tiny"), water(2, 2, 2, false)
	in := input{model: model}
	script := in.script(&box)
	style := "pair_style painless " + model
	dump := filepath.Join(t.TempDir(), "d.lammpstrj")
	for _, c := range []struct {
		name, old, new, want string
		ranks                int
	}{
		{"no file", style, "pair_style painless", "expected FILE [device D]", 2},
		{"missing file", style, "pair_style painless none.pt", "none.pt: no such file or directory", 2},
		{"option", style, style + " gpu 1", "gpu is no option: expected device, threads, mode, key, cutoff or any_element", 2},
		{"no value", style, style + " threads", "expected FILE [device D]", 1},
		{"threads", style, style + " threads 0", "threads 0: expected 1 or more", 1},
		{"device", style, style + " device tpu", `device "tpu": expected cpu, cuda, cuda:N or emulator`, 1},
		{"mode", style, style + " mode split", "mode split: expected whole or exchange", 1},
		{"mode of ranks", style, style + " mode whole", "mode whole has the system on one rank", 2},
		{"key", style, style + " key ema", "ema", 2},
		{"cutoff", style, style + " cutoff -6", "cutoff", 1},
		{"element", "* * O H", "* * O Water", "type 2 is Water: expected an element, such as O", 2},
		{"unknown element", "* * O H", "* * O Og", "type 2 has atomic number 118: the network knows 1 to ", 2},
		{"element not trained on", style + " \npair_coeff * * O H", "pair_style painless default\npair_coeff * * O U", "type 2 is U, and the student was trained on", 2},
		{"any element", style, style + " any_element perhaps", "any_element perhaps: expected yes or no", 1},
		{"types", "* * O H", "* * O", "expected pair_coeff * * and the elements of all types, which are 2", 2},
		{"units", "units metal", "units real", "units real: expected units metal", 2},
		{"respa", "run 0", "run_style respa 2 2 pair 1\nrun 0", "run_style respa: expected run_style verlet", 2},
		{"exclude", "run 0", "neigh_modify exclude type 1 1\nrun 0", "neigh_modify exclude or include", 2},
		{"include", "run 0", "group o type 1\natom_modify first o\nneigh_modify include o\nrun 0", "neigh_modify exclude or include", 1},
		{"exclude in rerun", "run 0", "dump d all custom 1 " + dump + " id type x y z\nrun 0\nundump d\nneigh_modify exclude type 1 1\nrerun " + dump + " dump x y z", "neigh_modify exclude or include", 2},
		{"ghosts of a group", "run 0", "group o type 1\natom_modify first o\ncomm_modify group o\nrun 0", "comm_modify group takes ghosts away", 2},
		{"dimension", "boundary p p p", "dimension 2\nboundary p p p", "expected dimension 3", 1},
		{"half", "run 0", "pair_style hybrid painless " + model + " zero 5\npair_coeff * * painless O NULL\npair_coeff 2 2 zero\nrun 0", "type 2 is NULL: expected an element", 1},
	} {
		require.Contains(t, script, c.old, c.name)
		out := refused(t, c.ranks, &box, strings.Replace(script, c.old, c.new, 1))
		assert.Equal(t, 1, strings.Count(out, "pair_style painless: "), "%s: once\n%s", c.name, out)
		assert.Contains(t, out, c.want, c.name)
	}
}

// What one rank alone finds wrong, in the middle of a run, ends all: the others wait
// for its states in vain.
func TestInteropErrorOfOneRank(t *testing.T) {
	model, box := student(t, "ultra_tiny"), water(4, 4, 6, false)
	last := len(box.Numbers) - 1
	for _, ranks := range []int{1, 2, 4} {
		in := input{model: model, before: "processors 1 1 *", run: "run 2\nset atom " +
			strconv.Itoa(last) + " x 9 y 8 z 14\nset atom " + strconv.Itoa(last+1) + " x 9 y 8 z 14\nrun 2"}
		out := refused(t, ranks, &box, in.script(&box))
		assert.Regexp(t, fmt.Sprintf(`pair_style painless: .*atoms? (%d|%d)\b.* (%[1]d|%[2]d)\b.* on the same point, \[9 8 14\] Å`, last, last+1), out, "LAMMPS's IDs")
	}
}

// What may well be wrong is said once, and the run goes on.
func TestInteropWarnings(t *testing.T) {
	model, box := student(t, "ultra_tiny"), water(2, 2, 2, false)
	in := input{model: model}
	const delayed = "neigh_modify delay 10 every 1: pairs may come within the cutoff unseen, expected delay 0 every 1 check yes"
	for _, c := range []struct {
		old, new, want string
		ranks, times   int
	}{
		{"* * O H", "* * H O", "type 1 is H of mass 15.999000, and type 2 O of mass 1.008000: are the elements of pair_coeff in the order of the types?", 2, 1},
		{"* * O H", "* * O H", "in the order of the types?", 1, 0},
		{"delay 0", "delay 10", delayed, 2, 1},
		{"delay 0", "delay 10", delayed, 1, 0},
	} {
		script := in.script(&box)
		require.Contains(t, script, c.old)
		out, err := command(t, c.ranks, &box, strings.Replace(script, c.old, c.new, 1)).CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Equal(t, c.times, strings.Count(string(out), c.want), "%s", out)
	}
}

// No atoms have no energy, as where LAMMPS has lost them all or has none yet, and one that comes is computed.
func TestInteropNoAtoms(t *testing.T) {
	model, box := student(t, "ultra_tiny"), water(2, 2, 2, false)
	for _, ranks := range []int{1, 2} {
		c := command(t, ranks, &box, (&input{model: model, run: "run 0\ndelete_atoms group all\nrun 0"}).script(&box))
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Zero(t, numbers(t, c.Dir+"/sums", 0)[0][0])
		c = command(t, ranks, &box, (&input{model: model, run: "delete_atoms group all\nrun 0\ncreate_atoms 1 single 1 1 1\nrun 0"}).script(&box))
		out, err = c.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.NotZero(t, numbers(t, c.Dir+"/sums", 0)[0][0])
	}
}

// The end of one rank by a signal is the end of mpirun.
func TestInteropKill(t *testing.T) {
	model, box := student(t, "ultra_tiny"), water(4, 4, 4, false)
	in := input{model: model, run: "fix 1 all nve\ntimestep 1e-9\nthermo 1\nrun 10000000"}
	c := command(t, 2, &box, in.script(&box))
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 0 && words[0] == "5" {
			break // it runs
		}
	}
	ranks := children(t, c.Process.Pid)
	require.Len(t, ranks, 2)
	require.NoError(t, syscall.Kill(ranks[1], syscall.SIGKILL))
	err = c.Wait()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit) && exit.Exited(), "mpirun ends by itself: %v", err)
	assert.NotZero(t, exit.ExitCode())
	assert.Eventually(t, func() bool { return syscall.Kill(ranks[0], 0) != nil }, 20*time.Second, 10*time.Millisecond, "so does the other rank")
}

// children is the processes that a process has started.
func children(t *testing.T, parent int) (list []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ") // after the name: state, parent
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			require.NoError(t, err)
			list = append(list, pid)
		}
	}
	return list
}

// The plugin puts the style into LAMMPS as a library, as Python has it, and refuses
// another version of LAMMPS than that of the headers that it was built with.
func TestInteropPlugin(t *testing.T) {
	model, box := "default", water(3, 3, 3, false)
	want := execute(t, 1, &box, input{model: model})
	python := func(plugin string) *exec.Cmd {
		in := input{model: model}
		dir := command(t, 1, &box, in.script(&box)).Dir
		c := peertest.Python(t, "ctypes", "python3", "-c", `
import ctypes, sys
lammps = ctypes.CDLL("liblammps.so.0", ctypes.RTLD_GLOBAL)
lammps.lammps_open_no_mpi.restype, lammps.lammps_get_thermo.restype = ctypes.c_void_p, ctypes.c_double
arguments = [b"lmp", b"-log", b"none", b"-screen", b"none"]
l = ctypes.c_void_p(lammps.lammps_open_no_mpi(len(arguments), (ctypes.c_char_p * len(arguments))(*arguments), None))
if ctypes.CDLL(sys.argv[1]).painless_register(l) == 0:
    lammps.lammps_file(l, sys.argv[2].encode())
    print(repr(lammps.lammps_get_thermo(l, b"pe")))
`, plugin, "in")
		c.Dir = dir
		return c
	}
	plugin, err := filepath.Abs(bin + "/painlessplugin.so")
	require.NoError(t, err)
	out, err := python(plugin).Output()
	require.NoError(t, err)
	energy, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	require.NoError(t, err)
	assert.Equal(t, want.energy, energy)

	headers, err := filepath.Glob(bin + "/lammps-*/version.h")
	require.NoError(t, err)
	require.NotEmpty(t, headers)
	other, to := t.TempDir(), t.TempDir()
	require.NoError(t, os.CopyFS(other, os.DirFS(filepath.Dir(headers[len(headers)-1]))))
	version, err := os.ReadFile(other + "/version.h")
	require.NoError(t, err)
	changed := regexp.MustCompile(`LAMMPS_VERSION ".*"`).ReplaceAll(version, []byte(`LAMMPS_VERSION "1 Jan 2031"`))
	require.NoError(t, os.WriteFile(other+"/version.h", changed, 0o600))
	require.NoError(t, os.CopyFS(to, os.DirFS(peertest.CLibrary(t))))
	message, err := exec.Command("src/build.sh", to, other).CombinedOutput()
	require.NoError(t, err, "%s", message)
	message, err = python(to + "/painlessplugin.so").CombinedOutput()
	require.NoError(t, err)
	assert.Regexp(t, `pair_style painless was built for LAMMPS of version 20310101 and refuses version \d{8}: build it with that one's headers`, string(message))
}

func TestMain(m *testing.M) { peertest.Main(m) }
