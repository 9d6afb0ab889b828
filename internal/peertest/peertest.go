// Package peertest finds the other programs that tests compare with. A test
// without its peer is skipped, unless the environment says that it must be there.
package peertest

import (
	"os"
	"os/exec"
	"path/filepath"
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
	path, err := exec.LookPath("lmp")
	if err != nil {
		missing(t, "PAINLESS_REQUIRE_INTEROP", "LAMMPS (Debian's lammps)", "make interop")
	}
	return path
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
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("%s: expected a folder of the repository: %v", dir, err)
	return ""
}
