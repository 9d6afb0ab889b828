package predict

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
	"painless/internal/commands/cli"
)

// Labels are predict's, with the atoms' shares of the energy and the teacher's name.
func TestLabel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labelled.extxyz")
	var stdout, stderr bytes.Buffer
	require.NoError(t, Label.Execute(t.Context(), cli.Std{Out: &stdout, Err: &stderr}, []string{"-teacher", model, "-o", path, golden}))
	assert.Empty(t, stdout.String()+stderr.String())
	want, got := frames(t, output(t, "", "-model", model, golden)), frames(t, readFile(t, path))
	require.Len(t, got, len(want))
	for i, f := range got {
		shares, sum := f.Column(data.EnergiesKey), 0.0
		require.Equal(t, data.Column{Name: "energies", Kind: data.Real, Width: 1, Reals: shares.Reals}, *shares)
		require.Len(t, shares.Reals, len(f.Numbers))
		for _, e := range shares.Reals {
			sum += e
		}
		energy, err := f.Floats("energy", 1)
		require.NoError(t, err)
		assert.Equal(t, energy[0], sum)
		teacher, _ := f.Get("teacher")
		assert.Regexp(t, `^ultra_tiny\.pt sha256 [0-9a-f]{16}$`, teacher)
		f.Drop("energies", "teacher")
		assert.Equal(t, want[i], f)
	}
}

// A frame that the teacher cannot compute is left out and listed.
func TestLabelErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labelled.extxyz")
	run := func(args ...string) (stderr string, err error) {
		var messages bytes.Buffer
		err = Label.Execute(t.Context(), cli.Std{In: strings.NewReader("1\n\nH 0 0 0\n2\n\nH 0 0 0\nO 0 0 0\n"), Out: &bytes.Buffer{}, Err: &messages}, args)
		return messages.String(), err
	}
	stderr, err := run("-teacher", model, "-o", path, "-")
	assert.EqualError(t, err, "1 of 2 frames are left out, as listed")
	assert.Equal(t, 2, cli.Code(err))
	assert.Equal(t, "painless: -: frame 1, line 4: atom 0 (H) and atom 1 (O) are on the same point, [0 0 0] Å\n", stderr)
	assert.Len(t, frames(t, readFile(t, path)), 1)
	require.NoError(t, os.Remove(path))
	for want, args := range map[string][]string{
		"-teacher is missing": {"-o", path, "-"},
		"-o is empty":         {"-teacher", model, "-"},
		"extended XYZ":        {"-teacher", model, "-o", path + ".h5", "-"},
	} {
		_, err := run(args...)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, 1, cli.Code(err))
	}
	assert.NoFileExists(t, path)
}
