// Package peertest finds the other programs that tests compare with. A test
// without its peer is skipped, unless the environment says that it must be there.
package peertest

import (
	"os"
	"os/exec"
	"testing"
)

// ASE returns a Python that has ASE. make test installs it and sets PAINLESS_REQUIRE_ASE.
func ASE(t testing.TB) (python string) {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import ase").Run() == nil {
			return python
		}
	}
	if os.Getenv("PAINLESS_REQUIRE_ASE") != "" {
		t.Fatal("no python3 with ASE (Debian's python3-ase)")
	}
	t.Skip("no python3 with ASE (Debian's python3-ase); make test installs it")
	return ""
}
