package datasets

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
)

// files is the HDF5 files of the reader's tests.
const files = "../../../data/hdf5/testdata/"

func copied(t *testing.T, from, name string, change func([]byte) []byte) string {
	t.Helper()
	b, err := os.ReadFile(files + from)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, change(b), 0o600))
	return path
}

func same(b []byte) []byte { return b }

// HDF5 is what begins as HDF5 does, whatever its name.
func TestHDF5ByContent(t *testing.T) {
	for _, path := range []string{
		files + "gzip.h5", files + "user_block.h5", copied(t, "gzip.h5", "set", same), copied(t, "user_block.h5", "set.xyz", same), copied(t, "latest.h5", "set.hdf", same),
	} {
		assert.True(t, HoldsHDF5(path), path)
		got, err := read(path, "")
		require.NoError(t, err)
		assert.Equal(t, []int{3, 1, 5, 2, 4, 7}, got, path)
	}
	xyz := copied(t, "set.extxyz", "set.xyz", same)
	for _, path := range []string{xyz, t.TempDir(), "none"} {
		assert.False(t, HoldsHDF5(path), path)
	}
	_, err := read(copied(t, "set.extxyz", "set.h5", same), "")
	assert.ErrorContains(t, err, "set.h5: expected an HDF5 file, found another beginning")
}

// A frame that HDF5 cannot give is passed over, and those after it are there.
func TestEachOfHDF5(t *testing.T) {
	var x float64 // of the only atom of frame 1
	require.NoError(t, Source{}.Each(context.Background(), files+"contiguous.h5", func(f *data.Frame, at Place, _ error) error {
		if at.Frame == 1 {
			x = f.Positions[0][0]
		}
		return nil
	}))
	number := func(x float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)) }
	path := copied(t, "contiguous.h5", "set.h5", func(b []byte) []byte {
		require.Equal(t, 1, bytes.Count(b, number(x)))
		return bytes.Replace(b, number(x), number(math.Inf(1)), 1)
	})
	var atoms []int
	require.NoError(t, Source{}.Each(context.Background(), path, func(f *data.Frame, at Place, unreadable error) error {
		if at.Frame == 1 {
			assert.Empty(t, f.Numbers)
			assert.ErrorContains(t, unreadable, "structure 1: /structures/positions[3, 0]: expected a finite number")
			return nil
		}
		assert.NoError(t, unreadable)
		atoms = append(atoms, len(f.Numbers))
		return nil
	}))
	assert.Equal(t, []int{3, 5, 2, 4, 7}, atoms)
}
