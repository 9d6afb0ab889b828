package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// writeWheel writes the calculator and the library as a Python wheel (PEP 427)
// for any Python on a system with the glibc that is needed (PEP 600).
func (r *release) writeWheel(t target, tree string, needs glibcVersion) error {
	tag := fmt.Sprintf("py3-none-manylinux_2_%d_%s", needs.minor, t.machine)
	about := "painless-" + pep440(r.version) + ".dist-info"
	metadata := fmt.Sprintf(`Metadata-Version: 2.1
Name: painless
Version: %s
Summary: ASE calculator of distilled PaiNN-style student force fields
License: MIT
License-File: LICENSE
License-File: THIRD-PARTY-LICENSES.txt
Requires-Python: >=3.8
Requires-Dist: ase >=3.22
Requires-Dist: numpy
Description-Content-Type: text/markdown

    from painless_ase import Painless
    atoms.calc = Painless()  # the default student, or model="student.pt"
`, pep440(r.version))
	files := []struct {
		name, path, text string
	}{
		{"painless_ase.py", calculator, ""},
		{filepath.Base(library), library, ""},
		{about + "/METADATA", "", metadata},
		{about + "/WHEEL", "", "Wheel-Version: 1.0\nGenerator: painless\nRoot-Is-Purelib: false\nTag: " + tag + "\n"},
		{about + "/LICENSE", documents + "/LICENSE", ""},
		{about + "/THIRD-PARTY-LICENSES.txt", documents + "/THIRD-PARTY-LICENSES.txt", ""},
	}
	return create(filepath.Join(r.out, "painless-"+pep440(r.version)+"-"+tag+".whl"), func(w io.Writer) error {
		z, record := newZipper(w, r.source.time), &strings.Builder{}
		add := func(name string, content []byte) error {
			f, err := z.add(name, 0o644)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(content)
			fmt.Fprintf(record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(content))
			_, err = f.Write(content)
			return err
		}
		for _, f := range files {
			content := []byte(f.text)
			if f.path != "" {
				var err error
				if content, err = os.ReadFile(filepath.Join(tree, f.path)); err != nil {
					return err
				}
			}
			if err := add(f.name, content); err != nil {
				return err
			}
		}
		record.WriteString(about + "/RECORD,,\n")
		if err := add(about+"/RECORD", []byte(record.String())); err != nil {
			return err
		}
		return z.Close()
	})
}
