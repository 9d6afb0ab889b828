package bench

import (
	"path/filepath"

	"painless/internal/atomicfile"
	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
)

func (s *settings) checkOutputs(std cli.Std) error {
	if s.output == "" {
		return nil
	}
	report, figure := filepath.Join(s.output, reportName), filepath.Join(s.output, figureName)
	for _, path := range []string{report, figure} {
		if err := std.CheckOutput(path, append(s.model.Paths(), s.structures, s.compare)...); err != nil {
			return err
		}
	}
	return cli.CheckNew(s.force, report, figure)
}

// output is the files that -o asks for, or none.
type output struct {
	folder         *atomicfile.Folder
	report, figure *atomicfile.File
}

// create starts the files before the work, so that it is not for nothing.
func (s *settings) create() (out output, err error) {
	if s.output == "" {
		return output{}, nil
	}
	if out.folder, err = atomicfile.CreateFolder(s.output); err != nil {
		return output{}, err
	}
	if out.report, err = out.folder.Create(reportName); err == nil {
		out.figure, err = out.folder.Create(figureName)
	}
	if err != nil {
		out.folder.Abort()
	}
	return out, err
}

func (out output) write(r *report, replace bool) error {
	if out.folder == nil {
		return nil
	}
	if err := jsonfile.Encode(out.report, r); err != nil {
		return err
	}
	if err := r.draw(out.figure); err != nil {
		return err
	}
	return out.folder.Commit(replace)
}
