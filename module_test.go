package painless_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// command runs in a folder, and is what it prints.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), stderr.String())
	return string(out)
}

// The README's program, in a module of its own outside the repository.
func TestImportedByAnotherModule(t *testing.T) {
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	path := strings.TrimSpace(command(t, ".", "go", "list", "-m"))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(readme), "```go\n")
	require.True(t, ok, "the README has a program")
	program, _, _ := strings.Cut(rest, "```")
	dir := t.TempDir()
	program = strings.Replace(program, `"model.pt"`, `"`+here+`/testdata/tiny.pt"`, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600))
	command(t, dir, "go", "mod", "init", "water")
	command(t, dir, "go", "mod", "edit", "-replace", path+"="+here)
	command(t, dir, "go", "mod", "tidy")
	assert.Regexp(t, `^-?\d+\.\d+ eV; \[\[.+\]\] eV/Å\n$`, command(t, dir, "go", "run", "."))
}

// Whoever publishes the module renames it: make module.
func TestRename(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skipf("the module is renamed by make: %v", err)
	}
	const name = "example.org/me/painless"
	dir := t.TempDir()
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "bin"):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, path), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), content, 0o600)
	}))
	old := strings.TrimSpace(command(t, dir, "go", "list", "-m"))
	command(t, dir, "make", "module", "MODULE="+name)
	assert.Equal(t, name+"\n", command(t, dir, "go", "list", "-m"))
	packages := command(t, dir, "go", "list", "-test", "-f", `{{join .Imports "\n"}}`, "./...")
	assert.Contains(t, packages, name+"/nn\n")
	assert.NotRegexp(t, `(?m)^`+old+`(/|$)`, packages)
	command(t, dir, "go", "build", "./data/...", "./md") // some of all, as each is compiled anew
}
