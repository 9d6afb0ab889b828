package train

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/checkpoint"
	"painless/internal/commands/cli"
	"painless/internal/commands/predict"
	"painless/internal/commands/validate"
	"painless/internal/peertest"
	"painless/nn"
)

// harmonic is n frames of a water-like molecule with harmonic bonds and the energies
// of its atoms, in random order of lengths.
func harmonic(n, seed int) string {
	var text strings.Builder
	for k := range n {
		a, b := 0.90+0.01*float64((k*7+seed)%13), 0.90+0.01*float64((k*5+3*seed)%11)
		sin, cos := math.Sincos(1.7 + 0.02*float64((k*3+seed)%9))
		fa, fb := -40*(a-0.96), -40*(b-0.96)
		energy := 20*((a-0.96)*(a-0.96)+(b-0.96)*(b-0.96)) - 2000 - 2*13
		fmt.Fprintf(&text, "3\nProperties=species:S:1:pos:R:3:forces:R:3 energy=%.9f\nO 0 0 0 %.9f %.9f 0\nH %.9f 0 0 %.9f 0 0\nH %.9f %.9f 0 %.9f %.9f 0\n",
			energy, -fa-fb*cos, -fb*sin, a, fa, b*cos, b*sin, fb*cos, fb*sin)
	}
	return text.String()
}

// trained trains a student, which has to go well.
func trained(t *testing.T, dir string, args ...string) (stdout string) {
	t.Helper()
	in, valid := writeFile(t, filepath.Join(dir, "train.xyz"), harmonic(60, 0)), writeFile(t, filepath.Join(dir, "valid.xyz"), harmonic(11, 4))
	stdout, stderr, err := run(t, t.Context(), append(append([]string{"-valid", valid}, args...), in)...)
	require.NoError(t, err, stderr)
	return stdout
}

// A student that is trained says what it knows, gives total energies, and is
// what a log and a curve say.
func TestTrains(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	stdout := trained(t, dir, "-size", "16,1,8", "-visits", "1600", "-rate", "5e-3", "-o", path("s.pt"), "-log", path("log.csv"), "-plot", path("curve.png"))
	assert.Contains(t, stdout, "training  60 of 60 structures: 180 atoms")
	assert.Contains(t, stdout, "eV: the least of all that fit as well, as the compositions tell 1 of 2 apart")
	assert.Contains(t, stdout, "wrote     "+path("s.pt")+": validation at visit ")

	file, err := os.Open(path("log.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 22, "a heading, the beginning, and twenty")
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	number := func(row int, name string) float64 {
		x, err := strconv.ParseFloat(rows[row][column[name]], 64)
		require.NoError(t, err)
		return x
	}
	assert.Equal(t, 1600.0, number(21, "visits"))
	assert.Less(t, number(21, "valid_force_mae_eV_per_A"), 0.3*number(1, "valid_force_mae_eV_per_A"))
	curve, err := os.Open(path("curve.png"))
	require.NoError(t, err)
	defer curve.Close()
	_, err = png.Decode(curve)
	require.NoError(t, err)

	model, err := painless.Open(path("s.pt"), painless.Options{})
	require.NoError(t, err)
	defer model.Close()
	assert.Equal(t, []int{1, 8}, model.Network.Elements)
	assert.Empty(t, model.Others)
	assert.Empty(t, model.Unapplied)
	var r painless.Result
	water := painless.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{}, {0.96, 0, 0}, {0.96 * math.Cos(1.8), 0.96 * math.Sin(1.8), 0}}}
	require.NoError(t, model.Compute(t.Context(), painless.NewBatch(water), &r))
	assert.InDelta(t, -2026, r.Energy[0], 0.1)
	c, err := checkpoint.Open(path("s.pt"))
	require.NoError(t, err)
	defer c.Close()
	training, ok := c.Metadata["training"].(map[string]any)
	require.True(t, ok)
	assert.Contains(t, training["command"], "-size=16,1,8")
	assert.NotContains(t, training["command"], string(filepath.Separator), "folders are nobody else's business")
	assert.Regexp(t, "^[0-9a-f]{64}$", training["train_sha256"])
}

// A run that weighs the Hessian says how far it is off, as validate has it, and draws it;
// another does not.
func TestTrainsOnHessians(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, in := range map[string]string{"train": harmonic(60, 0), "valid": harmonic(11, 4)} {
		var stderr bytes.Buffer
		require.NoError(t, predict.Label.Execute(t.Context(), cli.Std{Out: &stderr, Err: &stderr}, []string{"-hessian", "-teacher", "../../../testdata/ultra_tiny.pt", "-o", path(name + ".xyz"),
			writeFile(t, path(name+"-bare.xyz"), in)}), stderr.String())
	}
	trained := func(name, weight string) (stdout string, table [][]string, width int) {
		stdout, stderr, err := run(t, t.Context(), "-size", "16,1,8", "-visits", "1680", "-every", "7", "-rate", "5e-3", "-hessian-weight", weight, "-valid", path("valid.xyz"),
			"-o", path(name+".pt"), "-plot", path(name+".png"), path("train.xyz"))
		require.NoError(t, err, stderr)
		_, after, found := strings.Cut(stdout, "\n\n")
		require.True(t, found, stdout)
		for line := range strings.Lines(after) {
			table = append(table, strings.Fields(line))
		}
		curve, err := os.Open(path(name + ".png"))
		require.NoError(t, err)
		defer curve.Close()
		header, err := png.DecodeConfig(curve)
		require.NoError(t, err)
		return stdout, table, header.Width
	}
	_, table, narrow := trained("without", "0")
	assert.Equal(t, "energies", table[0][len(table[0])-1])
	assert.Len(t, table[3], 9)
	stdout, table, wide := trained("with", "0.01")
	assert.Equal(t, []string{"H", "along", "1", "Å"}, table[0][len(table[0])-4:])
	assert.Len(t, table[3], 10)
	assert.InDelta(t, 1.5, float64(wide)/float64(narrow), 0.01)

	var report bytes.Buffer
	require.NoError(t, validate.Verb.Execute(t.Context(), cli.Std{Out: &report, Err: io.Discard}, []string{"-json", "-model", path("with.pt"), path("valid.xyz")}))
	var got struct {
		Models []struct{ Hessian struct{ MAE float64 } }
	}
	require.NoError(t, json.Unmarshal(report.Bytes(), &got))
	best := regexp.MustCompile(`validation at visit (\d+) of`).FindStringSubmatch(stdout)[1]
	row := slices.IndexFunc(table, func(row []string) bool { return row[0] == best })
	assert.Equal(t, table[row][9], fmt.Sprintf("%.4g", 1000*got.Models[0].Hessian.MAE))
	first, err := strconv.ParseFloat(table[3][9], 64)
	require.NoError(t, err)
	assert.Less(t, 1000*got.Models[0].Hessian.MAE, 0.5*first)
}

// What is fine-tuned begins where it was; a student that is not tied is tied first,
// and it is said by how much that changes it.
func TestFineTunes(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	trained(t, dir, "-size", "16,1,8", "-visits", "1500", "-rate", "5e-3", "-o", path("a.safetensors"))
	stdout := trained(t, dir, "-from", path("a.safetensors"), "-rate", "1e-4", "-visits", "100", "-o", path("b.pt"), "-log", path("b.csv"))
	assert.NotContains(t, stdout, "tied first")
	first, err := os.ReadFile(path("b.csv"))
	require.NoError(t, err)
	a, err := checkpoint.Open(path("a.safetensors"))
	require.NoError(t, err)
	defer a.Close()
	var said map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.Metadata["training"].(string)), &said))
	begin := strings.Split(strings.Split(string(first), "\n")[1], ",")
	want, err := strconv.ParseFloat(said["valid_force_mae_ev_per_angstrom"].(string), 64)
	require.NoError(t, err)
	got, err := strconv.ParseFloat(begin[10], 64)
	require.NoError(t, err)
	assert.InDelta(t, want, got, 1e-3*want+1e-5)

	stdout = trained(t, dir, "-from", "../../../testdata/ultra_tiny.pt", "-visits", "400", "-o", path("c.pt"), "-log", path("c.csv"))
	assert.Regexp(t, `tied first: on the structures held out its energies change by [0-9.e+]+ meV/atom and its forces by`, stdout)
	assert.Contains(t, stdout, "has no channel for them, and gets one: 40 features in place of 32")
	text, err := os.ReadFile(path("c.csv"))
	require.NoError(t, err)
	energies, err := strconv.ParseFloat(strings.Split(strings.Split(string(text), "\n")[1], ",")[14], 64)
	require.NoError(t, err)
	assert.Less(t, energies, 0.1, "of total energies of -675 eV an atom")
	stdout = trained(t, dir, "-free", "-from", "../../../testdata/ultra_tiny.pt", "-visits", "400", "-o", path("d.pt"))
	assert.NotContains(t, stdout, "tied first")
}

// A run by the clock says how to repeat it.
func TestTime(t *testing.T) {
	dir := t.TempDir()
	stdout := trained(t, dir, "-size", "16,1,8", "-time", "1s", "-o", filepath.Join(dir, "s.pt"))
	assert.Regexp(t, `visits a second and [0-9.e-]+ s a validation: -time 1s is \d+ visits, .* epochs; -visits \d+ -every [0-9.e-]+ repeats the run`, stdout)
}

// PyTorch opens a student that was trained here, and finds the energies that painless does.
func TestTorchOpensStudents(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "s.pt")
	script := writeFile(t, filepath.Join(dir, "run.py"), `import sys, torch
from model import Student
c = torch.load(sys.argv[1])
m = Student(**c["config"])
m.load_state_dict(c["model_state_dict"])
r = torch.tensor([[0.0, 0, 0], [0.95, 0, 0], [-0.3, 0.9, 0]])
print(float(m(torch.tensor([8, 1, 1]), r)))`)
	python := peertest.Torch(t, script, out)
	trained(t, dir, "-size", "16,2,8", "-visits", "200", "-o", out)
	text, err := python.Output()
	require.NoError(t, err)
	want, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	require.NoError(t, err)
	n, err := painless.Load(out, painless.Options{})
	require.NoError(t, err)
	p, err := nn.NewPotential(n, nn.Options{Threads: 1})
	require.NoError(t, err)
	defer p.Close()
	var r nn.Result
	require.NoError(t, p.Compute(t.Context(), atoms.NewBatch(atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{}, {0.95, 0, 0}, {-0.3, 0.9, 0}}}), &r))
	assert.InDelta(t, want, r.Energy[0], 2e-3)
}
