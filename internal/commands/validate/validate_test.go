package validate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/commands/cli"
)

const (
	testdata   = "../../../testdata/"
	tinyModel  = testdata + "tiny.pt"
	ultraModel = testdata + "ultra_tiny.pt"
	golden     = testdata + "ultra_tiny.extxyz"
)

// execute runs validate.
func execute(stdin string, args ...string) (stdout, stderr string, err error) {
	var out, messages bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(stdin), Out: &out, Err: &messages}, args)
	return out.String(), messages.String(), err
}

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
	return runWith(t, "", folder, "", args...)
}

// runWith runs validate, which lists on standard error what it leaves out.
func runWith(t *testing.T, stdin, folder, listed string, args ...string) (r result) {
	t.Helper()
	r.folder = folder
	var stderr string
	r.table, stderr, r.err = execute(stdin, append([]string{"-o", folder, "-force"}, args...)...)
	assert.Equal(t, listed, stderr)
	text, err := os.ReadFile(filepath.Join(folder, "validation.json"))
	require.NoError(t, err, "%v", r.err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&r.report))
	r.json = timeless(string(text))
	return r
}

// timeless is a report, or a table, without what differs from run to run.
func timeless(report string) (text string) {
	for line := range strings.Lines(report) {
		if key := strings.TrimLeft(line, " "); !slices.ContainsFunc([]string{`"date"`, `"seconds"`, `"threads"`, `"ms_per_structure"`, "ms a structure"}, func(k string) bool { return strings.HasPrefix(key, k) }) {
			text += line
		}
	}
	return text
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
		{testdata, testdata, 1e-8}, {"../../../../shared/models/", "../../../../shared/golden/", 1e-5},
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
	total := 0.0
	for _, m := range r.Models {
		total += *m.MSEach * float64(m.Computed)
	}
	assert.Less(t, total, 1000*r.Seconds, "both models within the run")
	assert.Greater(t, total, 0.0)
	assert.Regexp(t, `(?m)^ms a structure +[0-9.e-]+ +[0-9.e-]+$`, r.table)
	assert.Regexp(t, `ms a structure: by the clock, [0-9]+ threads?, `, r.table)
	assert.Equal(t, []datasetReport{{golden, 45, 45}}, r.Datasets)
	assert.Empty(t, r.Unlabelled)
	assert.Contains(t, r.json, `"unlabelled": []`)
	for i, name := range []string{"ultra_tiny", "tiny"} {
		assert.Equal(t, name, r.Models[i].Name)
		assert.Empty(t, r.Models[i].Failed)
		assert.Equal(t, []string{"", "model_state_dict"}[i], r.Models[i].Key)
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
		{"energy RMSE less offsets fitted per atom, meV", func(m *modelReport) float64 { return m.Energy.Offsets.RMSE }},
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
		assert.Equal(t, timeless(want.table), timeless(got.table), args)
		for _, name := range []string{"energy-parity.png", "forces-parity.png", "errors.png", "models.png"} {
			a, err := os.ReadFile(filepath.Join(want.folder, name))
			require.NoError(t, err)
			b, err := os.ReadFile(filepath.Join(got.folder, name))
			require.NoError(t, err)
			assert.True(t, bytes.Equal(a, b), name)
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	for _, extra := range [][]string{{"-max", "0"}, {"-max", "3"}} {
		err := Verb.Execute(ctx, cli.Std{Out: io.Discard, Err: io.Discard}, append(extra, "-model", ultraModel, "-o", dir, golden))
		assert.ErrorIs(t, err, context.Canceled)
	}
	assert.NoFileExists(t, filepath.Join(dir, "validation.json"))
}
