// Package kim tests the model driver in src with a simulator of its own; the tests of
// hosts/lammps run it in LAMMPS.
package kim

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

func run(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s: %s", command, out)
	return string(out)
}

// Particles that do not contribute stand anywhere among those that do, and what is said
// of all is the gradient of the energy; as built by make kim, and as make install puts it.
func TestInteropSimulator(t *testing.T) {
	peertest.Interop(t)
	prefix, models := t.TempDir(), t.TempDir()
	run(t, exec.Command("make", "-s", "-C", "../..", "kim", "LIB="+peertest.CLibrary(t)))
	run(t, exec.Command("make", "-s", "-C", "../..", "install", "LIB="+peertest.CLibrary(t), "PREFIX="+prefix))
	flags := strings.Fields(run(t, exec.Command("pkg-config", "--cflags", "--libs", "libkim-api")))
	program := filepath.Join(models, "simulator")
	run(t, exec.Command("gcc", append([]string{"-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1", "testdata/simulator.c", "-o", program, "-lm"}, flags...)...))
	for name, folder := range map[string]string{"built": peertest.CLibrary(t), "installed": prefix + "/lib"} {
		run(t, exec.Command(folder+"/kim/painless-kim", name, "../../student/default.pt", models))
		command := exec.Command(program, name)
		command.Dir = t.TempDir()
		command.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "KIM_API_MODEL_DRIVERS_DIR="+folder+"/kim/model-drivers", "KIM_API_PORTABLE_MODELS_DIR="+models)
		t.Log(run(t, command))
	}
}

func TestMain(m *testing.M) { peertest.Main(m) }
