// Package build says what a binary, or a library, was built of.
package build

import (
	"cmp"
	"runtime/debug"
)

// What make release sets with -ldflags -X, so that it is the same wherever it builds.
var release, commit string

// Version returns the version of what runs: the release's, or else the module's
// where the go command knows it, or unknown.
func Version() string {
	module := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		module = info.Main.Version
	}
	return cmp.Or(release, module, "unknown")
}

// Commit returns what the version was built of: the release's commit, or else the
// one that the go command knows, or unknown.
func Commit() string {
	known := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				known = s.Value + known
			case s.Key == "vcs.modified" && s.Value == "true":
				known += Changed
			}
		}
	}
	return cmp.Or(commit, known, "unknown")
}

// Changed stands behind a commit from which the source differs.
const Changed = ", changed since"
