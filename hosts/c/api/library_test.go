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
	require.Len(t, declared, 15)
	assert.Equal(t, declared, exported)
	for name, code := range map[string]Code{"OK": OK, "EARGUMENT": Argument, "EHANDLE": Handle, "ESTRUCTURE": Structure, "EDEVICE": Device, "EFORK": Fork, "EINTERNAL": Internal} {
		assert.Regexp(t, fmt.Sprintf(`(?m)^    PL_%s = %d,?\s`, name, code), string(header))
	}
	for name, precision := range map[string]painless.Precision{"FLOAT32": painless.Float32, "FLOAT64": painless.Float64} {
		assert.Regexp(t, fmt.Sprintf(`(?m)^    PL_%s = %d,?\s`, name, precision), string(header))
	}
	abi := regexp.MustCompile(`#define PL_ABI (\d+)`).FindSubmatch(header)
	about := run(t, exec.Command("objdump", "-p", dir+"/libpainless.so"))
	assert.Regexp(t, `SONAME +libpainless\.so\.`+string(abi[1])+`\n`, about)
	for _, m := range regexp.MustCompile(`NEEDED +(\S+)`).FindAllStringSubmatch(about, -1) {
		assert.Regexp(t, `^(libc|ld-linux.*|libpthread)\.so`, m[1])
	}
}

// What a C program prints is what Go computes, to the bit.
func TestCComputesTheSame(t *testing.T) {
	bin := built(t)
	var l Library
	for _, student := range []string{"original", "ultra_tiny"} {
		structures := golden(t, student)
		want := newHost(structures...)
		require.NoError(t, l.Compute(open(t, &l, student, painless.Options{Threads: 1}), want.call()))

		var input strings.Builder
		number := func(x float64) string { return strconv.FormatFloat(x, 'x', -1, 64) + " " }
		fmt.Fprintln(&input, len(structures))
		for k, s := range structures {
			fmt.Fprintln(&input, len(s.Numbers), want.pbc[k][0], want.pbc[k][1], want.pbc[k][2])
			for _, vector := range s.Cell {
				fmt.Fprintln(&input, number(vector[0]), number(vector[1]), number(vector[2]))
			}
			for i, r := range s.Positions {
				fmt.Fprintln(&input, s.Numbers[i], number(r[0]), number(r[1]), number(r[2]))
			}
		}
		command := exec.Command(filepath.Join(bin, "compute"), testdata+student+".pt")
		command.Stdin = strings.NewReader(input.String())
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

// What make install puts under PREFIX is found by pkg-config's file alone.
func TestInteropInstall(t *testing.T) {
	peertest.Interop(t)
	prefix := t.TempDir()
	run(t, exec.Command("make", "-s", "-C", "../../..", "install", "LIB="+peertest.CLibrary(t), "PREFIX="+prefix))
	about, err := os.ReadFile(prefix + "/lib/pkgconfig/painless.pc")
	require.NoError(t, err)
	assert.Regexp(t, `^prefix=`+regexp.QuoteMeta(prefix)+`\n(?s:.*)\nVersion: \d+\.\d+\.\d+\n`, string(about))
	flag := func(name string) []string {
		line := regexp.MustCompile(name + `: (.*)`).FindSubmatch(about)
		return strings.Fields(strings.NewReplacer("${libdir}", prefix+"/lib", "${includedir}", prefix+"/include").Replace(string(line[1])))
	}
	program := filepath.Join(prefix, "misuse")
	run(t, exec.Command("gcc", slices.Concat(flag("Cflags"), []string{"../testdata/misuse.c", "-o", program}, flag("Libs"), []string{"-lpthread"})...))
	command := exec.Command(program, testdata+"tiny.pt")
	command.Env = append(os.Environ(), "LD_LIBRARY_PATH="+prefix+"/lib")
	run(t, command)

	// ASE's calculator, which finds the library under its own prefix.
	python := exec.Command(peertest.ASE(t), "-c", "import painless_ase, sys; painless_ase.Painless(model=sys.argv[1]).info", testdata+"tiny.pt")
	python.Env = append(os.Environ(), "PYTHONPATH="+prefix+"/share/painless", "PYTHONDONTWRITEBYTECODE=1")
	run(t, python)
}
