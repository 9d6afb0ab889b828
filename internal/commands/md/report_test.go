package md

import (
	"encoding/json"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/commands/cli"
	"painless/internal/units"
)

// readReport reads a folder, whose figures must be pictures.
func readReport(t *testing.T, dir string) (r report) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, reportName))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &r))
	for _, f := range figures {
		file, err := os.Open(filepath.Join(dir, f.name))
		require.NoError(t, err)
		picture, err := png.Decode(file)
		require.NoError(t, err)
		assert.Greater(t, picture.Bounds().Dx(), 800)
		require.NoError(t, file.Close())
	}
	return r
}

// A run's report says what its log says, to the log's digits; what a log does not
// hold is absent.
func TestReport(t *testing.T) {
	one, err := os.ReadFile(ethanol)
	require.NoError(t, err)
	two := write(t, "two.xyz", string(one)+string(one))
	dir := t.TempDir()
	log, live, later := filepath.Join(dir, "run.csv"), filepath.Join(dir, "live"), filepath.Join(dir, "later")
	_, err = execute(t, "-ensemble", "langevin", "-temperature", "20", "-dt", "0.01", "-steps", "200", "-every", "2", "-log", log, "-report", live, two)
	require.NoError(t, err)
	stderr, err := executeAlone(t, "-from", log, "-report", later)
	require.NoError(t, err)
	assert.Contains(t, stderr, "not in the report: momenta, times of steps, memory")
	a, b := readReport(t, live), readReport(t, later)

	require.NotNil(t, a.Speed)
	assert.EqualValues(t, 200, a.Speed.Steps)
	assert.Greater(t, a.Speed.Latency.Half, 0.)
	assert.GreaterOrEqual(t, a.Speed.Latency.Max, a.Speed.Latency.Hundred)
	assert.GreaterOrEqual(t, a.Speed.Latency.Hundred, a.Speed.Latency.Half)
	assert.Nil(t, b.Speed)
	require.Len(t, a.Replicas, 2)
	for k := range a.Replicas {
		require.NotNil(t, a.Replicas[k].Momenta)
		assert.Greater(t, *a.Replicas[k].Momenta.Angular, 0.)
		assert.Nil(t, b.Replicas[k].Momenta)
		a.Replicas[k].Momenta = nil
		assert.EqualValues(t, 101, a.Replicas[k].Samples)
		assert.Equal(t, 27., *a.Replicas[k].DOF)
	}
	assert.Nil(t, b.Overall.Momentum)
	a.Speed, a.Overall.Momentum, a.Overall.Angular, a.Missing = nil, nil, nil, nil
	b.Missing, b.Log = nil, ""
	assertNear(t, a, b)
	assert.Equal(t, "langevin", a.Ensemble)
	assert.Equal(t, 20., *a.Overall.Kinetic.Target)
	assert.InEpsilon(t, 27./2*units.Boltzmann*20, *a.Overall.Kinetic.ExpectedMean, 1e-9)

	_, err = executeAlone(t, "-from", log, "-report", later)
	assert.ErrorContains(t, err, "-force overwrites it")
	_, err = executeAlone(t, "-from", log, "-report", later, "-force")
	assert.NoError(t, err)
}

// assertNear compares the numbers of reports, by their JSON.
func assertNear(t *testing.T, a, b report) {
	t.Helper()
	var numbers [2]any
	for i, r := range []report{a, b} {
		text, err := json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &numbers[i]))
	}
	var compare func(path string, a, b any)
	compare = func(path string, a, b any) {
		switch a := a.(type) {
		case map[string]any:
			other := b.(map[string]any)
			require.Len(t, other, len(a), path)
			for key := range a {
				compare(path+"."+key, a[key], other[key])
			}
		case []any:
			require.Len(t, b, len(a), path)
			for i := range a {
				compare(path, a[i], b.([]any)[i])
			}
		case float64:
			assert.InDelta(t, a, b, 1e-8+1e-4*math.Abs(a), path) // a run of 2 fs magnifies the log's twelve digits
		default:
			assert.Equal(t, a, b, path)
		}
	}
	compare("", numbers[0], numbers[1])
}

// executeAlone runs the verb with these arguments and no others.
func executeAlone(t *testing.T, args ...string) (stderr string, err error) {
	t.Helper()
	var errs strings.Builder
	err = Verb.Execute(t.Context(), cli.Std{In: strings.NewReader(""), Err: &errs}, args)
	return errs.String(), err
}

// logOf is a log of energies that a line goes through, with a wave on it.
func logOf(header string, samples int, line func(i int) string) string {
	text := header + "\n"
	for i := range samples {
		text += line(i) + "\n"
	}
	return text
}

// The numbers of a report are those of the formulas; a log of an older version
// has no number of atoms, and so no drift of an atom.
func TestReportOfLog(t *testing.T) {
	older := strings.Join(columns[:olderColumns], ",")
	conserved := func(i int) float64 { return -10 + 1e-5*float64(i) + 1e-3*float64(i%2) }
	kinetic := func(i int) float64 { return 1 + 0.1*float64(i%2) }
	line := func(i int) string {
		s := sample{step: int64(10 * i), time: 5 * float64(i), temperature: 2 * kinetic(i) / (24 * units.Boltzmann), potential: -11, kinetic: kinetic(i), conserved: conserved(i),
			atoms: 9, dof: 24, target: math.NaN(), ensemble: "nve"}
		return strings.TrimSuffix(string(s.append(nil, len(columns))), "\n")
	}
	olderLine := func(i int) string { return strings.Join(strings.Split(line(i), ",")[:olderColumns], ",") }
	for name, text := range map[string]string{
		"today's": logOf(strings.Join(columns, ","), 1001, line), "older": logOf(older, 1001, olderLine), "torn": logOf(older, 1001, olderLine) + "10010,5",
	} {
		dir := filepath.Join(t.TempDir(), "report")
		_, err := executeAlone(t, "-from", write(t, "run.csv", text), "-report", dir)
		require.NoError(t, err, name)
		r := readReport(t, dir)
		c := r.Replicas[0].Conserved
		assert.Equal(t, []float64{0, 5000}, []float64{r.FirstTime, r.LastTime})
		assert.InDelta(t, 1e-2, *c.Whole, 1e-5, name) // 1e-5 eV in 5 fs
		assert.InDelta(t, 0.1, *c.Percent, 1e-4)
		assert.InEpsilon(t, 1e-2/0.05, *c.Ratio, 1e-2)
		assert.InDelta(t, 1e-2, c.Change, 1e-9)
		assert.InDelta(t, 1e-2+1e-3-1e-5, c.Deviation, 1e-9)
		assert.EqualValues(t, 9990, c.At)
		assert.Less(t, *c.WholeError, 2e-4)
		assert.Equal(t, 24., *r.Replicas[0].DOF, "older logs say it by energy and temperature")
		if name == "today's" {
			assert.InEpsilon(t, 1e-2*1000/9/5, *c.Drift, 1e-2)
			assert.Equal(t, *c.Drift, *r.Overall.Drift)
			assert.Contains(t, r.Replicas[0].Kinetic.NoExpectation, "constant energy")
		} else {
			assert.Nil(t, c.Drift)
			assert.Contains(t, strings.Join(r.Missing, " "), "atoms: the log has no such column")
			assert.Contains(t, r.Replicas[0].Kinetic.NoExpectation, "does not say the ensemble")
		}
	}
}

// A replica that left early stands by itself, and not in the means of those that came to the end.
func TestReportOfReplicaThatLeft(t *testing.T) {
	r := newRecorder()
	for i := range 5 {
		for id, kelvin := range []float64{300, 100, 400} {
			if id == 1 && i > 0 {
				continue
			}
			require.NoError(t, r.add(&sample{replica: id, step: int64(i), time: float64(i), temperature: kelvin, kinetic: 1, atoms: 9, dof: 24, target: math.NaN(), ensemble: "nve"}))
		}
	}
	report := r.report()
	assert.Len(t, report.Replicas, 3)
	assert.Equal(t, 2, report.Overall.Replicas)
	assert.InDelta(t, 350, report.Overall.Temperature, 1e-9)
}

// A single line is a report too.
func TestReportOfOneStep(t *testing.T) {
	dir := t.TempDir()
	line := strings.Join(columns, ",") + "\n0,0,0,300,-1,1,0,0,0,0,3,9,300,csvr\n"
	_, err := executeAlone(t, "-from", write(t, "run.csv", line), "-report", filepath.Join(dir, "report"))
	require.NoError(t, err)
	r := readReport(t, filepath.Join(dir, "report"))
	assert.EqualValues(t, 1, r.Replicas[0].Samples)
	assert.Nil(t, r.Overall.Drift)
	assert.Nil(t, r.Overall.TemperatureError)
}

func TestReportErrors(t *testing.T) {
	log := write(t, "run.csv", strings.Join(columns, ",")+"\n")
	dir := t.TempDir()
	row := "0,0,0,300,-1,1,0,0,0,0,3,9,300,csvr\n"
	for _, test := range []struct {
		args []string
		text string // of the log
		want string
	}{
		{[]string{"-from", log}, "", "-from: expected -report beside it"},
		{[]string{"-from", log, "-report", dir, ethanol}, "", "expected no INPUT"},
		{[]string{"-from", log, "-report", dir, "-model", model}, "", "-model beside -from"},
		{[]string{"-from", log, "-report", dir}, "", "run.csv: expected a line of a step, found none"},
		{[]string{"-from", log, "-report", log}, "", "expected a folder, found a file"},
		{[]string{"-from", dir + "/none.csv", "-report", dir}, "", "none.csv"},
		{nil, "a,b\n" + row, `expected a log of painless md, found "a,b"`},
		{nil, row + "10,5,0\n", "line 3: expected 14 columns, found 3"},
		{nil, row + strings.Repeat("1,", 5000) + "\n", "line 3: expected less than 4096 bytes"},
		{nil, row + strings.Repeat("1,", 20) + "\n", "line 3: expected 14 columns, found more"},
		{nil, strings.Replace(row, "300", "NaN", 1), `line 2: temperature_K: expected a number, found "NaN"`},
		{nil, strings.Replace(row, "300", "-300", 1), "line 2: kinetic_eV: expected no less than 0"},
		{nil, strings.Replace(row, "-1,1,0", "-1,1,7", 1), "line 2: total_eV: expected the sum of potential and kinetic energy, 0"},
		{nil, strings.Replace(row, "csvr", "nvt", 1), `line 2: ensemble: expected an ensemble, found "nvt"`},
		{nil, strings.Replace(row, ",300,csvr", ",,csvr", 1), "line 2: target_K: expected a temperature where there is a thermostat"},
		{nil, row + strings.Replace(row, "csvr", "nhc", 1), "line 3: expected the ensemble csvr as before, found nhc"},
		{nil, "10" + row + row, "line 3: expected a step of 100 or later, found 0"},
		{nil, "-1" + row[1:], "line 2: step: expected a whole number, 0 or more"},
	} {
		args := test.args
		if args == nil {
			args = []string{"-from", write(t, "run.csv", strings.Join(columns, ",")+"\n"+strings.TrimPrefix(test.text, "a,b\n")), "-report", filepath.Join(dir, "report")}
			if strings.HasPrefix(test.text, "a,b") {
				args[1] = write(t, "run.csv", test.text)
			}
		}
		_, err := executeAlone(t, args...)
		assert.ErrorContains(t, err, test.want, "%v %.100q", test.args, test.text)
	}
	assert.NoDirExists(t, filepath.Join(dir, "report"))
}

// FuzzLog reads any log: it is refused, or what is read is written again as it was.
func FuzzLog(f *testing.F) {
	header := strings.Join(columns, ",") + "\n"
	f.Add(header + "0,0,0,300,-1,1,0,0,0,0,3,9,300,csvr\n10,5,0,300,-1,1,0,0,0,0,3,9,,nve\n")
	f.Add(strings.Join(columns[:olderColumns], ",") + "\n0,0,0,300,-1,1,0,0,0,0\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := newRecorder()
		if r.readFrom(t.Context(), strings.NewReader(text)) != nil {
			return
		}
		out := r.report()
		_, err := json.Marshal(out)
		require.NoError(t, err)
		for _, figure := range figures {
			_, err := figure.draw(r, out)
			require.NoError(t, err)
		}
		in, err := newLogReader(strings.NewReader(text))
		require.NoError(t, err)
		again := strings.Join(columns[:in.columns], ",") + "\n"
		for {
			var s sample
			if in.read(&s) != nil {
				break
			}
			again += string(s.append(nil, in.columns))
		}
		second := newRecorder()
		require.NoError(t, second.readFrom(t.Context(), strings.NewReader(again)))
		require.Len(t, second.replicas, len(r.replicas))
	})
}
