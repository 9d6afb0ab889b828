package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChoose(t *testing.T) {
	r := &release{}
	require.NoError(t, r.choose("linux/arm64,windows/amd64"))
	assert.Equal(t, []target{targets[1], targets[3]}, r.targets)
	assert.EqualError(t, r.choose("linux/arm64,plan9/amd64"), `-targets: "plan9/amd64": expected some of linux/amd64, linux/arm64, darwin/arm64, windows/amd64`)
}

func TestReadSourceErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("CHANGELOG.md", []byte("# Changelog\n\n## 0.2.0 — unreleased\n\n## 0.1.0\n"), 0o600))
	for version, want := range map[string]string{
		"":           `version "": expected one such as 0.1.0, or 0.1.0-rc1`,
		"v0.2.0":     `version "v0.2.0": expected one such as 0.1.0, or 0.1.0-rc1`,
		"0.2.0-beta": `version "0.2.0-beta": expected one such as 0.1.0, or 0.1.0-rc1`,
		"0.1.0":      `version 0.1.0: expected that with which CHANGELOG.md begins, found 0.2.0 there`,
		"0.3.0-rc1":  `version 0.3.0-rc1: expected that with which CHANGELOG.md begins, found 0.2.0 there`,
	} {
		_, err := readSource(version)
		assert.EqualError(t, err, want)
	}
}

// A release is of what is committed, a candidate of anything; and says so.
func TestReadSource(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("releases are of commits: %v", err)
	}
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("CHANGELOG.md", []byte("## 0.2.0 — today\n"), 0o600))
	require.NoError(t, os.WriteFile("go.mod", []byte("module example.org/renamed\n"), 0o600))
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"}} {
		_, err := command([]string{"GIT_COMMITTER_DATE=@1700000000 +0100"}, "git", args...)
		require.NoError(t, err)
	}
	s, err := readSource("0.2.0")
	require.NoError(t, err)
	assert.Equal(t, "example.org/renamed", s.module)
	assert.Equal(t, time.Unix(1700000000, 0).UTC(), s.time)
	assert.Regexp(t, `^[0-9a-f]{40}$`, s.commit)

	require.NoError(t, os.WriteFile("new", nil, 0o600))
	_, err = readSource("0.2.0")
	assert.EqualError(t, err, "version 0.2.0: expected a tree as it is committed, found changes:\n?? new\n")
	s, err = readSource("0.2.0-rc3")
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9a-f]{40}, changed since$`, s.commit)
}

func TestPEP440(t *testing.T) {
	assert.Equal(t, "0.1.0", pep440("0.1.0"))
	assert.Equal(t, "0.1.0rc12", pep440("0.1.0-rc12"))
}

// plant makes a tree, in a folder of its own.
func plant(t *testing.T, mode os.FileMode) string {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "tree")
	require.NoError(t, os.MkdirAll(filepath.Join(tree, "bin"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(tree, "bin", "run"), []byte("#!/bin/sh\n"), 0o700|mode))
	require.NoError(t, os.WriteFile(filepath.Join(tree, "about"), []byte("a text"), 0o600|mode))
	return tree
}

// Archives have all that is in a tree, and are the same whoever packs it and when.
func TestArchives(t *testing.T) {
	at, out := time.Unix(1700000000, 0).UTC(), t.TempDir()
	a, b := plant(t, 0), plant(t, 0o055)
	require.NoError(t, os.Chtimes(filepath.Join(b, "about"), at, at))
	for name, write := range map[string]func(string, string, time.Time) error{"tar.gz": writeTarball, "zip": writeZip} {
		var contents [2][]byte
		for i, tree := range []string{a, b} {
			path := filepath.Join(out, name)
			require.NoError(t, write(path, tree, at))
			var err error
			contents[i], err = os.ReadFile(path)
			require.NoError(t, err)
		}
		assert.Equal(t, contents[0], contents[1], name)
	}

	require.NoError(t, os.Symlink("about", filepath.Join(a, "link")))
	require.NoError(t, writeTarball(filepath.Join(out, "tar.gz"), a, at))
	file, err := os.Open(filepath.Join(out, "tar.gz"))
	require.NoError(t, err)
	defer file.Close()
	packed, err := gzip.NewReader(file)
	require.NoError(t, err)
	var got []string
	for archive := tar.NewReader(packed); ; {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		assert.True(t, h.ModTime.Equal(at), h.Name)
		assert.Zero(t, h.Uid)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		got = append(got, h.FileInfo().Mode().String()+" "+h.Name+" "+h.Linkname+string(content))
	}
	assert.Equal(t, []string{"drwxr-xr-x tree/ ", "-rw-r--r-- tree/about a text", "drwxr-xr-x tree/bin/ ", "-rwxr-xr-x tree/bin/run #!/bin/sh\n", "Lrwxrwxrwx tree/link about"}, got)

	z, err := zip.OpenReader(filepath.Join(out, "zip"))
	require.NoError(t, err)
	defer z.Close()
	require.Len(t, z.File, 2)
	assert.Equal(t, "tree/bin/run", z.File[1].Name)
	assert.Equal(t, os.FileMode(0o755), z.File[1].Mode())
	assert.True(t, z.File[1].Modified.Equal(at))
}

func TestLicencesIn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"LICENSE", "Licence.txt", "COPYING", "LICENSE-SIL", "NOTICE.md", "UNLICENSE", "license.go", "licensing.md", "README"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name+"\r\n"), 0o600))
	}
	got, err := licencesIn(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"COPYING\n", "LICENSE\n", "LICENSE-SIL\n", "Licence.txt\n", "NOTICE.md\n", "UNLICENSE\n"}, got)
	assert.Equal(t, []string{filepath.FromSlash("m/a/b"), filepath.FromSlash("m/a"), "m"}, between("m", filepath.FromSlash("m/a/b")))
}

func TestGlibcErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "library")
	require.NoError(t, os.WriteFile(path, []byte("no library"), 0o600))
	_, err := glibc(path)
	assert.ErrorContains(t, err, path+": expected a library in ELF")
}
