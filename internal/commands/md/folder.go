package md

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gonum.org/v1/plot"

	"painless/internal/atomicfile"
	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
	"painless/internal/plots"
)

// reportName is the file in the folder beside the figures.
const reportName = "report.json"

// checkReport refuses, before the work, a folder in which something would be lost.
func (s *settings) checkReport(std cli.Std, reads ...string) error {
	if s.report == "" {
		return nil
	}
	if info, err := os.Stat(s.report); err == nil && !info.IsDir() {
		return fmt.Errorf("-report %s: expected a folder, found a file", s.report)
	}
	for _, name := range reportNames() {
		path := filepath.Join(s.report, name)
		if err := std.CheckOutput(path, reads...); err != nil {
			return err
		}
		if err := cli.CheckNew(s.force || s.restart != "", path); err != nil {
			return err
		}
	}
	return nil
}

func reportNames() []string {
	list := []string{reportName}
	for _, f := range figures {
		list = append(list, f.name)
	}
	return list
}

// reportFolder is the files that -report asks for, or nil.
type reportFolder struct {
	*atomicfile.Folder
	files map[string]*atomicfile.File
	path  string
}

// createReport starts the files before the work, so that it is not for nothing.
func (s *settings) createReport() (f *reportFolder, err error) {
	f = &reportFolder{path: s.report, files: map[string]*atomicfile.File{}}
	if s.report == "" {
		return f, nil
	}
	if f.Folder, err = atomicfile.CreateFolder(s.report); err != nil {
		return nil, err
	}
	for _, name := range reportNames() {
		if f.files[name], err = f.Create(name); err != nil {
			f.Abort()
			return nil, err
		}
	}
	return f, nil
}

// write fills the folder, or leaves it as it was.
func (f *reportFolder) write(r *recorder, out *report, replace bool) error {
	if err := jsonfile.Encode(f.files[reportName], out); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(f.path, reportName), err)
	}
	for _, figure := range figures {
		p, err := figure.draw(r, out)
		if err == nil {
			err = plots.Write(f.files[figure.name], figureWidth, figureHeight, []*plot.Plot{p})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(f.path, figure.name), err)
		}
	}
	return f.Commit(replace)
}

// report writes the report of a run, however it ended.
func (r *simulation) report(f *reportFolder, from int64, took time.Duration, end error) error {
	records := r.outputs.records
	if f.Folder == nil || len(records.replicas) == 0 {
		return nil
	}
	out := records.report()
	out.Speed = speed(r.Step-from, r.Settings.TimeStep, took, &r.steps)
	for _, failed := range r.Failed {
		out.Failed = append(out.Failed, failureReport{failed.Replica, failed.Step, failed.Err.Error()})
	}
	var partial *cli.Partial
	if end != nil && !errors.As(end, &partial) {
		out.Stopped = end.Error()
	}
	if errors.Is(end, context.Canceled) {
		out.Stopped = "by a signal"
	}
	return f.write(records, out, r.settings.force || r.settings.restart != "")
}

// reportLog reports on a run of which there is a log.
func (s *settings) reportLog(ctx context.Context, std cli.Std) error {
	if err := s.checkReport(std, s.from); err != nil {
		return err
	}
	records, err := readLog(ctx, s.from)
	if err != nil {
		return fmt.Errorf("%s: %w", s.from, err)
	}
	f, err := s.createReport()
	if err != nil {
		return err
	}
	defer f.Abort()
	out := records.report()
	out.Log = s.from
	for _, missing := range out.Missing {
		fmt.Fprintf(std.Err, "painless: md: %s: not in the report: %s\n", s.from, missing)
	}
	return f.write(records, out, s.force)
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
