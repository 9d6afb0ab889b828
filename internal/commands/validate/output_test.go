package validate

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/commands/cli"
)

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

// Nothing is written unasked.
func TestWithoutFolder(t *testing.T) {
	model, err := filepath.Abs(ultraModel)
	require.NoError(t, err)
	labels, err := filepath.Abs(golden)
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{}, {"-json"}} {
		stdout, stderr, err := execute("", append(args, "-model", model, labels)...)
		require.NoError(t, err)
		assert.NotEmpty(t, stdout)
		assert.Empty(t, stderr)
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Empty(t, entries)
}

// -json prints what would be written.
func TestJSON(t *testing.T) {
	want := validated(t, "-model", ultraModel, "-energy-key", "none", golden)
	got, _, err := execute("", "-json", "-model", ultraModel, "-energy-key", "none", golden)
	assert.Equal(t, 2, cli.Code(err))
	assert.Equal(t, want.json, timeless(got))
	r := runIn(t, t.TempDir(), "-json", "-model", ultraModel, golden)
	require.NoError(t, r.err)
	assert.Equal(t, r.json, timeless(r.table), "in place of the table")
}

// The files of a former run stay, unless -force is there; whatever else is in the folder stays.
func TestForce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	args := []string{"-model", ultraModel, "-o", folder, golden}
	_, _, err := execute("", args...)
	require.NoError(t, err)
	names := []string{"validation.json", "energy-parity.png", "forces-parity.png", "errors.png", "models.png"}
	clear := func() {
		for _, name := range names {
			require.NoError(t, os.Remove(filepath.Join(folder, name)))
		}
	}
	for _, name := range names {
		clear()
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte("another's"), 0o600))
		_, _, err := execute("", "-model", "none.pt", "-o", folder, golden) // before the work
		assert.EqualError(t, err, path+" is there already: -force overwrites it")
		_, _, err = execute("", append([]string{"-force"}, args...)...)
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Greater(t, len(text), 100)
	}
	clear()
	other := filepath.Join(folder, "other.png")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	_, _, err = execute("", args...)
	require.NoError(t, err)
	assert.FileExists(t, other)
}

func TestFolderErrors(t *testing.T) {
	folder := t.TempDir()
	input := filepath.Join(folder, "models.png")
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(input, text, 0o600))
	for want, args := range map[string][]string{
		"-o " + golden + ": expected a folder, found a file":                  {"-model", ultraModel, "-o", golden, golden},
		`invalid value "" for flag -o: expected a folder; -h shows the usage`: {"-model", ultraModel, "-o", "", golden},
		"-force without -o: there is no file to replace":                      {"-model", ultraModel, "-force", golden},
		input + " is an input: expected another file for the output":          {"-model", ultraModel, "-o", folder, "-force", input},
	} {
		stdout, _, err := execute("", args...)
		assert.EqualError(t, err, want)
		assert.Empty(t, stdout)
	}
	left, err := os.ReadFile(input)
	require.NoError(t, err)
	assert.Equal(t, text, left)
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{{}, {"-json"}} {
		err := Verb.Execute(context.Background(), cli.Std{Out: full{}, Err: io.Discard}, append(args, "-model", ultraModel, golden))
		assert.EqualError(t, err, "no room")
	}
}

// Models of one name go by their paths.
func TestModelsOfOneName(t *testing.T) {
	text, err := os.ReadFile(ultraModel)
	require.NoError(t, err)
	other := writeFile(t, "ultra_tiny.safe", string(text))
	r := validated(t, "-model", ultraModel+","+other, "-max", "1", golden)
	require.NoError(t, r.err)
	assert.Equal(t, []string{ultraModel, other}, []string{r.Models[0].Name, r.Models[1].Name})
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	empty := writeFile(t, "empty.xyz", "")
	broken := writeFile(t, "broken.xyz", "2\n\nH 0 0\n")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no model":      {[]string{"-model", "", golden}, "-model is missing"},
		"no models":     {[]string{"-model", ",", golden}, "expected file names between the commas"},
		"no data set":   {[]string{"-model", ultraModel}, "no data set"},
		"no such model": {[]string{"-model", ultraModel + ",none.pt", golden}, "none.pt: no such file"},
		"no such data":  {[]string{"-model", ultraModel, "none.xyz"}, "none.xyz: no such file"},
		"no such HDF5":  {[]string{"-model", ultraModel, "none.h5"}, "none.h5: no such file"},
		"not a model":   {[]string{"-model", golden, golden}, "ultra_tiny.extxyz: expected a file of torch.save, torch.jit.save, safetensors or ONNX"},
		"precision":     {[]string{"-model", ultraModel, "-precision", "half", golden}, "-precision half: expected float32 or float64"},
		"device":        {[]string{"-model", ultraModel, "-device", "tpu", golden}, `-device: device "tpu": expected cpu, cuda, cuda:N or emulator`},
		"devices":       {[]string{"-model", ultraModel, "-device", "cpu,cpu", golden}, `-device: device "cpu,cpu": expected cpu, cuda, cuda:N or emulator`},
		"batch":         {[]string{"-model", ultraModel, "-batch", "-1", golden}, "-batch -1: expected 0 or more"},
		"max":           {[]string{"-model", ultraModel, "-max", "-1", golden}, "-max -1: expected 0 (all structures) or more"},
		"no labels":     {[]string{"-model", ultraModel, "-energy-key", "", "-forces-key", "", "-stress-key", "", golden}, "all empty"},
		"flag behind":   {[]string{"-model", ultraModel, golden, "-max", "3"}, "-max stands after an input"},
		"empty":         {[]string{"-model", ultraModel, empty}, "empty.xyz: expected a structure, found none"},
		"broken":        {[]string{"-model", ultraModel, golden, broken}, "broken.xyz:3: expected 4 columns, found 3"},
		"broken, count": {[]string{"-model", ultraModel, "-max", "3", golden, broken}, "broken.xyz:3: expected 4 columns, found 3"},
	} {
		stdout, _, err := execute("", append([]string{"-o", dir}, c.args...)...)
		assert.ErrorContains(t, err, c.says, name)
		assert.Equal(t, 1, cli.Code(err))
		assert.Empty(t, stdout)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing was written")

	usage, _, err := execute("", "-h")
	require.NoError(t, err)
	assert.Contains(t, usage, "usage: painless validate [-model FILE[,FILE…]] [flags] DATASET…\n")
}
