package train

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/commands/cli"
	"painless/train"
)

// said is a session that writes to buffers.
func said(t *train.Trainer) (x *session, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return &session{settings: &settings{from: "a.pt", output: "s.pt", state: "s.pt.state"}, std: cli.Std{Out: stdout, Err: stderr}, trainer: t}, stdout, stderr
}

// rows is a run whose validations had these R², of which the one at best won.
func rows(best int, r2 ...float64) *train.Trainer {
	t := &train.Trainer{Settings: train.Settings{Total: 900, Rate: train.Rate{Peak: 0.3}}, Progress: train.Progress{Best: best, Steps: int64(max(0, len(r2)-1))}}
	for k, x := range r2 {
		t.Rows = append(t.Rows, train.Row{Steps: int64(k), Visits: int64(8 * k), Valid: train.Validation{Components: 3, ForceMAE: 1, ForceR2: x}})
	}
	return t
}

// A run that taught nothing is said to be done in part, and one that ends dead is warned of.
func TestLearned(t *testing.T) {
	for name, c := range map[string]struct {
		run         *train.Trainer
		fails, says string
	}{
		"learned":     {rows(2, -0.1, 0.5, 0.9), "", ""},
		"first":       {rows(0, 0.9, 0.8, 0.7), "no validation had a lower loss than the one before the first step, and s.pt has the weights that the run began with", ""},
		"dead":        {rows(1, -0.1, 0, 0), "R² of the forces is 0.0000, no better than zeros; a lower -rate than 0.3", ""},
		"died":        {rows(1, -0.1, 0.9, -0.02), "", "in the end R² of the forces is -0.0200, no better than zeros"},
		"only energy": {&train.Trainer{Progress: train.Progress{Best: 1, Rows: []train.Row{{}, {Steps: 1}}}}, "", ""},
	} {
		x, _, stderr := said(c.run)
		err := x.learned()
		if c.fails == "" {
			require.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, c.fails, name)
			assert.Equal(t, 2, cli.Code(err), name)
		}
		assert.Contains(t, stderr.String(), c.says, name)
		assert.Equal(t, c.says == "", stderr.Len() == 0, name)
	}
}

// After divergence it is said how to go on.
func TestAfterDivergence(t *testing.T) {
	for says, run := range map[string]*train.Trainer{
		"nothing is written": rows(0),
		"no step was made, and -rate is not the cause: labels may be far off, or the weights of the loss too large: -energy-weight": rows(0, 0.1),
		"s.pt has the weights that the run began with: begin again with a lower -rate than 0.3":                                     rows(0, 0.1, -1),
		"best validation, at visit 8, and s.pt.state the state of the last; -from s.pt with a":                                      rows(1, 0.1, 0.5, 0.4),
	} {
		x, _, _ := said(run)
		assert.Contains(t, x.afterDivergence(), says)
	}
}

// Elements that are new to a student, and those that it is not trained on further, are said.
func TestElementsAreCompared(t *testing.T) {
	set := &train.Set{}
	for k := range 2 {
		s := atoms.Structure{Numbers: []int{14, 1, 1}, Positions: [][3]float64{{}, {1.5, 0, 0}, {0, 1.5 + 0.1*float64(k), 0}}}
		require.NoError(t, set.Add(&s, &train.Labels{Energy: 1}, 5))
	}
	x, stdout, _ := said(nil)
	x.compareElements([]int{1, 6, 9}, set)
	assert.Equal(t, "new       Si: 2 structures with 2 atoms; a.pt was not trained on it\n"+
		"kept      C, F: a.pt knows them and no structure has them; the student says that it knows them still, and nothing tells how its errors on them change\n", stdout.String())
	stdout.Reset()
	x.compareElements(nil, set)
	assert.Equal(t, "from      a.pt does not say on which elements it was trained: the student will say H, Si\n", stdout.String())
}

// -time is made of visits and validations, as many as usual or so many visits apart.
func TestFitting(t *testing.T) {
	for _, c := range []struct {
		seconds, visit, validation float64
		every                      int64
		free                       bool
		total, between             int64
	}{
		{100, 0.01, 1, 0, true, 7900, 395},       // 21 validations
		{100, 0.01, 10, 0, true, 5000, 1250},     // half of 90 s
		{100, 0.01, 200, 0, true, 1, 1},          // no time for any
		{112, 0.01, 1, 1000, false, 10000, 1000}, // the first and the last, and 11 s for each 1000
	} {
		total, between := fitting(c.seconds, train.Speed{Visit: c.visit, Validation: c.validation}, c.every, c.free)
		assert.Equal(t, []int64{c.total, c.between}, []int64{total, between}, "%+v", c)
	}
}

// A student without a channel for the elements, on labels of its own zero, keeps its
// size; where no step makes it better it is written as it was, with exit code 2.
func TestOwnZero(t *testing.T) {
	dir := t.TempDir()
	const from = "../../../testdata/ultra_tiny.pt"
	teacher, err := painless.Open(from, painless.Options{})
	require.NoError(t, err)
	defer teacher.Close()
	var text strings.Builder
	frames := data.NewReader(strings.NewReader(harmonic(40, 0)), "frames")
	for k := range 40 {
		f, err := frames.Read()
		require.NoError(t, err)
		var r painless.Result
		require.NoError(t, teacher.Compute(t.Context(), painless.NewBatch(f.Structure), &r))
		fmt.Fprintf(&text, "3\nProperties=species:S:1:pos:R:3:forces:R:3 energy=%v\n", r.Energy[0])
		for i, z := range f.Numbers {
			p, g := f.Positions[i], r.Forces[i]
			fmt.Fprintln(&text, atoms.Symbol(z), p[0], p[1], p[2], g[0], g[1], g[2])
		}
		if k == 9 {
			writeFile(t, filepath.Join(dir, "v.xyz"), text.String())
			text.Reset()
		}
	}
	in := writeFile(t, filepath.Join(dir, "t.xyz"), text.String())
	stdout, _, err := run(t, t.Context(), "-free", "-from", from, "-rate", "1e-30", "-visits", "40", "-valid", filepath.Join(dir, "v.xyz"), "-o", filepath.Join(dir, "s.pt"), in)
	assert.ErrorContains(t, err, "nothing was learned")
	assert.Equal(t, 2, cli.Code(err))
	assert.Contains(t, stdout, "meV/atom in all, and left to training")
	assert.Contains(t, stdout, "s.pt: validation at visit 0 of 40: forces ")
	student, err := painless.Load(filepath.Join(dir, "s.pt"), painless.Options{})
	require.NoError(t, err)
	was, err := painless.Load(from, painless.Options{})
	require.NoError(t, err)
	assert.Equal(t, was.Config, student.Config)
}
