package main

import (
	"fmt"
	"path/filepath"
)

// writeDebian packs a tree as a Debian package, as deploy/nfpm.yaml says.
func (r *release) writeDebian(t target, tree string, needs glibcVersion) error {
	_, err := command([]string{
		"VERSION=" + r.version, "ARCH=" + t.arch, "TREE=" + filepath.ToSlash(tree), "GLIBC=" + needs.String(),
		fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.source.time.Unix()),
	}, filepath.Join(r.tools, "nfpm"), "package", "--packager", "deb", "--config", "deploy/nfpm.yaml", "--target", r.out)
	return err
}
