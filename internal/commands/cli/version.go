package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"painless/internal/build"
	"painless/kernels/cpu"
)

// writeVersion says what this binary is, as a report of a fault should.
func writeVersion(w io.Writer) error {
	tags := "none"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-tags" {
				tags = s.Value
			}
		}
	}
	_, err := fmt.Fprintf(w, "painless %s\ncommit        %s\nGo            %s %s/%s\ninstructions  %s\ntags          %s\n",
		build.Version(), build.Commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH, cpu.Instructions(), tags)
	return err
}
