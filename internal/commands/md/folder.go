package md

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"gonum.org/v1/plot"

	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
	"painless/internal/plots"
)

// reportName is the file in the folder beside the figures.
const reportName = "report.json"

func reportNames() []string {
	list := []string{reportName}
	for _, f := range figures {
		list = append(list, f.name)
	}
	return list
}

// folder is the files that -report asks for. A run that goes on replaces what it
// wrote before.
func (s *settings) folder() *cli.Folder {
	return &cli.Folder{Flag: "-report", Path: s.report, Names: reportNames(), Force: s.force || s.restart != ""}
}

// write fills the folder, or leaves it as it was.
func (r *recorder) write(f *cli.Folder, out *report) error {
	if err := f.Write(reportName, func(w io.Writer) error { return jsonfile.Encode(w, out) }); err != nil {
		return err
	}
	for _, figure := range figures {
		err := f.Write(figure.name, func(w io.Writer) error {
			p, err := figure.draw(r, out)
			if err != nil {
				return err
			}
			return plots.Write(w, figureWidth, figureHeight, []*plot.Plot{p})
		})
		if err != nil {
			return err
		}
	}
	return f.Commit()
}

// report writes the report of a run, however it ended.
func (r *simulation) report(f *cli.Folder, from int64, took time.Duration, end error) error {
	records := r.outputs.records
	if f.Path == "" || len(records.replicas) == 0 {
		return nil
	}
	out := records.report()
	out.Speed = speed(r.Step-from, r.Settings.TimeStep, took, &r.steps)
	for _, failed := range r.Failed {
		out.Failed = append(out.Failed, failureReport{failed.Replica, failed.Step, failed.Err.Error()})
	}
	if cli.Code(end) == 1 {
		out.Stopped = end.Error()
	}
	if errors.Is(end, context.Canceled) {
		out.Stopped = "by a signal"
	}
	return records.write(f, out)
}

// reportLog reports on a run of which there is a log.
func (s *settings) reportLog(ctx context.Context, std cli.Std) error {
	f := s.folder()
	if err := f.Check(std, s.from); err != nil {
		return err
	}
	records, err := readLog(ctx, s.from)
	if err != nil {
		return fmt.Errorf("%s: %w", s.from, err)
	}
	if err := f.Create(); err != nil {
		return err
	}
	defer f.Abort()
	out := records.report()
	out.Log = s.from
	for _, missing := range out.Missing {
		fmt.Fprintf(std.Err, "painless: md: %s: not in the report: %s\n", s.from, missing)
	}
	return records.write(f, out)
}

// readLog records a log, of at least one line.
func readLog(ctx context.Context, path string) (*recorder, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := newRecorder()
	if err := r.readFrom(ctx, file); err != nil {
		return nil, err
	}
	return r, nil
}
