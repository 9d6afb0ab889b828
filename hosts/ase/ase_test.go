// Package ase holds painless_ase.py to painless's numbers and to ASE's manners.
package ase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/checkpoint"
	"painless/data"
	"painless/internal/peertest"
)

func TestMain(m *testing.M) { peertest.Main(m) }

// python runs a script beside the calculator, with the library of make lib.
func python(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command(peertest.ASE(t), args...)
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	command.Env = append(os.Environ(), "PAINLESS_LIBRARY="+peertest.CLibrary(t)+"/libpainless.so", "PYTHONPATH="+here, "PYTHONDONTWRITEBYTECODE=1")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), "%s%s", &stdout, &stderr)
	return stdout.String()
}

// metals writes a student again as one that was trained on Na and Mg alone.
func metals(t *testing.T, path string) string {
	t.Helper()
	network, err := painless.Load(path, painless.Options{})
	require.NoError(t, err)
	tensors, err := network.Tensors(checkpoint.Float32)
	require.NoError(t, err)
	written := filepath.Join(t.TempDir(), "metals.pt")
	file, err := os.Create(written)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, checkpoint.New(map[string]any{"elements": []any{11, 12}}, tensors...).WritePyTorch(file))
	return written
}

// Energies, forces and stresses are painless's to the bit, and a stress is there
// where the cell has a volume.
func TestCalculator(t *testing.T) {
	const testdata = "../../testdata/"
	var got []struct {
		Energy float64
		Forces [][3]float64
		Stress *[6]float64
	}
	require.NoError(t, json.Unmarshal([]byte(python(t, "testdata/check.py", testdata+"tiny.pt", testdata+"tiny.extxyz", testdata+"ultra_tiny.pt", metals(t, testdata+"tiny.pt"))), &got))

	file, err := os.Open(testdata + "tiny.extxyz")
	require.NoError(t, err)
	defer file.Close()
	model, err := painless.Open(testdata+"tiny.pt", painless.Options{})
	require.NoError(t, err)
	defer model.Close()
	result, stresses := &painless.Result{}, 0
	for k, r := 0, data.NewReader(file, "tiny.extxyz"); ; k++ {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			assert.Len(t, got, k)
			break
		}
		require.NoError(t, err)
		batch := painless.NewBatch(f.Structure)
		require.NoError(t, model.Compute(context.Background(), batch, result))
		assert.Equal(t, result.Energy[0], got[k].Energy, "structure %d", k)
		assert.Equal(t, result.Forces, got[k].Forces, "structure %d", k)
		if _, ok := batch.Volume(0); ok {
			require.NotNil(t, got[k].Stress, "structure %d", k)
			assert.Equal(t, result.Stress[0], *got[k].Stress, "structure %d", k)
			stresses++
		} else {
			assert.Nil(t, got[k].Stress, "structure %d", k)
		}
	}
	assert.NotZero(t, stresses)
}

// suite is ASE's own tests that hold for any calculator.
var suite = strings.Fields(`test_loggingcalc.py test_mixingcalc.py test_checkpoint.py::test_new_style_interface test_forcecurve.py
	test_potential_energies.py test_singlepointcalc.py test_example.py emt/test_emt_stress.py emt/test_emt_h3o2m.py md/test_md.py
	constraints/test_main.py constraints/test_hookean_pbc.py constraints/test_fixcom.py constraints/test_mirror.py
	vibrations/test_vibrations_example.py vibrations/test_pickle2json.py atoms/test_h2.py standardization/test_properties.py
	optimize/test_replay.py calculator/test_ts09.py calculator/test_morse.py::test_forces calculator/test_morse.py::test_gs_vibrations
	calculator/test_lj.py::test_finite_difference calculator/test_lj.py::test_bulk_energies`)

// ASE's own tests pass with the calculator in the place of ASE's.
func TestInteropSuite(t *testing.T) {
	peertest.Interop(t)
	tests := strings.TrimSpace(python(t, "-c", "import ase.test; print(ase.test.__path__[0])"))
	args := []string{"-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "testdata.suite", "-W", "ignore", "-o", "addopts=", "--basetemp", t.TempDir() + "/tests"}
	for _, name := range suite {
		args = append(args, tests+"/"+name)
	}
	checkpoint, err := filepath.Abs("../../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	t.Setenv("CHECKPOINT", checkpoint)
	out := python(t, args...)
	assert.Regexp(t, `(?m)^24 passed in `, out)
}

// The examples run, and end where painless predict says that they do.
func TestInteropExamples(t *testing.T) {
	peertest.Interop(t)
	const model, ethanol = "../../testdata/tiny.pt", "../../testdata/ethanol.xyz"
	dir := t.TempDir()
	minimum, turned := dir+"/minimum.extxyz", dir+"/turned.extxyz"

	found := regexp.MustCompile(`^converged after \d+ steps: (\S+) eV, largest force 0\.00\d\d eV/Å\n$`).FindStringSubmatch(python(t, "examples/optimise.py", model, ethanol, minimum))
	require.NotNil(t, found)
	predicted, err := exec.Command("go", "run", "../../tools/painless", "predict", "-json", "-model", model, minimum).Output()
	require.NoError(t, err)
	var line struct{ Energy float64 }
	require.NoError(t, json.Unmarshal(predicted, &line))
	energy, err := strconv.ParseFloat(found[1], 64)
	require.NoError(t, err)
	assert.InDelta(t, line.Energy, energy, 5e-6)
	python(t, "-c", `import sys; from ase.build import bulk; from ase.io import write; write(sys.argv[1], bulk("MgO", "rocksalt", a=4.21))`, dir+"/oxide.extxyz")
	assert.Regexp(t, `^converged after `, python(t, "examples/optimise.py", "../../testdata/ultra_tiny.pt", dir+"/oxide.extxyz"), "a cell")

	kept := regexp.MustCompile(`^100 fs of 9 atoms at \d+ K: total energy \S+ eV, within (\S+) meV an atom\n$`).FindStringSubmatch(python(t, "examples/nve.py", model, minimum))
	require.NotNil(t, kept)
	drift, err := strconv.ParseFloat(kept[1], 64)
	require.NoError(t, err)
	assert.Less(t, drift, 0.05)

	bands := python(t, "examples/phonons.py", model)
	assert.Regexp(t, `(?m)^q = \[0\. 0\. 0\.\]   ħω/meV:( +-?\d+\.\d{3}){6}$`, bands)
	assert.Regexp(t, `(?m)^q = \[0\. 0\. 0\.\].* -?0\.0\d\d( |$)`, bands, "translations cost nothing")

	// A methyl group turned by a third, which is the same again.
	python(t, "-c", `import sys; from ase.io import read, write; a = read(sys.argv[1]); a.positions[[6, 7, 8]] = a.positions[[7, 8, 6]]; write(sys.argv[2], a)`, minimum, turned)
	assert.Regexp(t, `^(not )?converged after \d+ steps; energies along the way, eV: 0\.0000 (-?\d+\.\d{4} ){5}-?0\.0000\n$`, python(t, "examples/neb.py", model, minimum, turned))
}
