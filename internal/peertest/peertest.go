// Package peertest finds the other programs that tests compare with. A test
// without its peer is skipped, unless the environment says that it must be there.
package peertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Where the repository keeps what the peers need.
const (
	model   = "internal/dev/golden"             // model.py, the student in PyTorch
	modules = "internal/dev/peers/node_modules" // ONNX Runtime
)

const python = "/usr/bin/python3" // Debian's

// importTorch takes seconds: once for all tests of a package is enough.
var importTorch = sync.OnceValue(func() error { return exec.Command(python, "-c", "import torch").Run() })

// ASE returns a Python that has ASE. make test installs it and sets PAINLESS_REQUIRE_ASE.
func ASE(t testing.TB) (python string) {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import ase").Run() == nil {
			return python
		}
	}
	missing(t, "PAINLESS_REQUIRE_ASE", "python3 with ASE (Debian's python3-ase)", "make test")
	return ""
}

// Torch returns a command of a Python that has PyTorch, and the student in
// PyTorch as the module model. make interop installs it and sets
// PAINLESS_REQUIRE_INTEROP.
func Torch(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	if importTorch() != nil {
		missing(t, "PAINLESS_REQUIRE_INTEROP", "PyTorch (Debian's python3-torch)", "make interop")
	}
	command := exec.Command(python, args...)
	command.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(root(t), model), "PYTHONDONTWRITEBYTECODE=1")
	return command
}

// Python returns a command of a Python that has a module, which is in a package of
// Debian's. make interop installs it and sets PAINLESS_REQUIRE_INTEROP.
func Python(t testing.TB, module, debian string, args ...string) *exec.Cmd {
	t.Helper()
	if exec.Command(python, "-c", "import "+module).Run() != nil {
		missing(t, "PAINLESS_REQUIRE_INTEROP", module+" (Debian's "+debian+")", "make interop")
	}
	command := exec.Command(python, args...)
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	return command
}

// ONNXRuntime returns a command of a Node.js that has onnxruntime-node for
// require. make interop installs it and sets PAINLESS_REQUIRE_INTEROP.
func ONNXRuntime(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path := filepath.Join(root(t), modules)
	if _, err := os.Stat(filepath.Join(path, "onnxruntime-node")); err != nil {
		missing(t, "PAINLESS_REQUIRE_INTEROP", "onnxruntime-node", "make interop")
	}
	command := exec.Command("node", args...)
	command.Env = append(os.Environ(), "NODE_PATH="+path)
	return command
}

// LAMMPS returns the path of the program. make interop installs it and sets
// PAINLESS_REQUIRE_INTEROP.
func LAMMPS(t testing.TB) (path string) {
	t.Helper()
	return program(t, "lmp", "PAINLESS_REQUIRE_INTEROP", "LAMMPS (Debian's lammps)")
}

// IPI returns the path of i-PI, which neither Debian nor make interop has:
// PAINLESS_REQUIRE_IPI says that it must be in PATH.
func IPI(t testing.TB) (path string) {
	t.Helper()
	return program(t, "i-pi", "PAINLESS_REQUIRE_IPI", "i-pi in PATH (ipi-code.org)")
}

// program returns the path of a program; without it the test fails where the variable
// is set, and is skipped elsewhere.
func program(t testing.TB, name, required, what string) (path string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, required, what, "make interop")
	}
	return path
}

// Interop skips a test that make interop alone runs, as it takes long.
func Interop(t testing.TB) {
	t.Helper()
	if os.Getenv("PAINLESS_REQUIRE_INTEROP") == "" {
		t.Skip("make interop runs this test")
	}
}

// libraries is the folder that make lib builds in for a package's tests.
var libraries string

// build builds the C library, once for a package.
var build = sync.OnceValue(func() (err error) {
	if libraries, err = os.MkdirTemp("", "libpainless-"); err != nil {
		return err
	}
	command := exec.Command("make", "-s", "lib", "LIB="+libraries)
	if command.Dir, err = top(); err != nil {
		return err
	}
	if message, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, message)
	}
	return nil
})

// Main is the TestMain of packages that use CLibrary: it takes the library away.
func Main(m *testing.M) {
	code := m.Run()
	if libraries != "" {
		os.RemoveAll(libraries)
	}
	os.Exit(code)
}

// CLibrary returns the folder of a libpainless.so of make lib, which make test
// installs gcc for.
func CLibrary(t testing.TB) (dir string) {
	t.Helper()
	for _, program := range []string{"make", "gcc"} {
		if _, err := exec.LookPath(program); err != nil || runtime.GOOS != "linux" {
			missing(t, "PAINLESS_REQUIRE_ASE", program+" on Linux", "make test")
		}
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return libraries
}

func missing(t testing.TB, require, peer, target string) {
	t.Helper()
	if os.Getenv(require) != "" {
		t.Fatalf("no %s, which %s asks for: %s installs it", peer, require, target)
	}
	t.Skipf("no %s: %s runs this test with it", peer, target)
}

// root is the repository's.
func root(t testing.TB) string {
	t.Helper()
	dir, err := top()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func top() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return "", errors.Join(err, fmt.Errorf("%s: expected a folder of the repository", dir))
}
