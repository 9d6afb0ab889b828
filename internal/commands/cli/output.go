package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// CheckDistinct refuses outputs of which two lead to one file, however they are
// named, be it there or not.
func CheckDistinct(outputs ...string) error {
	type file struct {
		name string
		info fs.FileInfo
	}
	byPlace := map[string]string{}
	var found []file
	for _, output := range outputs {
		at := place(output)
		other, same := byPlace[at]
		byPlace[at] = output
		info, err := os.Stat(output)
		for i := 0; err == nil && !same && i < len(found); i++ { // links of the disk's
			if same = os.SameFile(info, found[i].info); same {
				other = found[i].name
			}
		}
		if same {
			return fmt.Errorf("%s and %s are one file: expected outputs under names of their own", other, output)
		}
		if err == nil {
			found = append(found, file{output, info})
		}
	}
	return nil
}

// place is the absolute path that a name leads to, as far as there is something.
func place(name string) string {
	if at, err := filepath.Abs(name); err == nil {
		name = at
	}
	dir, last := filepath.Split(name)
	if at, err := filepath.EvalSymlinks(name); err == nil {
		return at
	}
	if at, err := filepath.EvalSymlinks(dir); err == nil {
		dir = at
	}
	if to, err := os.Readlink(filepath.Join(dir, last)); err == nil { // where nothing is yet
		if filepath.IsAbs(to) {
			return filepath.Clean(to)
		}
		return filepath.Join(dir, to)
	}
	return filepath.Join(dir, last)
}
