package hdf5

import (
	"path/filepath"
	"slices"
	"strings"
)

// IsTrajectory says whether a file's name ends as those of H5MD trajectories do.
func IsTrajectory(path string) bool {
	return slices.Contains([]string{".h5", ".h5md", ".hdf5"}, strings.ToLower(filepath.Ext(path)))
}
