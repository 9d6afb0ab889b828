package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image/png"
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
)

const (
	testdata   = "../../testdata/"
	tinyModel  = testdata + "tiny.pt"
	ultraModel = testdata + "ultra_tiny.pt"
	golden     = testdata + "ultra_tiny.extxyz"
)

// result is what a run printed and wrote.
type result struct {
	err    error
	table  string
	json   string // without date and seconds
	folder string
	report
}

// runIn runs validate with the output in a folder.
func runIn(t *testing.T, folder string, args ...string) (r result) {
	t.Helper()
	r.folder = folder
	var stdout, stderr bytes.Buffer
	r.err = run(context.Background(), append([]string{"-o", folder}, args...), &stdout, &stderr)
	assert.Empty(t, stderr.String())
	r.table = stdout.String()
	text, err := os.ReadFile(filepath.Join(folder, "validation.json"))
	require.NoError(t, err, "%v", r.err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&r.report))
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, ` "date"`) && !strings.HasPrefix(line, ` "seconds"`) {
			r.json += line
		}
	}
	return r
}

func validated(t *testing.T, args ...string) result {
	t.Helper()
	return runIn(t, t.TempDir(), args...)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// A student has no error on its own energies, forces and stress: the shipped
// ones, and the trained ones beside the project, which may be absent.
func TestOwnLabels(t *testing.T) {
	for _, set := range []struct {
		models, labels string
		tolerance      float64 // positions are rounded in the labels of the trained students
	}{
		{testdata, testdata, 1e-8}, {"../../../shared/models/", "../../../shared/golden/", 1e-5},
	} {
		for student, parameters := range map[string]int{"original": 427292, "tiny": 77203, "ultra_tiny": 21459} {
			t.Run(set.models+student, func(t *testing.T) {
				labels := set.labels + student + ".extxyz"
				if _, err := os.Stat(labels); err != nil {
					t.Skipf("%s is not here", labels)
				}
				r := validated(t, "-model", set.models+student+".pt", "-precision", "float64", "-filters", "exact", labels)
				require.NoError(t, r.err)
				require.Len(t, r.Models, 1)
				m := r.Models[0]
				assert.GreaterOrEqual(t, r.Structures, 45)
				assert.Equal(t, r.Structures, m.Computed)
				assert.Equal(t, parameters, m.Parameters)
				assert.Less(t, m.Energy.Max, set.tolerance)
				assert.Less(t, m.Forces.Max, set.tolerance)
				assert.Equal(t, 3*r.Atoms, m.Forces.N)
				assert.InDelta(t, 1, *m.Energy.R2, 1e-9)
				assert.InDelta(t, 1, *m.Forces.R2, 1e-9)
				assert.InDelta(t, 1, *m.Forces.Cosine, 1e-9)
				if set.labels == testdata {
					assert.Greater(t, m.Stress.N, 6*5)
					assert.Less(t, m.Stress.Max, 1e-9)
				}
				atoms, structures := 0, 0
				for _, e := range m.ByElement {
					atoms += e.Atoms
				}
				for _, s := range m.BySize {
					structures += s.Structures
				}
				assert.Equal(t, r.Atoms, atoms)
				assert.Equal(t, r.Structures, structures)
			})
		}
	}
}

func TestTableReportAndFigures(t *testing.T) {
	r := validated(t, "-model", ultraModel+","+tinyModel, golden)
	require.NoError(t, r.err)
	assert.Equal(t, 1, r.Version)
	assert.NotEmpty(t, r.Date)
	assert.Greater(t, r.Seconds, 0.0)
	assert.Equal(t, []datasetReport{{golden, 45, 45}}, r.Datasets)
	assert.Empty(t, r.Unlabelled)
	assert.Contains(t, r.json, `"unlabelled": []`)
	for i, name := range []string{"ultra_tiny", "tiny"} {
		assert.Equal(t, name, r.Models[i].Name)
		assert.Empty(t, r.Models[i].Failed)
		assert.Len(t, r.Models[i].WorstForces, ranks)
		assert.Len(t, r.Models[i].WorstEnergy, ranks)
	}
	assert.Less(t, r.Models[0].Forces.RMSE, 1e-5)
	assert.Greater(t, r.Models[1].Forces.RMSE, 1e-2, "another student has other forces")
	lines := strings.Split(r.table, "\n")
	assert.Equal(t, fmt.Sprintf("45 of 45 structures, %d atoms", r.Atoms), lines[0])
	assert.Regexp(t, `^ +ultra_tiny +tiny$`, lines[2])
	for _, row := range []struct {
		name string
		of   func(m *modelReport) float64
	}{
		{"energy MAE, meV/atom", func(m *modelReport) float64 { return m.Energy.PerAtom.MAE }},
		{"energy RMSE less offsets, meV", func(m *modelReport) float64 { return m.Energy.Offsets.RMSE }},
		{"force RMSE, meV/Å", func(m *modelReport) float64 { return m.Forces.RMSE }},
		{"stress MAE, meV/Å³", func(m *modelReport) float64 { return m.Stress.MAE }},
	} {
		assert.Regexp(t, fmt.Sprintf(`(?m)^%s +%s +%s$`, row.name, milli(1, row.of(&r.Models[0])), milli(1, row.of(&r.Models[1]))), r.table)
	}
	for name, size := range map[string][2]int{
		"energy-parity.png": {979, 489}, "forces-parity.png": {979, 489}, "errors.png": {979, 489}, "models.png": {979, 979},
	} {
		text, err := os.ReadFile(filepath.Join(r.folder, name))
		require.NoError(t, err)
		assert.Less(t, len(text), 150_000, name)
		picture, err := png.Decode(bytes.NewReader(text))
		require.NoError(t, err)
		assert.InDelta(t, size[0], picture.Bounds().Dx(), 1, name)
		assert.InDelta(t, size[1], picture.Bounds().Dy(), 1, name)
	}
}

// Neither threads nor batches change a byte of the report.
func TestDeterministic(t *testing.T) {
	want := validated(t, "-model", ultraModel+","+tinyModel, "-threads", "1", golden)
	require.NoError(t, want.err)
	for _, args := range [][]string{{"-threads", "2"}, {"-threads", "2", "-batch", "1"}, {"-batch", "1000"}} {
		got := validated(t, append(append([]string{"-model", ultraModel + "," + tinyModel}, args...), golden)...)
		assert.Equal(t, want.json, got.json, args)
		assert.Equal(t, want.table, got.table, args)
		for _, name := range []string{"energy-parity.png", "forces-parity.png", "errors.png", "models.png"} {
			a, err := os.ReadFile(filepath.Join(want.folder, name))
			require.NoError(t, err)
			b, err := os.ReadFile(filepath.Join(got.folder, name))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(a, b), name)
		}
	}
}

func TestMaxAndSeed(t *testing.T) {
	draw := func(seed string) result {
		r := validated(t, "-model", ultraModel, "-max", "10", "-seed", seed, golden, testdata+"tiny.extxyz")
		require.NoError(t, r.err)
		return r
	}
	one, again, other := draw("1"), draw("1"), draw("2")
	assert.Equal(t, one.json, again.json)
	assert.Equal(t, 10, one.Structures)
	assert.Equal(t, 10, one.Models[0].Computed)
	assert.Equal(t, 10, one.Datasets[0].Selected+one.Datasets[1].Selected)
	assert.Equal(t, 45, one.Datasets[1].Read)
	assert.NotEqual(t, one.Models[0].Energy, other.Models[0].Energy)
	assert.True(t, strings.HasPrefix(one.table, "10 of 90 structures"), one.table)
	all := validated(t, "-model", ultraModel, "-max", "1000", golden)
	assert.Equal(t, 45, all.Structures)
}

// What cannot be computed, or compared, is counted and listed, and the rest is there.
func TestIncomplete(t *testing.T) {
	const head = "Properties=species:S:1:pos:R:3:forces:R:3 "
	path := writeFile(t, "some.extxyz", strings.Join([]string{
		"2\n" + head + "energy=-1\nH 0 0 0 0.1 0 0\nH 0.7 0 0 -0.1 0 0\n",        // 0: whole
		"2\n" + head + "energy=-1\nH 0 0 0 0 0 0\nO 0 0 0 0 0 0\n",               // 1: on the same point
		"1\n" + head + "\nH 0 0 0 1 0 0\n",                                       // 2: no energy
		"1\nProperties=species:S:1:pos:R:3 energy=-2\nH 0 0 0\n",                 // 3: no forces
		"1\n" + head + "energy=nan\nH 0 0 0 1 inf 0\n",                           // 4: no numbers
		"1\n" + head + "energy=-1\nMd 0 0 0 0 0 0\n",                             // 5: unknown to the network
		"0\n" + head + "energy=0\n",                                              // 6: nothing there
		"1\n" + head + "energy=-1 stress=\"1 0 0 0 1 0 0 0 1\"\nH 0 0 0 1 0 0\n", // 7: stress of no volume
		"2\n" + head + "energy=-3\nH 0 0 0 0.2 0 0\nH 0.8 0 0 -0.2 0 0\n",        // 8: whole
	}, ""))
	for _, batch := range []string{"1", "4", "32"} {
		r := validated(t, "-model", ultraModel, "-batch", batch, path)
		assert.ErrorIs(t, r.err, errIncomplete)
		assert.Equal(t, 2, exitCode(r.err))
		assert.ErrorContains(t, r.err, "7 lack a label or could not be computed")
		reasons := func(list []lack) (text []string) {
			for _, l := range list {
				assert.Equal(t, path, l.File)
				text = append(text, fmt.Sprintf("%d %s: %s", l.Frame, l.Formula, l.Reason))
			}
			return text
		}
		assert.Equal(t, []string{
			"2 H: no energy in the comment line",
			"3 H: no column forces:R:3",
			"4 H: energy: expected finite numbers, found NaN",
			"4 H: forces of atom 0: expected finite numbers, found +Inf",
			"6 : no atoms",
			"7 H: stress: expected a periodic cell with a volume, found none",
		}, reasons(r.Unlabelled))
		m := r.Models[0]
		assert.Equal(t, []string{
			"1 HO: atom 0 (H) and atom 1 (O) are on the same point",
			"5 Md: atom 0 has atomic number 101: the network knows 1 to 100",
		}, reasons(m.Failed))
		assert.Equal(t, 9, r.Structures)
		assert.Equal(t, 5, m.Computed)
		assert.Equal(t, 4, m.Energy.N)
		assert.Equal(t, 3*6, m.Forces.N)
		assert.Nil(t, m.Stress)
		assert.Contains(t, r.table, "\n5 structures without a label that was looked for:\n")
		assert.Contains(t, r.table, "\n2 structures that ultra_tiny could not compute:\n")
		assert.Contains(t, r.table, "and 1 more line in validation.json")
	}
}

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
	err := run(context.Background(), []string{"-model", ultraModel, "-o", t.TempDir(), broken}, io.Discard, io.Discard)
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
	r := validated(t, "-model", ultraModel, path)
	assert.ErrorIs(t, r.err, errIncomplete)
	require.Len(t, r.Unlabelled, 1)
	assert.Equal(t, 7, r.Unlabelled[0].Frame)
	assert.Contains(t, r.Unlabelled[0].Reason, "structure 7: /labels/energy[7]")
	assert.Equal(t, 45, r.Structures)
	assert.Equal(t, 44, r.Models[0].Computed)
}

func TestLabelKeys(t *testing.T) {
	r := validated(t, "-model", ultraModel, "-energy-key", "energy_f32", "-forces-key", "forces_f32", golden)
	require.NoError(t, r.err)
	assert.Equal(t, "energy_f32", r.EnergyKey)
	assert.Less(t, r.Models[0].Forces.RMSE, 1e-5)
	r = validated(t, "-model", ultraModel, "-energy-key", "REF_energy", golden)
	assert.ErrorContains(t, r.err, "45 lack a label")
	assert.Nil(t, r.Models[0].Energy)
	assert.Equal(t, 45, r.Models[0].Computed)
	assert.Equal(t, "no REF_energy in the comment line", r.Unlabelled[0].Reason)
}

// A key that is left out is no gap, and its figure of another run goes away.
func TestOneLabel(t *testing.T) {
	folder := t.TempDir()
	figures := func() (names []string) {
		paths, err := filepath.Glob(filepath.Join(folder, "*.png"))
		require.NoError(t, err)
		for _, path := range paths {
			names = append(names, filepath.Base(path))
		}
		return names
	}
	require.NoError(t, runIn(t, folder, "-model", ultraModel, golden).err)
	assert.Equal(t, []string{"energy-parity.png", "errors.png", "forces-parity.png", "models.png"}, figures())
	r := runIn(t, folder, "-model", ultraModel, "-forces-key", "", golden)
	require.NoError(t, r.err)
	assert.Nil(t, r.Models[0].Forces)
	assert.NotNil(t, r.Models[0].Energy)
	assert.NotContains(t, r.table, "force")
	assert.Equal(t, []string{"energy-parity.png", "errors.png", "models.png"}, figures())
	r = runIn(t, folder, "-model", ultraModel, "-energy-key", "", golden)
	require.NoError(t, r.err)
	assert.Nil(t, r.Models[0].Energy)
	assert.Equal(t, []string{"errors.png", "forces-parity.png", "models.png"}, figures())
}

func TestModelsOfOneName(t *testing.T) {
	assert.Equal(t, "a", name(0, []string{"x/a.pt", "b.pt"}))
	assert.Equal(t, "y/a.safetensors", name(1, []string{"x/a.pt", "y/a.safetensors"}))
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	empty := writeFile(t, "empty.xyz", "")
	broken := writeFile(t, "broken.xyz", "1\n\nH 0 0\n")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no model":       {[]string{golden}, "-model is missing"},
		"no models":      {[]string{"-model", ",", golden}, "-model is missing"},
		"no data set":    {[]string{"-model", ultraModel}, "no data set"},
		"no such model":  {[]string{"-model", ultraModel + ",none.pt", golden}, "none.pt: no such file"},
		"no such data":   {[]string{"-model", ultraModel, "none.xyz"}, "none.xyz: no such file"},
		"no such HDF5":   {[]string{"-model", ultraModel, "none.h5"}, "none.h5: no such file"},
		"not a model":    {[]string{"-model", golden, golden}, "ultra_tiny.extxyz: expected a file of torch.save, torch.jit.save, safetensors or ONNX"},
		"precision":      {[]string{"-model", ultraModel, "-precision", "half", golden}, "-precision half: expected float32 or float64"},
		"device":         {[]string{"-model", ultraModel, "-device", "tpu", golden}, "-device tpu: expected cpu, cuda or cuda:N"},
		"batch":          {[]string{"-model", ultraModel, "-batch", "0", golden}, "-batch 0: expected 1 or more"},
		"max":            {[]string{"-model", ultraModel, "-max", "-1", golden}, "-max -1: expected 0 (all structures) or more"},
		"no labels":      {[]string{"-model", ultraModel, "-energy-key", "", "-forces-key", "", golden}, "both empty"},
		"no folder":      {[]string{"-model", ultraModel, "-o", "", golden}, "-o is empty"},
		"flag behind":    {[]string{"-model", ultraModel, golden, "-max", "3"}, "-max stands after a data set"},
		"empty":          {[]string{"-model", ultraModel, empty}, "empty.xyz: expected a structure, found none"},
		"broken":         {[]string{"-model", ultraModel, golden, broken}, "broken.xyz:3: expected 4 columns, found 3"},
		"broken, count":  {[]string{"-model", ultraModel, "-max", "3", golden, broken}, "broken.xyz:3: expected 4 columns, found 3"},
		"folder is file": {[]string{"-model", ultraModel, "-o", golden, golden}, "not a directory"},
	} {
		err := run(context.Background(), append([]string{"-o", dir}, c.args...), io.Discard, io.Discard)
		assert.ErrorContains(t, err, c.says, name)
		assert.Equal(t, 1, exitCode(err))
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing was written")
	assert.Equal(t, 0, exitCode(nil))

	var usage bytes.Buffer
	assert.True(t, errors.Is(run(context.Background(), []string{"-h"}, io.Discard, &usage), flag.ErrHelp))
	assert.Contains(t, usage.String(), "usage: validate -model FILE[,FILE…]")
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	for _, extra := range [][]string{{"-max", "0"}, {"-max", "3"}} {
		err := run(ctx, append(extra, "-model", ultraModel, "-o", dir, golden), io.Discard, io.Discard)
		assert.ErrorIs(t, err, context.Canceled)
	}
	assert.NoFileExists(t, filepath.Join(dir, "validation.json"))
}
