package predict

import (
	"bytes"
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
	"painless/internal/vec"
)

// Labels are predict's, with the atoms' shares of the energy and the teacher's name.
func TestLabel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labelled.extxyz")
	var stdout, stderr bytes.Buffer
	require.NoError(t, Label.Execute(t.Context(), cli.Std{Out: &stdout, Err: &stderr}, []string{"-teacher", model, "-o", path, golden}))
	assert.Empty(t, stdout.String())
	assert.Regexp(t, `^painless: label: 45 structures with energies and forces by ultra_tiny\.pt sha256 [0-9a-f]{16}: \S*/labelled\.extxyz, in [0-9.]+(ms|s)\n$`, stderr.String())
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

// The Hessian along a direction is how forces change along it, by other differences in
// float64; a structure that is displaced is part of its frame.
func TestLabelHessian(t *testing.T) {
	const teacher, ethanol = "../../../student/default.pt", testdata + "ethanol.xyz"
	path, shaken := filepath.Join(t.TempDir(), "labelled.extxyz"), filepath.Join(t.TempDir(), "shaken.xyz")
	require.NoError(t, os.WriteFile(shaken, []byte(strings.Replace(readFile(t, ethanol), "0.013", "0.113", 1)), 0o600))
	run := func(args ...string) []*data.Frame {
		var stderr bytes.Buffer
		require.NoError(t, Label.Execute(t.Context(), cli.Std{Err: &stderr}, append([]string{"-teacher", teacher, "-hessian", "-o", path}, append(args, ethanol, ethanol, shaken)...)))
		assert.Regexp(t, `^painless: label: 3 structures with energies and forces and Hessians along a direction by default\.pt sha256 [0-9a-f]{16}: .*\n$`, stderr.String())
		return frames(t, readFile(t, path))
	}
	p, err := painless.Open(teacher, painless.Options{Precision: painless.Float64})
	require.NoError(t, err)
	defer p.Close()
	list := run("-batch", "2")
	require.Len(t, list, 3)
	assert.Equal(t, list, run("-batch", "5"))
	var worst, size float64
	for _, f := range list {
		direction, err := f.Vectors(data.HessianDirectionKey)
		require.NoError(t, err)
		product, err := f.Vectors(data.HessianProductKey)
		require.NoError(t, err)
		b := painless.NewBatch()
		steps := []float64{-2, -1, 1, 2}
		const step = 1e-3
		for _, by := range steps {
			s := f.Structure
			s.Positions = nil
			for i, r := range f.Positions {
				s.Positions = append(s.Positions, vec.Add(r, vec.Scale(direction[i], by*step)))
			}
			b.Append(&s)
		}
		var r painless.Result
		require.NoError(t, p.Compute(t.Context(), b, &r))
		n := len(f.Numbers)
		for i := range n {
			for c := range 3 {
				forces := func(k int) float64 { return r.Forces[k*n+i][c] }
				want := (8*(forces(1)-forces(2)) - (forces(0) - forces(3))) / (12 * step)
				worst, size = worst+math.Abs(product[i][c]-want), size+math.Abs(want)
			}
		}
	}
	assert.Equal(t, list[0], list[1])
	assert.NotEqual(t, list[0].Column(data.HessianDirectionKey), list[2].Column(data.HessianDirectionKey))
	t.Logf("off by %.2g of the mean size", worst/size)
	assert.Less(t, worst/size, 0.01)
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
	assert.Regexp(t, `^painless: -: frame 1, line 4: atom 0 \(H\) and atom 1 \(O\) are on the same point, \[0 0 0\] Å\npainless: label: 1 structure with .*\n$`, stderr)
	assert.Len(t, frames(t, readFile(t, path)), 1)
	require.NoError(t, os.Remove(path))
	for want, args := range map[string][]string{
		"-teacher is missing": {"-o", path, "-"},
		"-o is empty":         {"-teacher", model, "-"},
		"extended XYZ":        {"-teacher", model, "-o", path + ".h5", "-"},
	} {
		stderr, err := run(args...)
		assert.Empty(t, stderr)
		assert.ErrorContains(t, err, want)
		assert.Equal(t, 1, cli.Code(err))
	}
	assert.NoFileExists(t, path)
}
