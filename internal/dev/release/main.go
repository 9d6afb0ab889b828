// Command release makes what a release consists of, to the byte the same on any
// machine with the same Go and the same compilers: binaries, the C library, a
// Python wheel, Debian packages, a bill of materials and checksums. make release
// runs it at the repository's root.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	r := &release{}
	flag.StringVar(&r.version, "version", "", "`version` of the release: that of CHANGELOG.md, or a candidate such as 0.1.0-rc1")
	flag.StringVar(&r.out, "o", "bin/release", "`folder` for the artefacts, which is made anew")
	flag.StringVar(&r.tools, "tools", "bin/tools", "`folder` with cyclonedx-gomod and nfpm")
	targets := flag.String("targets", strings.Join(targetNames(), ","), "`systems` to make it for, with commas between")
	flag.Parse()
	err := r.choose(*targets)
	if err == nil {
		err = r.make()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "release: %v\n", err)
		os.Exit(1)
	}
}

// release is what the artefacts have in common.
type release struct {
	version, out, tools string
	targets             []target
	source              source
	fonts               string            // version of their module
	licences            []byte            // of everything that is in the binaries
	completions         map[string][]byte // by the shell
}

// choose takes targets by their names.
func (r *release) choose(names string) error {
	for name := range strings.SplitSeq(names, ",") {
		i := slices.Index(targetNames(), name)
		if i < 0 {
			return fmt.Errorf("-targets: %q: expected some of %s", name, strings.Join(targetNames(), ", "))
		}
		r.targets = append(r.targets, targets[i])
	}
	return nil
}

func (r *release) make() (err error) {
	if r.source, err = readSource(r.version); err != nil {
		return err
	}
	if r.licences, err = licences(r.targets); err != nil {
		return err
	}
	r.completions = map[string][]byte{}
	for _, shell := range []string{"bash", "fish"} {
		if r.completions[shell], err = command(nil, "go", "run", "./tools/painless", "completion", shell); err != nil {
			return err
		}
	}
	if r.fonts, err = leaveFontsOut(); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(r.out), os.MkdirAll(r.out, 0o755)); err != nil {
		return err
	}
	for _, t := range r.targets {
		fmt.Println(t.name())
		if err := r.makeTarget(t); err != nil {
			return fmt.Errorf("%s: %w", t.name(), err)
		}
	}
	installer, err := os.ReadFile("deploy/install.sh")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.out, "install.sh"), installer, 0o755); err != nil {
		return err
	}
	return writeSums(r.out)
}

// makeTarget makes the artefacts of one system, from the tree of files that an
// installation consists of.
func (r *release) makeTarget(t target) error {
	tree := r.tree(t)
	if err := r.build(t, tree); err != nil {
		return err
	}
	bill := filepath.Join(r.out, r.name(t)+".cdx.json")
	if err := r.writeBill(filepath.Join(tree, "bin", t.binary()), bill); err != nil {
		return err
	}
	if t.windows() {
		return writeZip(filepath.Join(r.out, r.name(t)+".zip"), tree, r.source.time)
	}
	if err := writeTarball(filepath.Join(r.out, r.name(t)+".tar.gz"), tree, r.source.time); err != nil {
		return err
	}
	if t.cc == "" {
		return nil
	}
	needs, err := glibc(filepath.Join(tree, library))
	if err != nil {
		return err
	}
	if err := r.writeWheel(t, tree, needs); err != nil {
		return err
	}
	return r.writeDebian(t, tree, needs)
}

// name is what the artefacts of a system are called, without an ending.
func (r *release) name(t target) string {
	return "painless-" + r.version + "-" + t.os + "-" + t.arch
}

// writeSums writes SHA256SUMS of the files of a folder, for sha256sum -c.
func writeSums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	text := &strings.Builder{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "%x  %s\n", sha256.Sum256(content), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(text.String()), 0o644)
}

// command runs a program with more in its environment, and is what it prints.
func command(env []string, name string, args ...string) ([]byte, error) {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	out, err := c.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
		}
		return nil, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return out, nil
}
