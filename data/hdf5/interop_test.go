//go:build hdf5 && cgo

package hdf5

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
)

// pythonWithH5py is a Python that has h5py. Without one the test is skipped,
// unless PAINLESS_REQUIRE_INTEROP says that there must be one.
func pythonWithH5py(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import h5py").Run() == nil {
			return python
		}
	}
	if os.Getenv("PAINLESS_REQUIRE_INTEROP") != "" {
		t.Fatal("no python3 with h5py (Debian's python3-h5py)")
	}
	t.Skip("no python3 with h5py (Debian's python3-h5py); make interop installs it")
	return ""
}

// TestH5pyReadsWhatWeWrite has h5py read our files and write them anew, and
// compares what it saw, and what we read of its own.
func TestH5pyReadsWhatWeWrite(t *testing.T) {
	python := pythonWithH5py(t)
	frames := random(1100)
	var atoms, energies, indices, splits = []float64{}, []float64{}, []float64{}, []float64{0}
	var positions, stresses, forces, cells []float64
	var pbc, mask []any
	for k, f := range frames {
		for i := range f.Numbers {
			atoms = append(atoms, float64(f.Numbers[i]))
			positions = append(positions, f.Positions[i][:]...)
		}
		splits = append(splits, float64(len(atoms)))
		for i := range f.Cell {
			cells = append(cells, f.Cell[i][:]...)
			pbc = append(pbc, f.PBC[i])
		}
		small := make([][3]float64, len(f.Numbers)) // forces that float32 holds
		for i := range small {
			small[i] = [3]float64{float64(k), float64(i) / 8, -0.5}
			forces = append(forces, small[i][:]...)
		}
		f.SetVectors(data.ForcesKey, small)
		energy, err := f.Floats(data.EnergyKey, 1)
		require.NoError(t, err)
		energies = append(energies, energy...)
		stress, err := f.Stress()
		require.NoError(t, err)
		if k == 5 {
			f.Drop(data.StressKey)
			stress = [6]float64{}
		}
		stresses = append(stresses, stress[:]...)
		mask = append(mask, k != 5)
		indices = append(indices, 123456789012345)
	}
	for _, o := range []Options{{Float32Forces: true}, {Compression: Uncompressed}} {
		o.Metadata = map[string]any{
			"teacher": "größer", "count": int64(-3), "cutoff": 0.1, "periodic": true, "names": []string{"a", ""},
			"numbers": []int64{1, 1 << 60}, "reals": []float64{1e300, 0}, "flags": []bool{false, true},
		}
		ours := written(t, o, frames...)
		copied := t.TempDir() + "/h5py.h5"
		out, err := exec.Command(python, "testdata/h5py_check.py", ours, copied).Output()
		require.NoError(t, err)
		type dataset struct {
			Type        string
			Shape       []int
			Resizable   bool
			Compression string
			Values      []any
		}
		var seen struct {
			Datasets map[string]dataset
			Metadata map[string]any
		}
		require.NoError(t, json.Unmarshal(out, &seen))
		assert.Equal(t, map[string]any{
			"teacher": "größer", "count": -3., "cutoff": 0.1, "periodic": true, "names": []any{"a", ""},
			"numbers": []any{1., float64(1 << 60)}, "reals": []any{1e300, 0.}, "flags": []any{false, true},
		}, seen.Metadata)
		forcesType, compression := "float32", "gzip"
		if o.Compression == Uncompressed {
			forcesType, compression = "float64", ""
		}
		n, s := len(atoms), len(frames)
		for name, want := range map[string]dataset{
			numbersName:  {Type: "int64", Shape: []int{n}, Values: anys(atoms)},
			splitsName:   {Type: "int64", Shape: []int{s + 1}, Values: anys(splits)},
			positionName: {Type: "float64", Shape: []int{n, 3}, Values: anys(positions)},
			cellsName:    {Type: "float64", Shape: []int{s, 3, 3}, Values: anys(cells)},
			pbcName:      {Type: "bool", Shape: []int{s, 3}, Values: pbc},
			energyName:   {Type: "float64", Shape: []int{s}, Values: anys(energies)},
			forcesName:   {Type: forcesType, Shape: []int{n, 3}, Values: anys(forces)},
			fSplitsName:  {Type: "int64", Shape: []int{s + 1}, Values: anys(splits)},
			stressName:   {Type: "float64", Shape: []int{s, 6}, Values: anys(stresses)},
			maskName:     {Type: "bool", Shape: []int{s}, Values: mask},
			indicesName:  {Type: "int64", Shape: []int{s}, Values: anys(indices)},
		} {
			want.Resizable, want.Compression = true, compression
			assert.Equal(t, want, seen.Datasets[name], name)
			delete(seen.Datasets, name)
		}
		assert.Empty(t, seen.Datasets)
		assertFrames(t, frames, readFile(t, copied))
		r, err := Open(copied)
		require.NoError(t, err)
		metadata, err := r.Metadata()
		require.NoError(t, err)
		assert.Equal(t, o.Metadata, metadata)
		require.NoError(t, r.Close())
	}
}

func anys(values []float64) (list []any) {
	for _, x := range values {
		list = append(list, x)
	}
	return list
}
