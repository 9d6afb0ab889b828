package md

import (
	"fmt"
	"os"
	"path/filepath"

	"painless/data/trajectory"
	"painless/internal/commands/cli"
)

// paths is the files that the run appends to: the replicas' trajectories and the log.
func (s *settings) paths(replicas int) (paths []string) {
	if s.trajectory != "" {
		for k := range replicas {
			paths = append(paths, trajectory.ReplicaPath(s.trajectory, k, replicas))
		}
	}
	if s.log != "" {
		paths = append(paths, s.log)
	}
	return paths
}

// checkOutputs refuses outputs that are inputs or one another, that exist, or
// that have no folder, before any of them is made. A restart goes on with
// trajectories and log, and replaces its own checkpoint and report.
func (s *settings) checkOutputs(std cli.Std, model string, replicas int) error {
	reads := []string{model}
	if s.input != "" {
		reads = append(reads, s.input)
	}
	outputs, folder := s.paths(replicas), s.folder()
	appended := len(outputs)
	if s.checkpoint != "" {
		outputs = append(outputs, s.checkpoint)
	}
	if err := cli.CheckDistinct(append(folder.Paths(), outputs...)...); err != nil {
		return err
	}
	own := s.restart != "" && cli.CheckDistinct(s.restart, s.checkpoint) != nil
	for i, output := range outputs {
		from := reads
		if s.restart != "" && !(own && output == s.checkpoint) {
			from = append(from[:len(from):len(from)], s.restart)
		}
		if err := std.CheckOutput(output, from...); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Dir(output)); err != nil {
			return fmt.Errorf("%s: %w", output, err)
		}
		if s.restart != "" && (i < appended || own) {
			continue
		}
		if err := cli.CheckNew(s.force, output); err != nil {
			return err
		}
	}
	if s.restart != "" {
		reads = append(reads, s.restart)
	}
	return folder.Check(std, reads...)
}
