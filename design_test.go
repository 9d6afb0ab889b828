package painless_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// layers reads the rows of the table in docs/design.md: patterns of packages, the top first.
func layers(t *testing.T) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("docs/design.md")
	require.NoError(t, err)
	quoted := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(string(text)) {
		cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok || !strings.HasPrefix(cell, "`") {
			continue
		}
		var row []string
		for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
			row = append(row, m[1])
		}
		rows = append(rows, row)
	}
	return rows
}

// layer is the row of a package: the one that names it, or else the longest
// folder. It is −1 where there is none.
func layer(rows [][]string, name string) (row int) {
	row, longest := -1, -1
	for i, patterns := range rows {
		for _, p := range patterns {
			folder, subtree := strings.CutSuffix(p, "/…")
			switch {
			case p == name:
				return i
			case subtree && (name == folder || strings.HasPrefix(name, folder+"/")) && len(folder) > longest:
				row, longest = i, len(folder)
			}
		}
	}
	return row
}

// upward is what is wrong with a package's imports; both are paths in the module.
func upward(rows [][]string, name string, imports []string) (wrong []string) {
	from := layer(rows, name)
	if from < 0 {
		return []string{name + " is in no row"}
	}
	for _, to := range imports {
		if down := layer(rows, to); down < from || down == from && !strings.HasPrefix(name, to+"/") {
			wrong = append(wrong, name+" imports "+to)
		}
	}
	return wrong
}

func TestLayer(t *testing.T) {
	rows := [][]string{{"top"}, {"a/…", "."}, {"a/low"}, {"internal/…"}}
	for name, want := range map[string]int{"top": 0, "a": 1, "a/b": 1, ".": 1, "a/low": 2, "internal/x": 3, "b": -1, "ab": -1} {
		assert.Equal(t, want, layer(rows, name), name)
	}
	assert.Empty(t, upward(rows, "a/b", []string{"a", "a/low", "internal/x"}))
	assert.Equal(t, []string{"a/b imports top", "a/b imports a/c", "a/b imports b"}, upward(rows, "a/b", []string{"top", "a/c", "b"}))
	assert.Equal(t, []string{"b is in no row"}, upward(rows, "b", nil))
}

// No import runs upwards in the table of docs/design.md, whatever the build tags.
func TestImportsRunDownwards(t *testing.T) {
	rows, module := layers(t), strings.TrimSpace(command(t, ".", "go", "list", "-m"))
	require.Greater(t, len(rows), 10)
	local := func(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }
	for _, tags := range []string{"", "hdf5,cuda", "purego"} {
		list := command(t, ".", "go", "list", "-e", "-tags", tags, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
		packages := 0
		for line := range strings.Lines(list) {
			words := strings.Fields(line)
			var imports []string
			for _, path := range words[1:] {
				if path == module || strings.HasPrefix(path, module+"/") {
					imports = append(imports, root(local(path)))
				}
			}
			assert.Empty(t, upward(rows, root(local(words[0])), imports))
			packages++
		}
		assert.Greater(t, packages, 20)
	}
}

// A host reaches the network through the front door alone: another network, or
// another device, is no matter to it.
func TestHostsSeeNoNetwork(t *testing.T) {
	module := strings.TrimSpace(command(t, ".", "go", "list", "-m"))
	list := command(t, ".", "go", "list", "-e", "-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}}`, "./hosts/...")
	assert.Contains(t, list, module+"/hosts/")
	assert.NotRegexp(t, ` `+regexp.QuoteMeta(module)+`/(nn|kernels)\b`, list)
}

// The files that the documentation names are there.
func TestDocumentedFilesExist(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	pages = append(pages, "README.md", "CONTRIBUTING.md", "SECURITY.md")
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	code := regexp.MustCompile("`[^`\n]*`") // where what looks like a link is a molecule
	path := regexp.MustCompile("`((?:[a-z0-9_]+/)+[a-z0-9_]+\\.(?:go|py|mjs|sh|cu|md|xyz|pt))`")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(page), m[1]))
			assert.NoError(t, err, page)
		}
		for _, m := range path.FindAllStringSubmatch(string(text), -1) {
			folder, _, _ := strings.Cut(m[1], "/")
			if _, err := os.Stat(folder); err == nil { // and not another project's
				assert.FileExists(t, m[1], page)
			}
		}
	}
}

// root is how the table calls the package at the root.
func root(path string) string {
	if path == "" {
		return "."
	}
	return path
}
