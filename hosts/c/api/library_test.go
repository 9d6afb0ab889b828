package api

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/internal/peertest"
	"painless/internal/tolerance"
)

func TestMain(m *testing.M) { peertest.Main(m) }

func run(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), "%s: %s", command, &stderr)
	return stdout.String()
}

// built is the libraries of make lib, and the programs of testdata linked with it.
func built(t *testing.T, flags ...string) (dir string) {
	t.Helper()
	dir = peertest.CLibrary(t)
	bin := t.TempDir()
	for _, program := range []string{"compute", "misuse", "domain"} {
		args := append([]string{"-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1", "-I..", "-o", filepath.Join(bin, program),
			"../testdata/" + program + ".c", "-L" + dir, "-lpainless", "-lpthread", "-lm", "-Wl,-rpath," + dir}, flags...)
		run(t, exec.Command("gcc", args...))
	}
	return bin
}

// The library has the functions of painless.h and no other, a name that says
// which header fits it, and needs libc alone.
func TestLibraryIsItsHeader(t *testing.T) {
	dir := peertest.CLibrary(t)
	header, err := os.ReadFile("../painless.h")
	require.NoError(t, err)
	var declared, exported []string
	for _, m := range regexp.MustCompile(`(?m)^[a-z].*?\b(pl_\w+)\(`).FindAllSubmatch(header, -1) {
		declared = append(declared, string(m[1]))
	}
	for line := range strings.Lines(run(t, exec.Command("nm", "-D", "--defined-only", dir+"/libpainless.so"))) {
		exported = append(exported, strings.Fields(line)[2])
	}
	slices.Sort(declared)
	require.Len(t, declared, 16)
	assert.Equal(t, declared, exported)
	for name, code := range map[string]Code{"OK": OK, "EARGUMENT": Argument, "EHANDLE": Handle, "ESTRUCTURE": Structure, "EDEVICE": Device, "EFORK": Fork, "EINTERNAL": Internal} {
		assert.Regexp(t, fmt.Sprintf(`(?m)^    PL_%s = %d,?\s`, name, code), string(header))
	}
	for name, precision := range map[string]painless.Precision{"FLOAT32": painless.Float32, "FLOAT64": painless.Float64} {
		assert.Regexp(t, fmt.Sprintf(`(?m)^    PL_%s = %d,?\s`, name, precision), string(header))
	}
	version := regexp.MustCompile(`#define PL_VERSION "(.*)"`).FindSubmatch(header)
	changes, err := os.ReadFile("../../../CHANGELOG.md")
	require.NoError(t, err)
	assert.Equal(t, string(regexp.MustCompile(`(?m)^## ([\d.]+) `).FindSubmatch(changes)[1]), string(version[1]))
	abi := regexp.MustCompile(`#define PL_ABI (\d+)`).FindSubmatch(header)
	about := run(t, exec.Command("objdump", "-p", dir+"/libpainless.so"))
	assert.Regexp(t, `SONAME +libpainless\.so\.`+string(abi[1])+`\n`, about)
	for _, m := range regexp.MustCompile(`NEEDED +(\S+)`).FindAllStringSubmatch(about, -1) {
		assert.Regexp(t, `^(libc|ld-linux.*|libpthread)\.so`, m[1])
	}
}

// text is structures as compute.c reads them.
func text(structures []painless.Structure) string {
	var input strings.Builder
	number := func(x float64) string { return strconv.FormatFloat(x, 'x', -1, 64) + " " }
	fmt.Fprintln(&input, len(structures))
	h := newHost(structures...)
	for k, s := range structures {
		fmt.Fprintln(&input, len(s.Numbers), h.pbc[k][0], h.pbc[k][1], h.pbc[k][2])
		for _, vector := range s.Cell {
			fmt.Fprintln(&input, number(vector[0]), number(vector[1]), number(vector[2]))
		}
		for i, r := range s.Positions {
			fmt.Fprintln(&input, s.Numbers[i], number(r[0]), number(r[1]), number(r[2]))
		}
	}
	return input.String()
}

// What a C program prints is what PyTorch has, and what Go computes, to the bit.
func TestCComputesTheSame(t *testing.T) {
	bin := built(t)
	var l Library
	for _, student := range []string{"original", "ultra_tiny"} {
		structures, labelled := golden(t, student)
		want := newHost(structures...)
		require.NoError(t, l.Compute(open(t, &l, student, painless.Options{Threads: 1}), want.call()))

		command := exec.Command(filepath.Join(bin, "compute"), testdata+student+".pt")
		command.Stdin = strings.NewReader(text(structures))
		var got []float64
		for word := range strings.FieldsSeq(run(t, command)) {
			x, err := strconv.ParseFloat(word, 64)
			require.NoError(t, err)
			got = append(got, x)
		}

		all := slices.Clone(want.energies)
		for _, f := range want.forces {
			all = append(all, f[:]...)
		}
		for _, v := range want.virials {
			all = append(all, slices.Concat(v[0][:], v[1][:], v[2][:])...)
		}
		for _, s := range want.stresses {
			all = append(all, s[:]...)
		}
		require.Len(t, got, len(all))
		for i, x := range all {
			if !math.IsNaN(x) || !math.IsNaN(got[i]) {
				require.Equal(t, x, got[i], "number %d of %s", i, student)
			}
		}
		at := len(structures) // the first force
		for k, f := range labelled {
			energy, err := f.Floats("energy", 1)
			require.NoError(t, err)
			forces, err := f.Vectors("forces")
			require.NoError(t, err)
			assert.InDelta(t, energy[0], got[k], 5e-6*float64(len(forces)))
			for _, row := range forces {
				tolerance.Check(t, "forces", got[at:at+3], row[:], 2e-5, 1e-5)
				at += 3
			}
		}
	}
}

func TestCMisuse(t *testing.T) {
	run(t, exec.Command(filepath.Join(built(t), "misuse"), testdata+"tiny.pt"))
}

// The same programs under sanitizers, and the header in C++.
func TestInteropSanitizers(t *testing.T) {
	peertest.Interop(t)
	bin := built(t, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
	run(t, exec.Command(filepath.Join(bin, "misuse"), testdata+"tiny.pt"))
	command := exec.Command(filepath.Join(bin, "compute"), testdata+"tiny.pt")
	command.Stdin = strings.NewReader("1 1 0 0 0 0 0 0 0 0 0 0 0 0 1 0 0 0")
	run(t, command)
	run(t, exec.Command(filepath.Join(bin, "domain"), testdata+"ultra_tiny.pt", "4", "3"))
	run(t, exec.Command("g++", "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "../painless.h"))
}

// No access beside the host's arrays, and one that is: Go's runtime must tell valgrind
// of its stacks, which it does with a build tag, and not interrupt itself.
func TestInteropValgrind(t *testing.T) {
	peertest.Interop(t)
	dir := t.TempDir()
	run(t, exec.Command("make", "-s", "-C", "../../..", "lib", "TAGS=valgrind", "LIB="+dir))
	source, err := os.ReadFile("../testdata/compute.c")
	require.NoError(t, err)
	short := strings.Replace(string(source), "f = make(3 * n,", "f = make(3 * n - 2,", 1)
	require.NotEqual(t, string(source), short)
	structures, _ := golden(t, "ultra_tiny")
	for program, source := range map[string]string{"whole": string(source), "short": short} {
		path := filepath.Join(dir, program)
		require.NoError(t, os.WriteFile(path+".c", []byte(source), 0o600))
		run(t, exec.Command("gcc", "-g", "-I..", "-o", path, path+".c", "-L"+dir, "-lpainless", "-lm", "-Wl,-rpath,"+dir))
		command := exec.Command("valgrind", "-q", "--leak-check=no", "--undef-value-errors=no", "--error-exitcode=9", path, testdata+"ultra_tiny.pt")
		command.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
		command.Stdin = strings.NewReader(text(structures[:12]))
		var complaints bytes.Buffer
		command.Stderr = &complaints
		if err := command.Run(); program == "whole" {
			assert.NoError(t, err, &complaints)
			continue
		}
		assert.Equal(t, 9, command.ProcessState.ExitCode())
		assert.Contains(t, complaints.String(), "0 bytes after a block of size")
	}
}

// What make install puts under PREFIX is found by pkg-config.
func TestInteropInstall(t *testing.T) {
	peertest.Interop(t)
	prefix := t.TempDir()
	run(t, exec.Command("make", "-s", "-C", "../../..", "install", "LIB="+peertest.CLibrary(t), "PREFIX="+prefix))
	about := func(args ...string) string {
		command := exec.Command("pkg-config", append(args, "painless")...)
		command.Env = append(os.Environ(), "PKG_CONFIG_PATH="+prefix+"/lib/pkgconfig")
		return strings.TrimSpace(run(t, command))
	}
	header, err := os.ReadFile(prefix + "/include/painless.h")
	require.NoError(t, err)
	assert.Contains(t, string(header), `#define PL_VERSION "`+about("--modversion")+`"`)
	program := filepath.Join(prefix, "misuse")
	run(t, exec.Command("gcc", slices.Concat([]string{"../testdata/misuse.c", "-o", program}, strings.Fields(about("--cflags", "--libs")), []string{"-lpthread"})...))
	command := exec.Command(program, testdata+"tiny.pt")
	command.Env = append(os.Environ(), "LD_LIBRARY_PATH="+prefix+"/lib")
	run(t, command)

	// ASE's calculator, which finds the library under its own prefix.
	python := exec.Command(peertest.ASE(t), "-c", "import painless_ase, sys; painless_ase.Painless(model=sys.argv[1]).info", testdata+"tiny.pt")
	python.Env = append(os.Environ(), "PYTHONPATH="+prefix+"/share/painless", "PYTHONDONTWRITEBYTECODE=1")
	run(t, python)
}
