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

// CheckNew refuses to write where something is, unless force says so.
func CheckNew(force bool, outputs ...string) error {
	for _, output := range outputs {
		if _, err := os.Lstat(output); err == nil && !force && output != "-" {
			return fmt.Errorf("%s is there already: -force overwrites it", output)
		}
	}
	return nil
}
