//go:build hdf5 && cgo

package commands

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/data/hdf5/h5"
)

func init() {
	trajectories = append(trajectories, "h5")
	contents[".h5"] = motion
}

// motion is the numbers of a trajectory in H5MD: where they stand in the file depends
// on how often it was opened.
func motion(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	info, err := file.Stat()
	require.NoError(t, err)
	f, err := h5.Open(file, info.Size())
	require.NoError(t, err)
	root, err := f.Root()
	require.NoError(t, err)
	var all bytes.Buffer
	for _, name := range []string{"particles/all/position", "particles/all/velocity", "particles/all/force",
		"observables/potential_energy", "observables/total_energy", "observables/temperature"} {
		for _, part := range []string{"/step", "/time", "/value"} {
			o, err := root.Lookup(name + part)
			require.NoError(t, err)
			require.NotNil(t, o, name+part)
			d, err := o.Dataset()
			require.NoError(t, err)
			raw := make([]byte, int64(d.Len())*d.RowBytes())
			_, err = d.Read(raw, 0, d.Len())
			require.NoError(t, err)
			require.NotEmpty(t, raw)
			all.WriteString(name + part)
			all.Write(raw)
		}
	}
	return all.String()
}
