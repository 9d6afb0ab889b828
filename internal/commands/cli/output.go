package cli

import (
	"fmt"
	"os"
)

// CheckOutput refuses to write to a file that is read, however it is named.
func CheckOutput(output string, inputs ...string) error {
	to, err := os.Stat(output)
	if err != nil || output == "-" {
		return nil // it is not there
	}
	for _, input := range inputs {
		if from, err := os.Stat(input); err == nil && input != "-" && os.SameFile(from, to) {
			return fmt.Errorf("%s is an input: expected another file for the output", output)
		}
	}
	return nil
}

// CheckNew refuses to write to files that are there, unless that is forced.
func CheckNew(force bool, outputs ...string) error {
	for _, output := range outputs {
		if _, err := os.Lstat(output); err == nil && !force {
			return fmt.Errorf("%s is there: expected another place for the output, or -force to replace it", output)
		}
	}
	return nil
}
