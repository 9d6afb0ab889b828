//go:build hdf5 && cgo

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
	"painless/data/hdf5"
)

// A frame that HDF5 cannot give is passed over, and those after it are there.
func TestEachOfHDF5(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.h5")
	w, err := hdf5.Create(path, hdf5.Options{Compression: hdf5.Uncompressed})
	require.NoError(t, err)
	defer w.Abort()
	marker := 1.2345678
	for k := range 3 {
		f := &data.Frame{}
		f.Numbers, f.Positions = []int{1 + k}, [][3]float64{{}}
		f.Set(data.EnergyKey, marker+float64(k))
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Close())
	got, err := read(path, "")
	require.NoError(t, err)
	assert.Equal(t, []int{1, 1, 1}, got)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	number := func(x float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)) }
	require.NoError(t, os.WriteFile(path, bytes.Replace(text, number(marker+1), number(math.Inf(1)), 1), 0o600))
	var numbers []int
	require.NoError(t, Source{}.Each(context.Background(), path, func(f *data.Frame, at Place, unreadable error) error {
		if at.Frame == 1 {
			assert.Empty(t, f.Numbers)
			assert.ErrorContains(t, unreadable, "structure 1: /labels/energy[1]: expected a finite number")
			return nil
		}
		assert.NoError(t, unreadable)
		numbers = append(numbers, f.Numbers...)
		return nil
	}))
	assert.Equal(t, []int{1, 3}, numbers)
}
