package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// gonum/plot embeds all twelve Liberation fonts, 4.3 MB, a fifth of the binary.
// The figures are set in Sans alone, so that in a release the others are it, too.
// That is done in a go.mod of the release's own: a replace directive in the
// module's would keep go install from building it.
const (
	fontsModule = "codeberg.org/go-fonts/liberation"
	usedFont    = "liberationsansregular"
	fontsFolder = "bin/fonts" // of the same name in every folder, as binaries state it
	slimModule  = "bin/slim.mod"
)

// leaveFontsOut writes slimModule and the fonts that it replaces others with, and
// is the version of the fonts' module.
func leaveFontsOut() (version string, err error) {
	out, err := command(nil, "go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", fontsModule)
	if err != nil {
		return "", err
	}
	version, from, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err := os.RemoveAll(fontsFolder); err != nil {
		return "", err
	}
	used := filepath.Join(fontsFolder, usedFont)
	if err := os.CopyFS(used, os.DirFS(filepath.Join(from, usedFont))); err != nil {
		return "", err
	}
	fonts, err := filepath.Glob(filepath.Join(from, "liberation*", "data.go"))
	if err != nil {
		return "", err
	}
	if len(fonts) != 12 {
		return "", fmt.Errorf("%s: expected 12 fonts, found %d", from, len(fonts))
	}
	for _, font := range fonts {
		name := filepath.Base(filepath.Dir(font))
		if name == usedFont {
			continue
		}
		folder := filepath.Join(fontsFolder, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return "", err
		}
		text := fmt.Sprintf("package %s\n\nimport %q\n\nvar TTF = %s.TTF\n", name, fontsModule+"/"+usedFont, usedFont)
		if err := os.WriteFile(filepath.Join(folder, "data.go"), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	if err := copyFile(filepath.Join(fontsFolder, "go.mod"), filepath.Join(from, "go.mod")); err != nil {
		return "", err
	}
	if err := copyFile(slimModule, "go.mod"); err != nil {
		return "", err
	}
	if err := copyFile(strings.TrimSuffix(slimModule, ".mod")+".sum", "go.sum"); err != nil {
		return "", err
	}
	_, err = command(nil, "go", "mod", "edit", "-replace", fontsModule+"=./"+fontsFolder, slimModule)
	return version, err
}

func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
