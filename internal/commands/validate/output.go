package validate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"painless/internal/atomicfile"
	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
	"painless/internal/plots"
)

// reportName is the file in the folder beside the figures.
const reportName = "validation.json"

// names is the files of the folder.
func names() []string {
	var list []string
	for _, f := range figures {
		list = append(list, f.name)
	}
	return append(list, reportName)
}

// checkOutput refuses, before the work, a folder in which something would be lost.
func (s *settings) checkOutput(std cli.Std) error {
	if s.output == "" {
		return nil
	}
	if info, err := os.Stat(s.output); err == nil && !info.IsDir() {
		return fmt.Errorf("-o %s: expected a folder, found a file", s.output)
	}
	for _, name := range names() {
		path := filepath.Join(s.output, name)
		if err := std.CheckOutput(path, slices.Concat(s.datasets, s.model.Paths())...); err != nil {
			return err
		}
		if err := cli.CheckNew(s.force, path); err != nil {
			return err
		}
	}
	return nil
}

// folder is the files that -o asks for, or none.
type folder struct {
	*atomicfile.Folder
	files map[string]*atomicfile.File
}

// create starts the files before the work, so that it is not for nothing.
func (s *settings) create() (out folder, err error) {
	if s.output == "" {
		return folder{}, nil
	}
	out = folder{files: map[string]*atomicfile.File{}}
	if out.Folder, err = atomicfile.CreateFolder(s.output); err != nil {
		return folder{}, err
	}
	for _, name := range names() {
		if out.files[name], err = out.Create(name); err != nil {
			out.Abort()
			return folder{}, err
		}
	}
	return out, nil
}

// write fills the folder, or leaves it as it was. Figures of another run that
// there is nothing for go.
func (out folder) write(v *validator, r *report) error {
	if out.Folder == nil {
		return nil
	}
	if err := jsonfile.Encode(out.files[reportName], r); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(v.output, reportName), err)
	}
	for _, figure := range figures {
		file := out.files[figure.name]
		rows, err := figure.draw(v, r)
		if err == nil && len(rows) == 0 {
			file.Vacate()
		} else if err == nil {
			err = plots.Write(file, panel*vg.Length(len(rows[0])), panel*vg.Length(len(rows)), rows...)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(v.output, figure.name), err)
		}
	}
	return out.Commit(v.force)
}

func (s *settings) print(std cli.Std, r *report) error {
	if s.json {
		return jsonfile.Encode(std.Out, r)
	}
	table := &strings.Builder{}
	r.print(table)
	_, err := fmt.Fprint(std.Out, table)
	return err
}
