package main

import (
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// released is the folder of a release, and its version. make test-release runs
// these tests with it; they install things, in folders of their own.
func released(t *testing.T) (dir, version string) {
	t.Helper()
	dir = os.Getenv("PAINLESS_RELEASE")
	if dir == "" {
		t.Skip("make test-release runs this test with a release")
	}
	tarballs, err := filepath.Glob(filepath.Join(dir, "painless-*-linux-amd64.tar.gz"))
	require.NoError(t, err)
	require.Len(t, tarballs, 1, "a release for this machine")
	version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(tarballs[0]), "painless-"), "-linux-amd64.tar.gz")
	return dir, version
}

// run is what a command prints on standard output.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	return runWith(t, nil, name, args...)
}

func runWith(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	out, err := command(env, name, args...)
	require.NoError(t, err)
	return string(out)
}

// refused is what a command that fails prints on standard error.
func refused(t *testing.T, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	var stderr strings.Builder
	c.Stderr = &stderr
	require.Error(t, c.Run(), "%s %v", name, args)
	return stderr.String()
}

// unpack is the tree of a tarball.
func unpack(t *testing.T, tarball string) (tree string) {
	t.Helper()
	dir := t.TempDir()
	run(t, "tar", "-xzf", tarball, "-C", dir)
	return filepath.Join(dir, strings.TrimSuffix(filepath.Base(tarball), ".tar.gz"))
}

const testdata = "../../../testdata/"

// predicted is what the repository's own code says of ethanol.
func predicted(t *testing.T) string {
	t.Helper()
	return run(t, "go", "run", "../../../tools/painless", "predict", testdata+"ethanol.xyz")
}

// The checksums are those of all files.
func TestReleasedSums(t *testing.T) {
	dir, _ := released(t)
	t.Chdir(dir)
	said := run(t, "sha256sum", "-c", "SHA256SUMS")
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Equal(t, len(entries)-1, strings.Count(said, ": OK\n"))
}

// Every binary is for its system, of this version, needs no library, and was
// built without the builder's paths.
func TestReleasedBinaries(t *testing.T) {
	dir, version := released(t)
	for _, target := range targets {
		r := &release{version: version}
		archive := filepath.Join(dir, r.name(target)+".tar.gz")
		unpackTo := t.TempDir()
		if target.windows() {
			archive = strings.TrimSuffix(archive, ".tar.gz") + ".zip"
		}
		if _, err := os.Stat(archive); os.IsNotExist(err) && target.name() != "linux/amd64" {
			continue // a release for some systems
		}
		run(t, "python3", "-c", "import shutil, sys; shutil.unpack_archive(*sys.argv[1:])", archive, unpackTo)
		path := filepath.Join(unpackTo, r.name(target), "bin", target.binary())
		switch target.os {
		case "linux":
			file, err := elf.Open(path)
			require.NoError(t, err)
			for _, p := range file.Progs {
				assert.NotContains(t, []elf.ProgType{elf.PT_INTERP, elf.PT_DYNAMIC}, p.Type, target.name())
			}
			assert.Equal(t, map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[target.arch], file.Machine)
			file.Close()
		case "darwin":
			file, err := macho.Open(path)
			require.NoError(t, err)
			assert.Equal(t, macho.CpuArm64, file.Cpu)
			file.Close()
		case "windows":
			file, err := pe.Open(path)
			require.NoError(t, err)
			assert.EqualValues(t, pe.IMAGE_FILE_MACHINE_AMD64, file.Machine)
			file.Close()
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		home, err := os.UserHomeDir()
		require.NoError(t, err)
		assert.NotContains(t, string(content), home+"/", target.name())

		info, err := buildinfo.ReadFile(path)
		require.NoError(t, err)
		bill, err := os.ReadFile(filepath.Join(dir, r.name(target)+".cdx.json"))
		require.NoError(t, err)
		var materials struct {
			Components []struct{ Name, Version string }
		}
		require.NoError(t, json.Unmarshal(bill, &materials))
		got, want := map[string]string{}, map[string]string{"std": info.GoVersion}
		for _, c := range materials.Components {
			got[c.Name] = c.Version
		}
		licences, err := os.ReadFile(filepath.Join(unpackTo, r.name(target), documents, "THIRD-PARTY-LICENSES.txt"))
		require.NoError(t, err)
		for _, m := range info.Deps {
			want[m.Path] = m.Version
			assert.Contains(t, string(licences), m.Path+" "+m.Version+"\n")
		}
		assert.Equal(t, want, got, "what is in the binary is what is in the bill")
	}
}

// The tarball installs, and installs over an older one; what is not whole, or not
// for this machine, is refused and changes nothing.
func TestReleasedTarball(t *testing.T) {
	dir, version := released(t)
	install, name := filepath.Join(dir, "install.sh"), "painless-"+version+"-linux-amd64.tar.gz"
	prefix := filepath.Join(t.TempDir(), "a prefix")
	for range 2 {
		said := run(t, "sh", install, filepath.Join(dir, name), prefix)
		assert.Equal(t, "painless is in "+prefix+"/bin, and "+prefix+"/share/doc/painless says more\n", said)
	}
	entries, err := os.ReadDir(prefix)
	require.NoError(t, err)
	assert.Len(t, entries, 4, "bin, include, lib, share, and nothing else")
	assert.Regexp(t, `^painless `+regexp.QuoteMeta(version)+`\ncommit        [0-9a-f]{40}`, run(t, prefix+"/bin/painless", "version"))
	assert.Equal(t, predicted(t), run(t, prefix+"/bin/painless", "predict", testdata+"ethanol.xyz"))
	assert.Equal(t, version+"\n", runWith(t, []string{"PKG_CONFIG_PATH=" + prefix + "/lib/pkgconfig"}, "pkg-config", "--modversion", "painless"))

	broken, other := t.TempDir(), filepath.Join(t.TempDir(), "prefix")
	content, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	content[len(content)/2] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(broken, name), content, 0o600))
	require.NoError(t, copyFile(filepath.Join(broken, "SHA256SUMS"), filepath.Join(dir, "SHA256SUMS")))
	assert.Contains(t, refused(t, "sh", install, filepath.Join(broken, name), other), "its checksum is not that of "+broken+"/SHA256SUMS")
	require.NoError(t, os.Remove(filepath.Join(broken, "SHA256SUMS")))
	refused(t, "sh", install, filepath.Join(broken, name), other)
	require.NoError(t, os.WriteFile(filepath.Join(broken, "painless-1.0.0-linux-arm64.tar.gz"), nil, 0o600))
	assert.Contains(t, refused(t, "sh", install, filepath.Join(broken, "painless-1.0.0-linux-arm64.tar.gz"), other), "expected painless-VERSION-linux-amd64.tar.gz for this machine")
	assert.Contains(t, refused(t, "sh", install, filepath.Join(broken, "none.tar.gz"), other), "expected a release's tarball, found no such file")
	entries, err = os.ReadDir(other)
	assert.True(t, os.IsNotExist(err) || len(entries) == 0, "nothing is installed of a broken one")
}

// A release leaves fonts out, of which the figures show nothing.
func TestReleasedFigures(t *testing.T) {
	dir, version := released(t)
	tree, out := unpack(t, filepath.Join(dir, "painless-"+version+"-linux-amd64.tar.gz")), t.TempDir()
	args := []string{"validate", "-model", testdata + "ultra_tiny.pt", "-o"}
	run(t, tree+"/bin/painless", append(args, out+"/released", testdata+"ultra_tiny.extxyz")...)
	run(t, "go", append(append([]string{"run", "../../../tools/painless"}, args...), out+"/here", testdata+"ultra_tiny.extxyz")...)
	figures, err := filepath.Glob(out + "/here/*.png")
	require.NoError(t, err)
	require.NotEmpty(t, figures)
	for _, figure := range figures {
		want, err := os.ReadFile(figure)
		require.NoError(t, err)
		got, err := os.ReadFile(out + "/released/" + filepath.Base(figure))
		require.NoError(t, err)
		assert.Equal(t, want, got, filepath.Base(figure))
	}
}
