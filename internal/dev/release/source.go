package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"painless/internal/build"
)

// source is what is built.
type source struct {
	module string    // its path
	commit string    // and whether it differs from it
	time   time.Time // of the commit, which every file in the artefacts has
}

var (
	versionForm = regexp.MustCompile(`^(\d+\.\d+\.\d+)(-rc(\d+))?$`)
	heading     = regexp.MustCompile(`(?m)^## (\S+)`)
)

// readSource reads what is to become a version. CHANGELOG.md begins with it, and
// nothing of it is other than what is committed; a candidate may be of what is
// not committed yet.
func readSource(version string) (s source, err error) {
	form := versionForm.FindStringSubmatch(version)
	if form == nil {
		return s, fmt.Errorf("version %q: expected one such as 0.1.0, or 0.1.0-rc1", version)
	}
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return s, err
	}
	first := heading.FindSubmatch(changes)
	if first == nil {
		return s, fmt.Errorf("CHANGELOG.md: expected a line such as ## 0.1.0, found none")
	}
	if string(first[1]) != form[1] {
		return s, fmt.Errorf("version %s: expected that with which CHANGELOG.md begins, found %s there", version, first[1])
	}
	changed, err := command(nil, "git", "status", "--porcelain")
	if err != nil {
		return s, err
	}
	if form[2] == "" && len(changed) > 0 {
		return s, fmt.Errorf("version %s: expected a tree as it is committed, found changes:\n%s", version, changed)
	}
	log, err := command(nil, "git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return s, err
	}
	var unix int64
	if _, err := fmt.Sscan(string(log), &s.commit, &unix); err != nil {
		return s, fmt.Errorf("git log: expected a commit and its time in seconds, found %q: %w", log, err)
	}
	s.time = time.Unix(unix, 0).UTC()
	if len(changed) > 0 {
		s.commit += build.Changed
	}
	module, err := command(nil, "go", "list", "-m")
	if err != nil {
		return s, err
	}
	s.module = strings.TrimSpace(string(module))
	return s, nil
}

// pep440 is a version as Python writes it: 0.1.0rc1.
func pep440(version string) string { return strings.Replace(version, "-", "", 1) }
