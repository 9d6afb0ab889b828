package validate

import (
	"fmt"
	"io"
	"strings"

	"gonum.org/v1/plot/vg"

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

// folder is the files that -o asks for.
func (s *settings) folder() *cli.Folder {
	return &cli.Folder{Flag: "-o", Path: s.output, Names: names(), Force: s.force}
}

// write fills the folder, or leaves it as it was. Figures of another run that
// there is nothing for go.
func (v *validator) write(out *cli.Folder, r *report) error {
	if err := out.Write(reportName, func(w io.Writer) error { return jsonfile.Encode(w, r) }); err != nil {
		return err
	}
	for _, figure := range figures {
		err := out.Write(figure.name, func(w io.Writer) error {
			rows, err := figure.draw(v, r)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				out.Vacate(figure.name)
				return nil
			}
			return plots.Write(w, panel*vg.Length(len(rows[0])), panel*vg.Length(len(rows)), rows...)
		})
		if err != nil {
			return err
		}
	}
	return out.Commit()
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
