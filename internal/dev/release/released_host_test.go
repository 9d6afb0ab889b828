package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// energy is that of ethanol, as the release's own program has it.
func energy(t *testing.T, extended string) string {
	t.Helper()
	found := regexp.MustCompile(`energy=(\S+)`).FindStringSubmatch(extended)
	require.NotNil(t, found, extended)
	return found[1]
}

const ase = `
import sys
from ase.io import read
from painless_ase import Painless
atoms = read(sys.argv[1])
atoms.calc = Painless()
print(atoms.get_potential_energy())
print(sys.modules["painless_ase"].__file__)
`

// The wheel installs into a fresh environment, with ASE beside it, and is tagged
// with the glibc that another program says that the library needs.
func TestReleasedWheel(t *testing.T) {
	dir, version := released(t)
	wheels, err := filepath.Glob(filepath.Join(dir, "*_x86_64.whl"))
	require.NoError(t, err)
	require.Len(t, wheels, 1)
	environment := filepath.Join(t.TempDir(), "venv")
	run(t, "/usr/bin/python3", "-m", "venv", "--system-site-packages", environment)
	python := environment + "/bin/python3"
	run(t, python, "-m", "pip", "install", "-q", "--no-index", "--disable-pip-version-check", wheels[0])
	out := strings.Fields(runWith(t, []string{"PYTHONPATH=", "PAINLESS_LIBRARY="}, python, "-c", ase, testdata+"ethanol.xyz"))
	assert.Equal(t, energy(t, predicted(t)), out[0])
	assert.True(t, strings.HasPrefix(out[1], environment), out[1])
	assert.Contains(t, run(t, python, "-m", "pip", "show", "-f", "painless"), "Version: "+pep440(version)+"\n")

	library, err := filepath.Glob(environment + "/lib/python3*/site-packages/libpainless.so.0")
	require.NoError(t, err)
	require.Len(t, library, 1)
	needs := 0
	for _, m := range regexp.MustCompile(`Name: GLIBC_2\.(\d+)`).FindAllStringSubmatch(run(t, "readelf", "-V", library[0]), -1) {
		minor, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		needs = max(needs, minor)
	}
	assert.Contains(t, wheels[0], "-py3-none-manylinux_2_"+strconv.Itoa(needs)+"_x86_64.whl")

	run(t, python, "-m", "pip", "uninstall", "-q", "-y", "painless")
	assert.NoFileExists(t, library[0])
}

// The Debian package installs in a system that has nothing else, its program and
// library run there, and nothing is left when it is gone.
func TestReleasedDebian(t *testing.T) {
	dir, version := released(t)
	packages, err := filepath.Glob(filepath.Join(dir, "*_amd64.deb"))
	require.NoError(t, err)
	require.Len(t, packages, 1)
	root := filepath.Join(t.TempDir(), "root")
	run(t, "mmdebstrap", "-q", "--variant=essential", "--include=python3", "bookworm", root)
	require.NoError(t, copyFile(filepath.Join(root, "painless.deb"), packages[0]))
	require.NoError(t, copyFile(filepath.Join(root, "ethanol.xyz"), testdata+"ethanol.xyz"))
	before := run(t, "find", root+"/usr", root+"/etc", "-path", "*painless*")
	assert.Empty(t, before)

	chroot := func(args ...string) string { return run(t, "chroot", append([]string{root}, args...)...) }
	chroot("dpkg", "-i", "/painless.deb")
	assert.Contains(t, chroot("painless", "version"), "painless "+version+"\n")
	assert.Equal(t, predicted(t), chroot("painless", "predict", "/ethanol.xyz"))
	assert.Equal(t, version+"\n", chroot("python3", "-c",
		"import ctypes; l = ctypes.CDLL('libpainless.so.0'); l.pl_version.restype = ctypes.c_char_p; print(l.pl_version().decode())"))
	chroot("python3", "-c", "import importlib.util as u; assert u.find_spec('painless_ase')")
	chroot("dpkg", "-P", "painless")
	assert.Empty(t, run(t, "find", root+"/usr", root+"/etc", root+"/var", "-path", "*painless*"))
}

// The array job computes every file of a list once, with its elements side by side.
func TestReleasedSlurm(t *testing.T) {
	dir, version := released(t)
	tree, here := unpack(t, filepath.Join(dir, "painless-"+version+"-linux-amd64.tar.gz")), t.TempDir()
	var list []string
	for _, name := range []string{"a.xyz", "b c.xyz", "d.xyz"} {
		list = append(list, filepath.Join(here, name))
		require.NoError(t, copyFile(list[len(list)-1], testdata+"ethanol.xyz"))
	}
	require.NoError(t, os.WriteFile(here+"/files.txt", []byte(strings.Join(list, "\n")+"\n"), 0o600))
	for task := range 2 {
		runWith(t, []string{"PATH=" + tree + "/bin:" + os.Getenv("PATH"), "SLURM_ARRAY_TASK_ID=" + strconv.Itoa(task), "SLURM_ARRAY_TASK_COUNT=2", "SLURM_CPUS_PER_TASK=1"},
			"bash", "../../../deploy/slurm/predict.sbatch", here+"/files.txt")
	}
	want := predicted(t)
	for _, path := range list {
		got, err := os.ReadFile(strings.TrimSuffix(path, ".xyz") + ".predicted.extxyz")
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}
