package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const emulator = "qemu-aarch64"

// The program and the library for ARM run, under an emulator, and say of ethanol
// what this machine says: to float32's rounding of an energy that holds those of
// the elements, about −310 eV.
func TestReleasedArm(t *testing.T) {
	dir, version := released(t)
	tarball := filepath.Join(dir, "painless-"+version+"-linux-arm64.tar.gz")
	if _, err := os.Stat(tarball); os.IsNotExist(err) {
		t.Skip("a release without linux/arm64")
	}
	const rounding = 0x1p-14 // 2 units of float32 at 310 eV
	want, err := strconv.ParseFloat(energy(t, predicted(t)), 64)
	require.NoError(t, err)
	tree := unpack(t, tarball)
	got, err := strconv.ParseFloat(energy(t, run(t, emulator, filepath.Join(tree, "bin/painless"), "predict", testdata+"ethanol.xyz")), 64)
	require.NoError(t, err)
	assert.InDelta(t, want, got, rounding)

	// A C program beside the library, of one structure: its first number is the energy.
	program := filepath.Join(t.TempDir(), "compute")
	run(t, "aarch64-linux-gnu-gcc", "-std=c99", "-I", filepath.Join(tree, "include"), "-o", program, "../../../hosts/c/testdata/compute.c", filepath.Join(tree, library))
	c := exec.Command(emulator, "-L", "/usr/aarch64-linux-gnu", "-E", "LD_LIBRARY_PATH="+filepath.Join(tree, "lib"), program, "default")
	c.Stdin = strings.NewReader(structure(t, testdata+"ethanol.xyz"))
	c.Stderr = os.Stderr
	out, err := c.Output()
	require.NoError(t, err)
	got, err = strconv.ParseFloat(strings.Fields(string(out))[0], 64)
	require.NoError(t, err)
	assert.InDelta(t, want, got, rounding)
}

// structure is a molecule as compute.c reads it.
func structure(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")[2:]
	var s strings.Builder
	fmt.Fprintln(&s, 1, len(lines), strings.Repeat("0 ", 3+9))
	for _, line := range lines {
		f := strings.Fields(line)
		number := map[string]int{"H": 1, "C": 6, "O": 8}[f[0]]
		require.NotZero(t, number, line)
		fmt.Fprintln(&s, number, f[1], f[2], f[3])
	}
	return s.String()
}
