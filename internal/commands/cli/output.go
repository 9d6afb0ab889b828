package cli

import (
	"fmt"
	"io/fs"
	"os"
)

// CheckOutput refuses to write to a file that is read, however it is named, and as
// what cannot be written.
func (std Std) CheckOutput(output string, inputs ...string) error {
	if _, err := packing(output); err != nil {
		return err
	}
	to, err := stat(output, std.Out)
	if err != nil || !to.Mode().IsRegular() {
		return nil // it is not there, or holds nothing
	}
	for _, input := range inputs {
		if from, err := stat(input, std.In); err == nil && os.SameFile(from, to) {
			if output == "-" {
				output = "standard output"
			}
			return fmt.Errorf("%s is an input: expected another file for the output", output)
		}
	}
	return nil
}

// stat looks at a file; - is the standard one, which in tests is none.
func stat(path string, standard any) (fs.FileInfo, error) {
	if path != "-" {
		return os.Stat(path)
	}
	if f, ok := standard.(*os.File); ok {
		return f.Stat()
	}
	return nil, fs.ErrNotExist
}

// CheckNew refuses to write where a file is, unless force says so.
func CheckNew(force bool, outputs ...string) error {
	for _, output := range outputs {
		if info, err := os.Stat(output); err == nil && info.Mode().IsRegular() && !force && output != "-" {
			return fmt.Errorf("%s is there already: -force overwrites it", output)
		}
	}
	return nil
}
