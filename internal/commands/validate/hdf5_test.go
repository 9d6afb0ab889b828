//go:build hdf5 && cgo

package validate

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/data/hdf5"
	"painless/internal/commands/cli"
)

// goldenHDF5 is the golden file as HDF5, and its energies.
func goldenHDF5(t *testing.T) (path string, energies []float64) {
	path = filepath.Join(t.TempDir(), "golden.h5")
	w, err := hdf5.Create(path, hdf5.Options{Compression: hdf5.Uncompressed})
	require.NoError(t, err)
	defer w.Abort()
	file, err := os.Open(golden)
	require.NoError(t, err)
	defer file.Close()
	for r := data.NewReader(file, golden); ; {
		f, err := r.Read()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		energy, err := f.Floats("energy", 1)
		require.NoError(t, err)
		energies = append(energies, energy[0])
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Close())
	return path, energies
}

// HDF5 says the same as extended XYZ.
func TestHDF5(t *testing.T) {
	path, _ := goldenHDF5(t)
	for _, args := range [][]string{{}, {"-max", "9"}} {
		args = append(args, "-model", ultraModel)
		want, got := validated(t, append(args, golden)...), validated(t, append(args, path)...)
		require.NoError(t, got.err)
		assert.Equal(t, want.json, strings.ReplaceAll(got.json, path, golden))
	}
	r := validated(t, "-model", ultraModel, path, golden)
	assert.Equal(t, 90, r.Models[0].Computed)
	broken := writeFile(t, "broken.h5", "no HDF5")
	_, _, err := execute("", "-model", ultraModel, broken)
	assert.ErrorContains(t, err, "broken.h5: expected an HDF5 file")
}

// A structure that HDF5 cannot give is listed, and the others are validated.
func TestUnreadableStructure(t *testing.T) {
	path, energies := goldenHDF5(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	energy, nan := make([]byte, 8), make([]byte, 8)
	binary.LittleEndian.PutUint64(energy, math.Float64bits(energies[7]))
	binary.LittleEndian.PutUint64(nan, math.Float64bits(math.NaN()))
	require.Equal(t, 1, bytes.Count(text, energy))
	require.NoError(t, os.WriteFile(path, bytes.Replace(text, energy, nan, 1), 0o600))
	_, listed, err := execute("", "-model", ultraModel, path)
	assert.Equal(t, 2, cli.Code(err))
	assert.Contains(t, listed, "painless: "+path+": frame 7: ")
	r := runWith(t, "", t.TempDir(), listed, "-model", ultraModel, path)
	assert.Equal(t, 2, cli.Code(r.err))
	require.Len(t, r.Unlabelled, 1)
	assert.Equal(t, 7, r.Unlabelled[0].Frame)
	assert.Contains(t, r.Unlabelled[0].Reason, "structure 7: /labels/energy[7]")
	assert.Equal(t, 45, r.Structures)
	assert.Equal(t, 44, r.Models[0].Computed)
}
