package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/train"
)

// run runs train.
func run(t *testing.T, ctx context.Context, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, messages bytes.Buffer
	err = Verb.Execute(ctx, cli.Std{In: strings.NewReader(""), Out: &out, Err: &messages}, args)
	return out.String(), messages.String(), err
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// hydrogen is a frame of two atoms at a distance, Å, with labels.
func hydrogen(distance, energy, force float64) string {
	return fmt.Sprintf("2\nProperties=species:S:1:pos:R:3:forces:R:3 energy=%v\nH 0 0 0 %v 0 0\nH %v 0 0 %v 0 0\n", energy, -force, distance, force)
}

// What makes no sense is refused before anything is read.
func TestSettingsAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	in := writeFile(t, path("in.xyz"), hydrogen(0.7, -31, 1))
	student := writeFile(t, path("there.pt"), "")
	usual := []string{"-valid", in, "-o", path("s.pt")}
	for says, args := range map[string][]string{
		"no structures to train on":                              usual,
		"-valid is missing":                                      {"-o", path("s.pt"), in},
		"-o is missing":                                          {"-valid", in, in},
		"one of -epochs, -visits and -time":                      append(usual, "-epochs", "3", "-time", "1m", in),
		"-epochs 0: expected more than 0":                        append(usual, "-epochs", "0", in),
		"-visits 0: expected 1 or more":                          append(usual, "-visits", "0", in),
		"-time 1ms: expected a second or more":                   append(usual, "-time", "1ms", in),
		"-size huge: expected original":                          append(usual, "-size", "huge", in),
		"-size 65,2,12: expected original":                       append(usual, "-size", "65,2,12", in),
		"-size 64,2: expected original":                          append(usual, "-size", "64,2", in),
		"-size with -from":                                       append(usual, "-size", "tiny", "-from", student, in),
		"-key without -from":                                     append(usual, "-key", "ema", in),
		"-cutoff: ":                                              append(usual, "-cutoff", "-1", in),
		"-threads -1":                                            append(usual, "-threads", "-1", in),
		"-max-force 0":                                           append(usual, "-max-force", "0", in),
		"-memory 0":                                              append(usual, "-memory", "0", in),
		"-save-every 0s":                                         append(usual, "-save-every", "0s", in),
		"-every often: expected epochs":                          append(usual, "-every", "often", in),
		"-plot a.pdf: expected a name that ends in .png":         append(usual, "-plot", "a.pdf", in),
		"are all empty: expected a label":                        append(usual, "-energy-key", "", "-forces-key", "", "-stress-key", "", in),
		"expected a name that ends in .pt, .pth or .safetensors": {"-valid", in, "-o", path("s.onnx"), in},
		"-force overwrites it":                                   {"-valid", in, "-o", student, in},
		"is an input: expected another file":                     append(usual, "-log", in, in),
		"are one file: expected outputs":                         append(usual, "-log", path("x.png"), "-plot", dir+"/./x.png", in),
		"there is no state":                                      append(usual, "-resume", in),
		"learning rate 5: expected more than 0 and at most 1":    append(usual, "-rate", "5", path("missing.xyz")),
		"pairs in a batch -1: expected 1 or more":                append(usual, "-pairs", "-1", in),
		"-energy-weight -1: expected 0 or more":                  append(usual, "-energy-weight", "-1", in),
		"-force-weight NaN: expected 0 or more":                  append(usual, "-force-weight", "nan", in),
		"-stress-weight +Inf: expected 0 or more":                append(usual, "-stress-weight", "inf", in),
		"-hessian-weight 1e+300: expected at most 1e+12":         append(usual, "-hessian-weight", "1e300", in),
		"-atom-energies 2e+12: expected at most 1e+12":           append(usual, "-atom-energies", "2e12", in),
		"-force-scale -1: expected 0 or more":                    append(usual, "-force-scale", "-1", in),
		"-energy-huber -1: expected 0 or more":                   append(usual, "-energy-huber", "-1", in),
		"-force-huber -1: expected 0 or more":                    append(usual, "-force-huber", "-1", in),
		"expected a weight above 0: -energy-weight, -force-weig": append(usual, "-energy-weight", "0", "-force-weight", "0", "-stress-weight", "0", in),
		"-seed with -resume":                                     append(usual, "-resume", "-seed", "3", in),
	} {
		stdout, _, err := run(t, t.Context(), args...)
		assert.ErrorContains(t, err, says)
		assert.Equal(t, 1, cli.Code(err), says)
		assert.Empty(t, stdout, says)
		assert.NoFileExists(t, path("s.pt"))
	}
}

// What is wrong with data is counted and said, and refused where nothing is left or
// units contradict one another.
func TestBadData(t *testing.T) {
	dir := t.TempDir()
	good := hydrogen(0.7, -31, 1) + hydrogen(0.75, -31.05, 0.9)
	unlabelled := "1\n\nH 0 0 0\n"
	for name, c := range map[string]struct{ train, says, stderr string }{
		"nothing":    {unlabelled, "no structure that can be used: 1 listed", "no label: neither energy nor forces; no energy in the comment line; no column forces:R:3"},
		"outliers":   {hydrogen(0.1, 5, 61), "no structure that can be used: 1 with a force beyond -max-force", ""},
		"held out":   {hydrogen(0.8, -31, 1), "no structure that can be used: 1 held out for validation", ""},
		"not finite": {"1\n energy=nan\nH 0 0 0\n", "1 listed", "energy: expected finite numbers, found NaN"},
		"unreadable": {"1\n\nXx 0 0 0\n", "no structure that can be used: 1 unreadable", "species: expected the symbol of an element"},
		"units":      {springs(1 / 27.2114), "energies in Hartree beside forces in eV/Å; -mixed-units trains all the same", ""},
		"two points": {"2\nProperties=species:S:1:pos:R:3 energy=1\nH 0 0 0\nH 0 0 0\n", "1 listed", "on the same point"},
		"elements":   {strings.ReplaceAll(good, "H ", "O "), "no structure to train on does", ""},
	} {
		in, valid := writeFile(t, filepath.Join(dir, "train.xyz"), c.train), writeFile(t, filepath.Join(dir, "valid.xyz"), hydrogen(0.8, -31, 1))
		_, stderr, err := run(t, t.Context(), "-valid", valid, "-o", filepath.Join(dir, "s.pt"), in)
		assert.ErrorContains(t, err, c.says, name)
		assert.Contains(t, stderr, c.stderr, name)
		assert.NoFileExists(t, filepath.Join(dir, "s.pt"))
	}
}

// springs is frames of a molecule that follow one another, with energies in a unit
// of so many eV.
func springs(unit float64) string {
	var text strings.Builder
	for k := range 30 {
		d := 0.7 + 0.001*float64(k*k%37)
		text.WriteString(hydrogen(d, unit*(15*(d-0.72)*(d-0.72)-31), -30*(d-0.72)))
	}
	return text.String()
}

// Keys of labels are the command line's.
func TestLabels(t *testing.T) {
	s := &settings{keys: data.LabelKeys{Energy: "REF_energy", Forces: "REF_forces"}}
	s.run.Loss.AtomEnergy, s.run.Loss.Hessian = 1, 1
	f, err := data.NewReader(strings.NewReader("2\nProperties=species:S:1:pos:R:3:REF_forces:R:3:energies:R:1 REF_energy=-3\nH 0 0 0 1 2 3 -2.5\nH 0 0 1 4 5 6 -0.5\n"), "x").Read()
	require.NoError(t, err)
	l, lacks := s.labels(f)
	assert.Empty(t, lacks)
	assert.Equal(t, []any{-3.0, [][3]float64{{1, 2, 3}, {4, 5, 6}}, []float64{-2.5, -0.5}}, []any{l.Energy, l.Forces, l.AtomEnergies})
	assert.Nil(t, l.Curvature)
	direction := data.Column{Name: data.HessianDirectionKey, Kind: data.Real, Width: 3, Reals: []float64{1, 0, 0, 0, 0, 0}}
	f.Columns = append(f.Columns, direction)
	_, lacks = s.labels(f)
	require.Len(t, lacks, 1)
	assert.ErrorContains(t, lacks[0], data.HessianProductKey)
	f.SetVectors(data.HessianProductKey, [][3]float64{{4, 5, 6}, {-4, -5, -6}})
	l, lacks = s.labels(f)
	assert.Empty(t, lacks)
	assert.Equal(t, &train.Curvature{Direction: [][3]float64{{1, 0, 0}, {}}, Product: [][3]float64{{4, 5, 6}, {-4, -5, -6}}}, l.Curvature)

	// What is no number, or cannot be, costs that label alone.
	f.SetVectors(data.HessianProductKey, [][3]float64{{4, 5, 6}, {4, 5, 6}})
	f.Column(data.EnergiesKey).Reals[1] = math.NaN()
	l, lacks = s.labels(f)
	require.Len(t, lacks, 2)
	assert.ErrorContains(t, lacks[0], "energies: expected finite numbers")
	assert.ErrorContains(t, lacks[1], "expected 0, as moving all atoms changes no force")
	assert.Equal(t, []any{-3.0, []float64(nil), (*train.Curvature)(nil)}, []any{l.Energy, l.AtomEnergies, l.Curvature})
	*f.Column(data.EnergiesKey) = data.Column{Name: data.EnergiesKey, Kind: data.Real, Width: 2, Reals: []float64{1, 2, 3, 4}}
	_, lacks = s.labels(f)
	require.Len(t, lacks, 2)
	assert.EqualError(t, lacks[0], "column energies: expected a real number an atom, R:1, found R:2")
}

// The usage says what a new student's cutoff is, and -from takes the file's own.
func TestCutoffOfANewStudent(t *testing.T) {
	var usage bytes.Buffer
	require.NoError(t, Verb.Usage(&usage))
	assert.Contains(t, usage.String(), "-cutoff Å\n        of a new student, Å; with -from the checkpoint's own is taken, and this is for one that does not state it (default 5)\n")
	dir := t.TempDir()
	in, valid := writeFile(t, filepath.Join(dir, "train.xyz"), harmonic(20, 0)), writeFile(t, filepath.Join(dir, "valid.xyz"), harmonic(5, 4))
	start := filepath.Join(dir, "4.pt")
	for _, c := range []struct {
		out    string
		args   []string
		cutoff float64
	}{
		{start, []string{"-size", "16,1,8", "-cutoff", "4"}, 4},
		{filepath.Join(dir, "new.pt"), []string{"-size", "16,1,8"}, 5},
		{filepath.Join(dir, "zero.pt"), []string{"-size", "16,1,8", "-cutoff", "0"}, 5},
		{filepath.Join(dir, "from.pt"), []string{"-from", start}, 4},
	} {
		_, _, err := run(t, t.Context(), append(append(c.args, "-visits", "1", "-valid", valid, "-o", c.out), in)...)
		require.NotEqual(t, 1, cli.Code(err), err)
		student, err := painless.Load(c.out, painless.Options{})
		require.NoError(t, err)
		assert.Equal(t, c.cutoff, student.Cutoff)
	}
}
