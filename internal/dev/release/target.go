package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// target is a system to build for.
type target struct {
	os, arch string
	cc       string // C compiler for the library, where there is one
	machine  string // what Python and the GNU tools call the processor
}

var targets = []target{
	{"linux", "amd64", "x86_64-linux-gnu-gcc", "x86_64"},
	{"linux", "arm64", "aarch64-linux-gnu-gcc", "aarch64"},
	{"darwin", "arm64", "", ""},
	{"windows", "amd64", "", ""},
}

func targetNames() (names []string) {
	for _, t := range targets {
		names = append(names, t.name())
	}
	return names
}

func (t target) name() string  { return t.os + "/" + t.arch }
func (t target) windows() bool { return t.os == "windows" }

func (t target) binary() string {
	if t.windows() {
		return "painless.exe"
	}
	return "painless"
}

// environment is what the go command builds with, whatever the user's has.
func (t target) environment() []string {
	return []string{"GOOS=" + t.os, "GOARCH=" + t.arch, "CC=" + t.cc, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0",
		"CGO_CFLAGS=", "CGO_LDFLAGS=", "GOWORK=off"}
}

// Where things are in a tree.
const (
	library    = "lib/libpainless.so.0"
	calculator = "share/painless/painless_ase.py"
	documents  = "share/doc/painless"
)

// tree is the folder of what an installation consists of.
func (r *release) tree(t target) string {
	return filepath.Join("bin", "tree", t.os+"-"+t.arch, r.name(t))
}

// build makes the tree.
func (r *release) build(t target, tree string) error {
	if err := os.RemoveAll(filepath.Dir(tree)); err != nil {
		return err
	}
	// No build ID, as it is of the flags, which have the repository's folder in them.
	stamp := fmt.Sprintf("-s -w -buildid= -X %[1]s/internal/build.release=%[2]s -X '%[1]s/internal/build.commit=%[3]s'", r.source.module, r.version, r.source.commit)
	if _, err := command(t.environment(), "go", "build", "-modfile", slimModule, "-buildvcs=false", "-trimpath", "-ldflags", stamp,
		"-o", filepath.Join(tree, "bin", t.binary()), "./tools/painless"); err != nil {
		return err
	}
	if t.cc != "" {
		here, err := os.Getwd()
		if err != nil {
			return err
		}
		if _, err := command(t.environment(), "make", "-s", "install", "LIB="+filepath.Join(filepath.Dir(tree), "lib"), "STAMP="+stamp,
			"VERSION="+r.version, "DESTDIR="+filepath.Join(here, tree), "PREFIX="); err != nil {
			return err
		}
	}
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		return err
	}
	files := map[string][]byte{documents + "/THIRD-PARTY-LICENSES.txt": r.licences}
	for _, name := range append(pages, "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE") {
		if files[documents+"/"+filepath.ToSlash(name)], err = os.ReadFile(name); err != nil {
			return err
		}
	}
	if !t.windows() {
		files["share/bash-completion/completions/painless"] = r.completions["bash"]
		files["share/fish/vendor_completions.d/painless.fish"] = r.completions["fish"]
	}
	for name, content := range files {
		path := filepath.Join(tree, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
