package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/commands/cli"
	"painless/internal/jsonfile"
	"painless/internal/systems"
)

const (
	tiny      = "../../../testdata/tiny.pt"
	ultraTiny = "../../../testdata/ultra_tiny.pt"
)

// bench runs the command on few calls and returns its error.
func bench(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = Verb.Execute(context.Background(), cli.Std{Out: &out, Err: &errs}, append([]string{"-rounds", "2", "-calls", "3", "-warmup", "1"}, args...))
	return out.String(), errs.String(), err
}

func TestBench(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	stdout, stderr, err := bench("-model", tiny+","+ultraTiny, "-batch", "3,1", "-atoms", "5", "-threads", "1", "-o", folder)
	require.NoError(t, err)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "structures of 5 atoms, float32, filters table, 1 threads; 6 calls, ")
	assert.Contains(t, stdout, "\n| 3 | tiny | cpu | energy | 15 | ")
	assert.Contains(t, stdout, "\n| 1 | ultra_tiny | cpu | energy+forces | 5 | ")
	assert.Equal(t, 2+2*2*2, strings.Count(stdout, "\n|"))

	r, err := readReport(filepath.Join(folder, "bench.json"))
	require.NoError(t, err)
	assert.Contains(t, stdout, r.Machine.CPU)
	assert.Contains(t, stdout, r.Machine.Go)
	assert.Equal(t, workSettings{Precision: "float32", Filters: "table", Threads: 1, Atoms: 5, Warmup: 1, Rounds: 2, Calls: 3}, r.Settings)
	assert.Positive(t, r.PeakBytes)
	require.Len(t, r.Rows, 8)
	seen := map[[6]any]bool{}
	for _, row := range r.Rows {
		seen[row.key()] = true
		assert.Equal(t, row.Batch, row.Structures)
		assert.Equal(t, 5*row.Batch, row.Atoms)
		assert.Equal(t, 5*4*row.Batch, row.Edges, "all pairs of so small a cluster, in both directions")
		ms := row.Milliseconds
		assert.True(t, 0 < ms.P5 && ms.P5 <= ms.P25 && ms.P25 <= ms.Median && ms.Median <= ms.P75 && ms.P75 <= ms.P95, "%+v", ms)
		assert.Greater(t, row.Bytes, int64(1e5), "the tables of the filters alone")
	}
	assert.Len(t, seen, 8)

	file, err := os.Open(filepath.Join(folder, "latency.png"))
	require.NoError(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	require.NoError(t, err)
	assert.Greater(t, picture.Bounds().Dx(), 1000)
}

// The same numbers again are no regression; twice the time is, and is named.
func TestCompare(t *testing.T) {
	folder := t.TempDir()
	args := []string{"-model", ultraTiny, "-batch", "2", "-atoms", "4"}
	_, _, err := bench(append(args, "-o", folder)...)
	require.NoError(t, err)
	before, err := readReport(filepath.Join(folder, "bench.json"))
	require.NoError(t, err)

	changed := func(change func(r *report)) string {
		r := *before
		r.Rows = append([]row(nil), before.Rows...)
		change(&r)
		path := filepath.Join(t.TempDir(), "old.json")
		require.NoError(t, jsonfile.Write(path, &r))
		return path
	}
	times := func(factor float64) func(*report) {
		return func(r *report) {
			for i := range r.Rows {
				r.Rows[i].Milliseconds.Median *= factor
			}
		}
	}
	stdout, _, err := bench(append(args, "-compare", changed(times(1e6)))...)
	require.NoError(t, err, "a millionth of the time before")
	assert.Contains(t, stdout, "| old ms | new / old |")
	assert.Contains(t, stdout, " 0.00 |\n")

	stdout, _, err = bench(append(args, "-compare", changed(times(1e-6)))...)
	assert.ErrorContains(t, err, "slower beyond the tolerance of 0.1:\nenergy of 2 structures, ultra_tiny on cpu: ")
	assert.ErrorContains(t, err, "\nenergy+forces of 2 structures, ultra_tiny on cpu: ")
	assert.Contains(t, stdout, "| ultra_tiny |", "the table is shown all the same")
	_, _, err = bench(append(args, "-tolerance", "1e9", "-compare", changed(times(1e-6)))...)
	assert.NoError(t, err)

	_, stderr, err := bench(append(args, "-tolerance", "1e9", "-compare", changed(func(r *report) { r.Machine.CPU = "abacus" }))...)
	require.NoError(t, err)
	assert.Contains(t, stderr, "is of another machine: abacus, ")

	stdout, _, err = bench(append(args, "-tolerance", "1e9", "-compare", changed(func(r *report) { r.Rows = r.Rows[:1] }))...)
	require.NoError(t, err)
	assert.Contains(t, stdout, " – | – |\n", "a row that is new")

	for says, change := range map[string]func(*report){
		"nothing to compare":       func(r *report) { r.Rows[0].Model, r.Rows[1].Atoms = "huge", 3 },
		"not the same measurement": func(r *report) { r.Settings.Cloud = true },
		"expected format painless-bench version 1, found \"painless-bench\" version 2": func(r *report) { r.Version = 2 },
		"row 1: expected a median above 0 ms, found 0":                                 func(r *report) { r.Rows[1].Milliseconds.Median = 0 },
	} {
		_, _, err := bench(append(args, "-compare", changed(change))...)
		assert.ErrorContains(t, err, says)
	}
}

// A slower row fails at the tolerance, not before.
func TestTolerance(t *testing.T) {
	old := &report{Rows: []row{{Model: "a", Milliseconds: spread{Median: 1}}, {Model: "b", Milliseconds: spread{Median: 1}}}}
	now := &report{Rows: []row{{Model: "a", Milliseconds: spread{Median: 1.2}}, {Model: "b", Milliseconds: spread{Median: 0.5}}}}
	assert.NoError(t, now.slower(old, 0.21))
	err := now.slower(old, 0.19)
	assert.ErrorContains(t, err, "a on : 1.2 ms, 1.20 times the 1 ms before")
	assert.NotContains(t, err.Error(), "b on")
}

// The old way is one structure of all atoms.
func TestCloud(t *testing.T) {
	folder := t.TempDir()
	stdout, _, err := bench("-model", ultraTiny, "-batch", "4", "-cloud", "-o", folder)
	require.NoError(t, err)
	assert.Contains(t, stdout, "clouds of 16 atoms a batch, ")
	r, err := readReport(filepath.Join(folder, "bench.json"))
	require.NoError(t, err)
	var list atoms.NeighborList[float64]
	require.NoError(t, list.Build(atoms.NewBatch(systems.Cloud(64, 1)), 5))
	for _, row := range r.Rows {
		assert.Equal(t, []int{4, 1, 64, 2 * len(list.D)}, []int{row.Batch, row.Structures, row.Atoms, row.Edges})
		assert.Greater(t, row.Edges, 64*62, "as good as all pairs")
	}
}

// A file's structures fill the batch, over again where they do not suffice.
func TestStructures(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "two.xyz")
	require.NoError(t, os.WriteFile(path, []byte("1\n\nH 0 0 0\n2\n\nO 0 0 0\nH 0 0 0.97\n"), 0o600))
	stdout, _, err := bench("-model", ultraTiny, "-batch", "1,3", "-structures", path, "-o", folder)
	require.NoError(t, err)
	assert.Contains(t, stdout, "structures of "+path)
	r, err := readReport(filepath.Join(folder, "bench.json"))
	require.NoError(t, err)
	require.Len(t, r.Rows, 4)
	assert.Equal(t, []int{1, 1, 4, 4}, []int{r.Rows[0].Atoms, r.Rows[1].Atoms, r.Rows[2].Atoms, r.Rows[3].Atoms})
	assert.Equal(t, 2, r.Rows[2].Edges)
}

func TestErrors(t *testing.T) {
	folder := t.TempDir()
	empty, broken := filepath.Join(folder, "empty.xyz"), filepath.Join(folder, "broken.json")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	require.NoError(t, os.WriteFile(broken, []byte(`{"rows": 3}`), 0o600))
	for says, args := range map[string][]string{
		"-model is missing":     {"-model", ""},
		"none.pt: no such file": {"-model", "none.pt"},
		"bench.go: expected a file of torch.save, torch.jit.save, safetensors or ONNX": {"-model", "bench.go"},
		"expected each file once, found " + tiny + " twice":                            {"-model", tiny + "," + ultraTiny + "," + tiny},
		`key "ema": expected tensors under it`:                                         {"-model", tiny, "-key", "ema"},
		"-batch 1,0: expected different numbers":                                       {"-model", tiny, "-batch", "1,0"},
		"-batch 1,1: expected different numbers":                                       {"-model", tiny, "-batch", "1,1"},
		"-batch two: expected different numbers":                                       {"-model", tiny, "-batch", "two"},
		"-atoms 0: expected 1 to 10000":                                                {"-model", tiny, "-atoms", "0"},
		"-calls 0: expected 1 or more":                                                 {"-model", tiny, "-calls", "0"},
		"-rounds 0, ":                                                                  {"-model", tiny, "-rounds", "0"},
		"-warmup 0: expected 1 or more":                                                {"-model", tiny, "-warmup", "0"},
		"-tolerance NaN: expected 0 or more":                                           {"-model", tiny, "-tolerance", "NaN"},
		"-precision half: expected float32":                                            {"-model", tiny, "-precision", "half"},
		"expected it without -structures":                                              {"-model", tiny, "-cloud", "-structures", empty},
		"empty.xyz: expected a structure":                                              {"-model", tiny, "-structures", empty},
		"broken.json: expected what bench writes":                                      {"-model", tiny, "-compare", broken},
		`-device: device "gpu": expected cpu, cuda, cuda:N or emulator`:                {"-model", tiny, "-device", "cpu,gpu"},
		"-device cpu,cpu: expected each device once, found cpu twice":                  {"-model", tiny, "-device", "cpu,cpu"},
		"x: expected flags only":                                                       {"-model", tiny, "x"},
		"-o " + empty + ": expected a folder, found a file":                            {"-model", tiny, "-o", empty},
		"flag provided but not defined: -y":                                            {"-y"},
	} {
		var stdout bytes.Buffer
		err := Verb.Execute(context.Background(), cli.Std{Out: &stdout, Err: io.Discard}, args)
		assert.ErrorContains(t, err, says)
		assert.Equal(t, 1, cli.Code(err))
		assert.Empty(t, stdout.String())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, Verb.Execute(ctx, cli.Std{Out: io.Discard, Err: io.Discard}, []string{"-model", tiny}), context.Canceled)
}

// What is there is replaced only if that is forced, and an input never; both
// are known before the work.
func TestOutputs(t *testing.T) {
	folder := t.TempDir()
	args := []string{"-model", ultraTiny, "-batch", "1", "-atoms", "2", "-o", folder}
	table, figure := filepath.Join(folder, "bench.json"), filepath.Join(folder, "latency.png")
	for _, there := range []string{table, figure} {
		require.NoError(t, os.WriteFile(there, []byte("kept"), 0o600))
		stdout, _, err := bench(args...)
		assert.EqualError(t, err, there+" is there already: -force overwrites it")
		assert.Empty(t, stdout)
		text, err := os.ReadFile(there)
		require.NoError(t, err)
		assert.Equal(t, "kept", string(text))
		require.NoError(t, os.Remove(there))
	}
	_, _, err := bench(args...)
	require.NoError(t, err)
	before, err := readReport(table)
	require.NoError(t, err)

	stdout, _, err := bench(append(args, "-force", "-compare", table)...)
	assert.EqualError(t, err, table+" is an input: expected another file for the output")
	assert.Empty(t, stdout)
	require.NoError(t, os.WriteFile(figure, []byte("old"), 0o600))
	_, _, err = bench(append(args, "-force")...)
	require.NoError(t, err)
	after, err := readReport(table)
	require.NoError(t, err)
	assert.NotEqual(t, before.Rows, after.Rows)
	picture, err := os.ReadFile(figure)
	require.NoError(t, err)
	assert.Greater(t, len(picture), 1000)

	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	_, _, err = bench(args[:len(args)-2]...)
	require.NoError(t, err)
	now, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Equal(t, len(entries), len(now), "nothing is written unasked")
}

// -json prints the file in place of the table, on several devices too.
func TestJSON(t *testing.T) {
	folder := t.TempDir()
	stdout, stderr, err := bench("-model", ultraTiny, "-batch", "2", "-atoms", "3", "-device", "cpu,emulator", "-threads", "1", "-json", "-o", folder)
	require.NoError(t, err)
	assert.Empty(t, stderr)
	text, err := os.ReadFile(filepath.Join(folder, "bench.json"))
	require.NoError(t, err)
	assert.Equal(t, string(text), stdout)
	var r report
	require.NoError(t, json.Unmarshal(text, &r))
	var seen []string
	for _, row := range r.Rows {
		seen = append(seen, row.Device+" "+row.Quantity)
		assert.Equal(t, row.Device == "cpu", row.Bytes > 0)
	}
	assert.Equal(t, []string{"cpu energy", "cpu energy+forces", "emulator energy", "emulator energy+forces"}, seen)
}

// auto is what it stands for, so that earlier runs can be compared.
func TestFilters(t *testing.T) {
	for precision, want := range map[string]string{"float32": "table", "float64": "exact"} {
		stdout, _, err := bench("-model", ultraTiny, "-batch", "1", "-atoms", "2", "-precision", precision, "-json")
		require.NoError(t, err)
		assert.Contains(t, stdout, `"filters": "`+want+`"`)
	}
}

// Students of one file name go by their paths.
func TestNames(t *testing.T) {
	other := filepath.Join(t.TempDir(), "ultra_tiny.pt")
	text, err := os.ReadFile(ultraTiny)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(other, text, 0o600))
	stdout, _, err := bench("-model", ultraTiny+","+other, "-batch", "1", "-atoms", "2")
	require.NoError(t, err)
	assert.Contains(t, stdout, "| 1 | "+ultraTiny+" | cpu | energy | ")
	assert.Contains(t, stdout, "| 1 | "+other+" | cpu | energy | ")
}

func TestSpread(t *testing.T) {
	var seconds []float64
	for i := 100; i > 0; i-- {
		seconds = append(seconds, float64(i)/1e3)
	}
	assert.Equal(t, spread{5, 25, 50, 75, 95}, spreadOf(seconds))
	assert.Equal(t, spread{7, 7, 7, 7, 7}, spreadOf([]float64{0.007}))
	assert.Equal(t, []string{"1230000", "12.3", "0.00123"}, []string{rounded(1234567), rounded(12.345), rounded(0.0012345)})
	text, err := json.Marshal(spread{P5: 1, Median: 2})
	require.NoError(t, err)
	assert.Equal(t, `{"p5":1,"p25":0,"median":2,"p75":0,"p95":0}`, string(text), "what version 1 is called")
}
