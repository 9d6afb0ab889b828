//go:build hdf5 && cgo

package dataset

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	library "gonum.org/v1/hdf5"

	"painless/data"
	"painless/data/hdf5"
	"painless/internal/commands/cli"
)

// kept is the frames of a text with what HDF5 has a place for.
func kept(t *testing.T, text string) []*data.Frame {
	t.Helper()
	list := frames(t, text)
	for _, f := range list {
		f.Drop("name", "energy_f32", "forces_f32")
	}
	return list
}

// assertSame compares structures and labels, to the bit.
func assertSame(t *testing.T, want, got []*data.Frame) {
	t.Helper()
	require.Len(t, got, len(want))
	stresses := 0
	for k := range want {
		assert.Equal(t, want[k].Structure, got[k].Structure)
		a, err := want[k].OwnLabels()
		require.NoError(t, err)
		b, err := got[k].OwnLabels()
		require.NoError(t, err)
		assert.Equal(t, a, b)
		require.NotNil(t, a.Energy)
		require.Len(t, a.Forces, len(want[k].Numbers))
		if a.Stress != nil {
			stresses++
		}
	}
	assert.Greater(t, stresses, 5)
}

// Extended XYZ goes through HDF5 and comes back with the same numbers.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"-compression", "gzip"}, {"-compression", "none"}, {}} {
		through, back := filepath.Join(dir, "set.h5"), filepath.Join(dir, "back.xyz")
		assert.Equal(t, "painless: left out what HDF5 has no place for: energy_f32, forces_f32, name\npainless: wrote 45 structures to "+through+"\n",
			written(t, through, append(args, "-force", golden)...))
		assert.Equal(t, "painless: wrote 45 structures to "+back+"\n", written(t, back, "-force", through))
		assertSame(t, kept(t, readFile(t, golden)), frames(t, readFile(t, back)))

		energy, err := frames(t, readFile(t, golden))[7].Floats("energy", 1)
		require.NoError(t, err)
		raw := string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(energy[0])))
		assert.Equal(t, len(args) == 2 && args[1] == "none", strings.Contains(readFile(t, through), raw), "compressed or not")
	}
}

func TestFloat32Forces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "set.hdf5")
	written(t, path, "-float32-forces", golden)
	written(t, filepath.Join(dir, "whole.hdf5"), golden)
	assert.Less(t, len(readFile(t, path)), len(readFile(t, filepath.Join(dir, "whole.hdf5"))))
	stdout, _, err := execute(t, "", path)
	require.NoError(t, err)
	want := kept(t, readFile(t, golden))
	for _, f := range want {
		forces := f.Column("forces").Reals
		for i, x := range forces {
			forces[i] = float64(float32(x))
		}
	}
	assertSame(t, want, frames(t, stdout))
}

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "set.h5")
	_, _, err := execute(t, "", "-append", "-o", path, golden)
	assert.ErrorContains(t, err, "set.h5: no such file")
	written(t, path, "-float32-forces", golden)
	_, _, err = execute(t, "", "-o", path, golden)
	assert.EqualError(t, err, path+" is there already: -force overwrites it")
	_, _, err = execute(t, "", "-append", "-o", path, path)
	assert.EqualError(t, err, path+" is an input: expected another file for the output")
	assert.Contains(t, written(t, path, "-append", golden), "painless: wrote 45 structures to "+path+", which has 90 now\n")
	r, err := hdf5.Open(path)
	require.NoError(t, err)
	defer r.Close()
	assert.Equal(t, 90, r.Len())
	before := readFile(t, path)
	_, _, err = execute(t, "", "-append", "-o", path, golden, other)
	assert.ErrorContains(t, err, other+": frame 0: cannot write structure 135 to "+path+": expected the energy of every structure or of none")
	assert.Equal(t, before, readFile(t, path))
}

// The only input's metadata goes over; what does not is said.
func TestMetadata(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.h5"), filepath.Join(dir, "out.h5")
	w, err := hdf5.Create(in, hdf5.Options{Metadata: map[string]any{"teacher": "none", "count": int64(1)}})
	require.NoError(t, err)
	defer w.Abort()
	for _, f := range frames(t, readFile(t, golden)) {
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Close())
	assert.Equal(t, "painless: wrote 45 structures to "+out+"\n", written(t, out, in))
	metadata := func() map[string]any {
		r, err := hdf5.Open(out)
		require.NoError(t, err)
		defer r.Close()
		m, err := r.Metadata()
		require.NoError(t, err)
		return m
	}
	assert.Equal(t, map[string]any{"teacher": "none", "count": int64(1)}, metadata())
	said := "painless: left out the metadata of " + in + ": count, teacher\n"
	assert.True(t, strings.HasPrefix(written(t, out, "-append", in), said))
	assert.Len(t, metadata(), 2)
	assert.True(t, strings.HasPrefix(written(t, out, "-force", in, golden), said))
	assert.Empty(t, metadata())
	_, stderr, err := execute(t, "", in)
	require.NoError(t, err)
	assert.Equal(t, said+"painless: wrote 45 structures\n", stderr)
}

// What a file has beside the layout is said.
func TestOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.h5")
	written(t, path, golden)
	file, err := library.OpenFile(path, library.F_ACC_RDWR)
	require.NoError(t, err)
	group, err := file.CreateGroup("/labels/dipole")
	require.NoError(t, err)
	require.NoError(t, group.Close())
	require.NoError(t, file.Close())
	_, stderr, err := execute(t, "", path)
	require.NoError(t, err)
	assert.Equal(t, "painless: left out what else is in "+path+": /labels/dipole\npainless: wrote 45 structures\n", stderr)
}

func TestHDF5Refused(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.h5")
	broken := writeFile(t, "broken.h5", "no HDF5")
	for want, args := range map[string][]string{
		"broken.h5: expected an HDF5 file":                                        {"-o", out, broken},
		"frame 45: cannot write structure 45 to " + out + ": expected the energy": {"-o", out, writeFile(t, "both.xyz", readFile(t, golden)+readFile(t, other))},
	} {
		_, _, err := execute(t, "", args...)
		assert.ErrorContains(t, err, want)
		assert.NoFileExists(t, out)
	}
}

// A frame that cannot be written costs that frame.
func TestBadLabel(t *testing.T) {
	dir := t.TempDir()
	in, out := writeFile(t, "in.xyz", strings.Repeat("1\nProperties=species:S:1:pos:R:3 energy=1\nH 0 0 0\n", 3)), filepath.Join(dir, "out.h5")
	require.NoError(t, os.WriteFile(in, []byte(strings.Replace(readFile(t, in), "energy=1", "energy=one", 1)), 0o600))
	var stderr bytes.Buffer
	err := Verb.Execute(t.Context(), cli.Std{Err: &stderr}, []string{"-o", out, in})
	assert.EqualError(t, err, "1 of 3 frames are left out, as listed")
	assert.Equal(t, "painless: "+in+": frame 0, line 1: energy: expected a number, found \"one\"\npainless: wrote 2 structures to "+out+"\n", stderr.String())
	_, _, err = execute(t, "", "-strict", "-force", "-o", out, in)
	assert.EqualError(t, err, in+": frame 0, line 1: energy: expected a number, found \"one\"")
	r, err := hdf5.Open(out)
	require.NoError(t, err)
	defer r.Close()
	assert.Equal(t, 2, r.Len(), "as it was")
}

func TestMeanwhileHDF5(t *testing.T) { testMeanwhile(t, "out.h5") }
