package trajectory

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Another simulation's trajectory is not cut off; one's own is gone on with, in every cell.
func TestAppendAnother(t *testing.T) {
	for name, cell := range cells {
		for _, kind := range kinds {
			path := filepath.Join(t.TempDir(), "run"+kind)
			frames := simulation(cell, 4, 10)
			write(t, path, frames...)
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			other := *frames[2]
			other.Time *= 2
			_, err = Append(path, other.Numbers, other.Step, Options{Later: &other})
			assert.ErrorIs(t, err, ErrAnother)
			assert.ErrorContains(t, err, "run"+kind+": step 20: expected the time 20 fs, found 10 fs: it is another simulation's")
			other = *frames[2]
			other.Positions = append([][3]float64{{0, 1, 2}}, other.Positions[1:]...)
			_, err = Append(path, other.Numbers, other.Step, Options{Later: &other})
			assert.ErrorIs(t, err, ErrAnother)
			assert.ErrorContains(t, err, "step 20: expected atom 0 at [")
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.True(t, string(before) == string(after), "it stays as it is")

			later := *frames[3] // of which step 20 may be of the same simulation, however it moved
			later.Step, later.Time = 25, 12.5
			w, err := Append(path, later.Numbers, later.Step, Options{Later: &later})
			require.NoError(t, err, "%s %s", name, kind)
			assert.Equal(t, 3, w.Frames())
			require.NoError(t, w.Close())
			w, err = Append(path, frames[1].Numbers, frames[1].Step, Options{Later: frames[1]})
			require.NoError(t, err, "%s %s", name, kind)
			assert.Equal(t, 2, w.Frames())
			add(t, w, frames[2:]...)
			again, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.True(t, string(before) == string(again), "%s %s", name, kind)
		}
	}
}
