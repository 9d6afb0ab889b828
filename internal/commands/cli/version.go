package cli

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"painless/kernels/cpu"
)

// Version is this binary's.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// writeVersion says what this binary is, as a report of a fault should.
func writeVersion(w io.Writer) error {
	settings := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	commit := cmp.Or(settings["vcs.revision"], "unknown")
	if settings["vcs.modified"] == "true" {
		commit += ", changed since"
	}
	_, err := fmt.Fprintf(w, "painless %s\ncommit        %s\nGo            %s %s/%s\ninstructions  %s\ntags          %s\n",
		Version(), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, cpu.Instructions(), cmp.Or(settings["-tags"], "none"))
	return err
}
