package bench

import (
	"io"

	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
)

// folder is the files that -o asks for.
func (s *settings) folder() *cli.Folder {
	return &cli.Folder{Flag: "-o", Path: s.output, Names: []string{reportName, figureName}, Force: s.force}
}

// write fills the folder, or leaves it as it was.
func (r *report) write(out *cli.Folder) error {
	if err := out.Write(reportName, func(w io.Writer) error { return jsonfile.Encode(w, r) }); err != nil {
		return err
	}
	if err := out.Write(figureName, r.draw); err != nil {
		return err
	}
	return out.Commit()
}
