package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// buildah runs without a daemon and without rights beyond root's, on storage of its own.
func buildah(t *testing.T, storage string, args ...string) string {
	t.Helper()
	return strings.TrimSpace(run(t, "buildah", append([]string{"--root", storage + "/root", "--runroot", storage + "/run", "--storage-driver", "vfs"}, args...)...))
}

// The image is one program and its licences; it predicts and simulates in a
// mounted folder, as nobody, with a root that is read alone.
func TestReleasedContainer(t *testing.T) {
	dir, version := released(t)
	tree, storage := unpack(t, filepath.Join(dir, "painless-"+version+"-linux-amd64.tar.gz")), t.TempDir()
	buildah(t, storage, "bud", "-q", "--isolation", "chroot", "-f", "../../../deploy/Dockerfile", "-t", "painless", tree)
	container := buildah(t, storage, "from", "painless")
	root := buildah(t, storage, "mount", container)
	t.Cleanup(func() { buildah(t, storage, "rm", container) })

	size := int64(0)
	var files []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		size += info.Size()
		files = append(files, strings.TrimPrefix(path, root))
		return nil
	}))
	assert.Equal(t, []string{"/usr/bin/painless", "/usr/share/doc/painless/LICENSE", "/usr/share/doc/painless/THIRD-PARTY-LICENSES.txt", "/usr/share/doc/painless/painless.cdx.json"}, files)
	assert.Less(t, size, int64(15e6), "bytes of the image's files")
	t.Logf("%.1f MB of files in the image", float64(size)/1e6)
	assert.Equal(t, "65532:65532", buildah(t, storage, "inspect", "--type", "image", "--format", "{{.OCIv1.Config.User}}", "painless"))

	data := t.TempDir()
	require.NoError(t, os.Chmod(data, 0o777))
	require.NoError(t, copyFile(data+"/ethanol.xyz", testdata+"ethanol.xyz"))
	predict := []string{"predict", "-o", "predicted.extxyz", "ethanol.xyz"}
	md := []string{"md", "-ensemble", "langevin", "-temperature", "300", "-steps", "20", "-every", "10", "-o", "run.xyz", "-log", "run.csv", "-checkpoint", "run.json", "ethanol.xyz"}
	check := func() {
		got, err := os.ReadFile(data + "/predicted.extxyz")
		require.NoError(t, err)
		assert.Equal(t, predicted(t), string(got))
		trajectory, err := os.ReadFile(data + "/run.xyz")
		require.NoError(t, err)
		assert.Equal(t, 3, strings.Count(string(trajectory), "Properties="))
		for _, name := range []string{"predicted.extxyz", "run.xyz", "run.csv", "run.json"} {
			require.NoError(t, os.Remove(filepath.Join(data, name)))
		}
	}
	for _, args := range [][]string{predict, md} {
		buildah(t, storage, append([]string{"run", "--isolation", "chroot", "-v", data + ":/data", container, "/usr/bin/painless"}, args...)...)
	}
	check()

	// buildah cannot make a root that is read alone: the same files, mounted so.
	for _, args := range [][]string{predict, md} {
		run(t, "unshare", append([]string{"-m", "python3", "-c", confined, root, data, "/usr/bin/painless"}, args...)...)
	}
	check()
}

// confined runs a program of a root that is read alone, as nobody, in /data: a
// scratch image has no shell that would change the folder.
const confined = `
import os, subprocess, sys
root, data, *command = sys.argv[1:]
mount = lambda *args: subprocess.run(["mount", *args], check=True)
mount("--bind", root, root)
os.makedirs(root + "/data", exist_ok=True)
mount("--bind", data, root + "/data")
mount("-o", "remount,bind,ro", root)
os.chroot(root)
os.chdir("/data")
os.setgroups([])
os.setgid(65532)
os.setuid(65532)
try:
    open("/new", "w")
except OSError as error:
    assert error.errno == 30, error  # EROFS
else:
    raise SystemExit("the root is written to")
os.execv(command[0], command)
`
