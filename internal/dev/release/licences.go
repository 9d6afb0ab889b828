package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

var licenceName = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice|patents)([-._].*)?$`)

// licences is the texts under which the code of others is in the binaries and
// libraries, each with the modules that it stands in. A module without any is an error.
func licences(targets []target) ([]byte, error) {
	root, err := command(nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	folders := map[string][]string{"Go " + runtime.Version() + ", its runtime and standard library": {strings.TrimSpace(string(root))}}
	for _, t := range targets {
		// Per package: the module, its folder, and the package's.
		list, err := command(t.environment(), "go", "list", "-deps",
			"-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}{{end}}", "./tools/painless", "./hosts/c/api")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(list)) {
			if fields := strings.Split(strings.TrimSpace(line), "\t"); len(fields) == 3 {
				folders[fields[0]] = append(folders[fields[0]], between(fields[1], fields[2])...)
			}
		}
	}
	modules, texts := map[string][]string{}, []string{}
	for _, module := range sortedKeys(folders) {
		slices.Sort(folders[module])
		found := false
		for _, folder := range slices.Compact(folders[module]) {
			some, err := licencesIn(folder)
			if err != nil {
				return nil, err
			}
			for _, text := range some {
				found = true
				if modules[text] == nil {
					texts = append(texts, text)
				}
				if !slices.Contains(modules[text], module) {
					modules[text] = append(modules[text], module)
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("%s: expected a licence in %s", module, folders[module][0])
		}
	}
	all := &bytes.Buffer{}
	all.WriteString("painless contains code of others, under the licences below.\n")
	for _, text := range texts {
		fmt.Fprintf(all, "\n%s\n%s\n%s\n", strings.Join(modules[text], "\n"), strings.Repeat("-", 80), strings.TrimSpace(text))
	}
	return all.Bytes(), nil
}

// between is the folders from a module's to one of its packages'.
func between(module, dir string) (folders []string) {
	for {
		folders = append(folders, dir)
		if dir == module || len(dir) <= len(module) {
			return folders
		}
		dir = filepath.Dir(dir)
	}
}

// licencesIn reads the licences of a folder, in the order of their names.
func licencesIn(folder string) (texts []string, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && licenceName.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				return nil, err
			}
			texts = append(texts, strings.ReplaceAll(string(text), "\r\n", "\n"))
		}
	}
	return texts, nil
}

func sortedKeys(m map[string][]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
