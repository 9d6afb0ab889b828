package predict

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/commands/cli"
)

const (
	testdata = "../../../testdata/"
	model    = testdata + "ultra_tiny.pt"
	golden   = testdata + "ultra_tiny.extxyz"
)

// output is what predict prints; it must not fail.
func output(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.NoError(t, Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(stdin), Out: &stdout, Err: &stderr}, args))
	assert.Empty(t, stderr.String())
	return stdout.String()
}

// refused is the error of arguments that predict must refuse, printing nothing.
func refused(t *testing.T, args ...string) error {
	t.Helper()
	var stdout bytes.Buffer
	err := Verb.Execute(context.Background(), cli.Std{In: strings.NewReader(""), Out: &stdout, Err: io.Discard}, args)
	assert.Equal(t, 1, cli.Code(err))
	assert.Empty(t, stdout.String())
	return err
}

func frames(t *testing.T, text string) (list []*data.Frame) {
	t.Helper()
	for r := data.NewReader(strings.NewReader(text), "output"); ; {
		f, err := r.Read()
		if err == io.EOF {
			return list
		}
		require.NoError(t, err)
		list = append(list, f)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// The golden file comes back with its labels computed again, everything else as it was.
func TestExtxyz(t *testing.T) {
	want := frames(t, readFile(t, golden))
	got := frames(t, output(t, "", "-model", model, "-precision", "float64", golden))
	require.Len(t, got, len(want))
	periodic := 0
	for i := range want {
		assert.Equal(t, want[i].Structure, got[i].Structure)
		assert.Equal(t, want[i].Column("forces_f32"), got[i].Column("forces_f32"))
		name, _ := want[i].Get("name")
		kept, _ := got[i].Get("name")
		assert.Equal(t, name, kept)
		wantEnergy, err := want[i].Floats("energy", 1)
		require.NoError(t, err)
		energy, err := got[i].Floats("energy", 1)
		require.NoError(t, err)
		assert.InDelta(t, wantEnergy[0], energy[0], 1e-8)
		a, err := want[i].Stress()
		b, errGot := got[i].Stress()
		assert.Equal(t, err == nil, errGot == nil, "stress for periodic structures, and only for them")
		if err == nil {
			periodic++
			assert.InDeltaSlice(t, a[:], b[:], 1e-10)
		}
	}
	assert.Greater(t, periodic, 5)
}

func TestJSON(t *testing.T) {
	text := output(t, readFile(t, testdata+"ethanol.xyz"), "-model", model, "-json", golden, "-")
	assert.Equal(t, text, output(t, readFile(t, testdata+"ethanol.xyz"), "-model", model, "-format", "json", golden, "-"), "the spelling of version 0")
	structures := frames(t, output(t, "", "-model", model, golden))
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	require.Len(t, lines, len(structures)+1)
	for i, line := range lines {
		var got struct {
			File   string
			Frame  int
			Natoms int
			Energy float64
			Forces [][3]float64
			Stress []float64
		}
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&got))
		if i == len(structures) {
			assert.Equal(t, "-", got.File)
			assert.Equal(t, 0, got.Frame)
			assert.Equal(t, 9, got.Natoms)
			continue
		}
		assert.Equal(t, golden, got.File)
		assert.Equal(t, i, got.Frame)
		assert.Len(t, got.Forces, got.Natoms)
		energy, err := structures[i].Floats("energy", 1)
		require.NoError(t, err)
		assert.Equal(t, energy[0], got.Energy, "both formats read back the same number")
		forces, err := structures[i].Vectors("forces")
		require.NoError(t, err)
		assert.Equal(t, forces, got.Forces)
		if stress, err := structures[i].Stress(); err == nil {
			assert.Equal(t, stress[:], got.Stress)
		} else {
			assert.Nil(t, got.Stress)
		}
	}
}

func TestBatchesAndThreadsDoNotMatter(t *testing.T) {
	want := output(t, "", "-model", model, golden)
	for _, args := range [][]string{{"-batch", "1"}, {"-batch", "7", "-threads", "1"}, {"-batch", "1000", "-threads", "3"}} {
		assert.Equal(t, want, output(t, "", append(append([]string{"-model", model}, args...), golden)...))
	}
}

func TestOutputFileIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.extxyz")
	assert.Empty(t, output(t, "", "-model", model, "-o", path, golden))
	first := readFile(t, path)
	assert.Equal(t, output(t, "", "-model", model, golden), first)

	bad := filepath.Join(dir, "bad.xyz")
	require.NoError(t, os.WriteFile(bad, []byte(readFile(t, testdata+"ethanol.xyz")+"3\n\nH 0 0 0\nH 0 0\n"), 0o600))
	err := refused(t, "-model", model, "-batch", "1", "-o", path, bad) // it is not known where the frame ends
	assert.ErrorContains(t, err, "bad.xyz:15: expected 4 columns, found 3")
	assert.Equal(t, first, readFile(t, path), "what was there is still there")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "no temporary file stays")
}

// An output that ends as .gz is compressed, and is an input again.
func TestPackedOutput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.xyz.gz")
	want := output(t, "", "-model", model, golden)
	assert.Empty(t, output(t, "", "-model", model, "-o", path, golden))
	assert.True(t, strings.HasPrefix(readFile(t, path), "\x1f\x8b"))
	assert.Equal(t, want, output(t, "", "-model", model, path))
	for ending, says := range map[string]string{".xyz.xz": "gzip (.gz) and zstd (.zst) are what can be written", ".h5.gz": "what is written is extended XYZ"} {
		assert.ErrorContains(t, refused(t, "-model", model, "-o", path+ending, golden), says)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	close := write("close.xyz", "2\n\nH 0 0 0\nO 0 0 0\n")
	empty := write("empty.xyz", "")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no model":        {[]string{"-model", "", golden}, "-model is missing"},
		"no input":        {[]string{"-model", model}, "no input"},
		"no such model":   {[]string{"-model", "none.pt", golden}, "none.pt: no such file"},
		"no such input":   {[]string{"-model", model, "none.xyz"}, "none.xyz: no such file"},
		"not a model":     {[]string{"-model", golden, golden}, "ultra_tiny.extxyz: expected a file of torch.save, torch.jit.save, safetensors or ONNX"},
		"two models":      {[]string{"-model", model + "," + testdata + "tiny.pt", golden}, "expected one file"},
		"model twice":     {[]string{"-model", model, "-model", model, golden}, "expected this flag once, found it twice"},
		"output an input": {[]string{"-model", model, "-o", close, close}, "close.xyz is an input: expected another file for the output"},
		"precision":       {[]string{"-model", model, "-precision", "half", golden}, "-precision half: expected float32 or float64"},
		"filters":         {[]string{"-model", model, "-filters", "none", golden}, "-filters none: expected table, exact or auto"},
		"format":          {[]string{"-model", model, "-format", "xml", golden}, "-format xml: expected extxyz or json"},
		"threads":         {[]string{"-model", model, "-threads", "-1", golden}, "-threads -1"},
		"batch":           {[]string{"-model", model, "-batch", "-1", golden}, "-batch -1: expected 0 or more"},
		"flag behind":     {[]string{"-model", model, golden, "-format", "json"}, "-format stands after an input"},
		"same point":      {[]string{"-model", model, close}, "something is wrong with every one of 1 frames, as listed"},
		"strict":          {[]string{"-strict", "-model", model, close}, "close.xyz: frame 0, line 1: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å"},
		"empty input":     {[]string{"-model", model, empty}, "empty.xyz: expected a structure, found none"},
		"output a folder": {[]string{"-model", model, "-o", dir, golden}, "expected a file, found a folder"},
		"output no name":  {[]string{"-model", "none.pt", "-o", "", golden}, "-o is empty: expected a file, or - for standard output"},
		"output model":    {[]string{"-model", model, "-o", model, golden}, "ultra_tiny.pt is an input: expected another file for the output"},
	} {
		err := refused(t, c.args...)
		assert.ErrorContains(t, err, c.says, name)
	}
	assert.Contains(t, output(t, "", "-h"), "usage: painless predict [-model FILE] [flags] INPUT…\n")
}

// A frame that cannot be read or computed costs that frame. With -strict it is an
// error, and so is what ends the reading; the frames before it are there. -batch
// changes none of it.
func TestBadFrames(t *testing.T) {
	const h = "1\n\nH 0 0 0\n"
	unknown, point, unreadable := "1\n\nMd 0 0 0\n", "2\n\nH 0 0 0\nO 0 0 0\n", "1\n\nXx 0 0 0\n"
	whole := strings.TrimSuffix(output(t, h, "-model", model, "-"), "\n") + "\n"
	for _, c := range []struct {
		input, listed, err string
		code, frames       int
		strict             string // the error
		before             int    // frames that are there with it
	}{
		{h + h, "", "", 0, 2, "", 2},
		{
			h + unknown + h + point + unreadable + h + h + unknown,
			"-: frame 1, line 4: atom 0 has atomic number 101: the network knows 1 to 100\n" +
				"-: frame 3, line 10: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å\n" +
				"-: frame 4, line 16: atom 0: species: expected the symbol of an element, or its atomic number, found \"Xx\"\n" +
				"-: frame 7, line 23: atom 0 has atomic number 101: the network knows 1 to 100\n",
			"4 of 8 frames are left out, as listed", 2, 4,
			"-: frame 1, line 4: atom 0 has atomic number 101: the network knows 1 to 100", 1,
		},
		{
			h + "2\n\nH 0 0 0\n" + h + "1\n\nH 0 0 0\nO 0 0 0\n" + h, "-: frame 1, line 4: line 4 says that there are 2 atoms: found 1 lines of them, and line 7 is \"1\", the next frame's number\n" +
				"-: frame 3, line 10: line 10 says that there are 1 atoms: found 2 lines of them, or more\n",
			"2 of 5 frames are left out, as listed", 2, 3,
			"-: frame 1, line 4: line 4 says that there are 2 atoms: found 1 lines of them, and line 7 is \"1\", the next frame's number", 1,
		},
		{
			h + h + unreadable + h, "-: frame 2, line 9: atom 0: species: expected the symbol of an element, or its atomic number, found \"Xx\"\n",
			"1 of 4 frames are left out, as listed", 2, 3,
			"-: frame 2, line 9: atom 0: species: expected the symbol of an element, or its atomic number, found \"Xx\"", 2,
		},
		{
			h + h + point + h + unknown + "2\n\nH 0 0 0\n", "-: frame 2, line 7: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å\n" +
				"-: frame 4, line 14: atom 0 has atomic number 101: the network knows 1 to 100\n",
			"-:20: expected 2 atoms, as line 17 says, found the end of the file after 1", 1, 3,
			"-: frame 2, line 7: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å", 2,
		},
	} {
		for _, batch := range []string{"1", "2", "3", "32"} {
			run := func(args ...string) (stdout, stderr string, err error) {
				var out, messages bytes.Buffer
				args = append(args, "-model", model, "-batch", batch, "-")
				err = Verb.Execute(t.Context(), cli.Std{In: strings.NewReader(c.input), Out: &out, Err: &messages}, args)
				return out.String(), messages.String(), err
			}
			stdout, stderr, err := run()
			assert.Equal(t, strings.Repeat(whole, c.frames), stdout)
			assert.Equal(t, c.listed, strings.ReplaceAll(stderr, "painless: ", ""))
			assert.Equal(t, c.code, cli.Code(err))
			stdoutStrict, stderrStrict, errStrict := run("-strict")
			assert.Equal(t, strings.Repeat(whole, c.before), stdoutStrict)
			assert.Empty(t, stderrStrict)
			if c.err == "" {
				assert.NoError(t, errors.Join(err, errStrict))
			} else {
				assert.EqualError(t, err, c.err)
				assert.EqualError(t, errStrict, c.strict)
				assert.Equal(t, 1, cli.Code(errStrict))
			}
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := filepath.Join(t.TempDir(), "out")
	err := Verb.Execute(ctx, cli.Std{Out: io.Discard, Err: io.Discard}, []string{"-model", model, "-o", path, golden})
	assert.ErrorIs(t, err, context.Canceled)
	assert.NoFileExists(t, path)
}
