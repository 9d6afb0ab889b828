//go:build hdf5 && cgo

package hdf5

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/hdf5"

	"painless/data"
)

func write(t testing.TB, w *Writer, frames ...*data.Frame) {
	t.Helper()
	for _, f := range frames {
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Close())
}

// written is the path of a new file of the frames, which libhdf5 reads as we do.
func written(t testing.TB, o Options, frames ...*data.Frame) string {
	t.Helper()
	path := t.TempDir() + "/ours.h5"
	w, err := Create(path, o)
	require.NoError(t, err)
	defer w.Abort()
	write(t, w, frames...)
	assertSame(t, path)
	return path
}

// random is structures with every label and numbers that float32 cannot hold.
func random(n int) (frames []*data.Frame) {
	x := 0.1
	next := func() float64 { // the logistic map, so that it is the same everywhere
		x = 3.99 * x * (1 - x)
		return x - 0.5
	}
	for k := range n {
		f := &data.Frame{}
		for i := range 1 + k*7%23 {
			f.Numbers = append(f.Numbers, 1+(k+i)%118)
			f.Positions = append(f.Positions, [3]float64{next(), next() * 1e-300, next() * 1e300})
		}
		f.Cell, f.PBC = [3][3]float64{{next(), 1, 2}, {3, next(), 4}, {5, 6, next()}}, [3]bool{k%2 == 0, k%3 == 0, true}
		f.Set(data.EnergyKey, next())
		f.SetStress([6]float64{next(), next(), next(), next(), next(), next()})
		f.SetText(indexField, "123456789012345")
		f.SetVectors(data.ForcesKey, f.Positions)
		frames = append(frames, f)
	}
	return frames
}

func TestWriteRoundTrips(t *testing.T) {
	frames := random(2500) // several chunks
	for _, o := range []Options{{}, {Compression: Uncompressed}} {
		assert.Equal(t, frames, readFile(t, written(t, o, frames...)))
	}
	assert.Empty(t, readFile(t, written(t, Options{})))
}

// TestXYZRoundTrips takes extended XYZ through HDF5 and back to the same text.
func TestXYZRoundTrips(t *testing.T) {
	roundTrip := func(frames []*data.Frame) {
		var before, after bytes.Buffer
		writeXYZ(t, &before, frames)
		writeXYZ(t, &after, readFile(t, written(t, Options{}, frames...)))
		assert.Equal(t, before.String(), after.String())
	}
	roundTrip(theSet(t))
	const golden = "../../../shared/golden"
	if _, err := os.Stat(golden); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no development data beside the project")
	}
	for _, name := range []string{"original", "tiny", "ultra_tiny"} {
		file, err := os.Open(golden + "/" + name + ".extxyz")
		require.NoError(t, err)
		frames := readAll(t, data.NewReader(file, name))
		require.NoError(t, file.Close())
		for _, f := range frames {
			f.Info = slices.DeleteFunc(f.Info, func(f data.Field) bool { return f.Key != data.EnergyKey })
			f.Columns = slices.DeleteFunc(f.Columns, func(c data.Column) bool { return c.Name != data.ForcesKey })
		}
		roundTrip(frames)
	}
}

func writeXYZ(t *testing.T, out io.Writer, frames []*data.Frame) {
	t.Helper()
	w := data.NewWriter(out)
	for _, f := range frames {
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Flush())
}

func TestWriteFloat32Forces(t *testing.T) {
	frames := random(3)
	for _, f := range frames {
		c := f.Column(data.ForcesKey)
		for i := range c.Reals {
			c.Reals[i] = math.Ldexp(math.Pi, i)
		}
	}
	path := written(t, Options{Float32Forces: true}, frames...)
	for _, f := range frames {
		c := f.Column(data.ForcesKey)
		for i, x := range c.Reals {
			c.Reals[i] = float64(float32(x))
		}
	}
	assert.Equal(t, frames, readFile(t, path))
	frames[0].Column(data.ForcesKey).Reals[2] = 1e39
	w, err := Append(path)
	require.NoError(t, err)
	defer w.Abort()
	assert.ErrorContains(t, w.Write(frames[0]), "atom 0 has force z = 1e+39: expected a number of at most 3.4")
}

// TestWriteLateLabels adds labels that the first structures do not have.
func TestWriteLateLabels(t *testing.T) {
	frames := random(5)
	frames[0].Drop(data.ForcesKey, data.StressKey, indexField)
	frames[1].Drop(data.ForcesKey, data.StressKey, indexField)
	frames[3].Drop(data.ForcesKey, data.StressKey)
	got := readFile(t, written(t, Options{}, frames...))
	for k, f := range frames[:2] {
		f.Set(indexField, float64(k)) // the place in the file
	}
	assertFrames(t, frames, got)
	for _, f := range frames {
		f.Drop(data.EnergyKey, data.ForcesKey, data.StressKey, indexField)
	}
	assertFrames(t, frames, readFile(t, written(t, Options{}, frames...)))
}

func TestAppend(t *testing.T) {
	frames := random(5)
	for _, name := range []string{"gzip", "lzf", "contiguous", "single", "some_forces", "empty"} {
		old, err := os.ReadFile("testdata/" + name + ".h5")
		require.NoError(t, err)
		path := t.TempDir() + "/set.h5"
		require.NoError(t, os.WriteFile(path, old, 0o600))
		before, more := readFile(t, path), frames
		if name != "empty" { // which has no forces yet
			for _, f := range frames {
				f.SetVectors(data.ForcesKey, make([][3]float64, len(f.Numbers)))
			}
		}
		w, err := Append(path)
		require.NoError(t, err, name)
		assert.Equal(t, len(before), w.Len())
		for _, f := range more {
			require.NoError(t, w.Write(f))
		}
		now, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, old, now, "the old file until Close")
		require.NoError(t, w.Close())
		assert.Equal(t, append(before, more...), readFile(t, path), name)
		was, err := Open("testdata/" + name + ".h5")
		require.NoError(t, err)
		is, err := Open(path)
		require.NoError(t, err)
		want, err := was.Metadata()
		require.NoError(t, err)
		got, err := is.Metadata()
		require.NoError(t, err)
		assert.Equal(t, want, got)
		require.NoError(t, was.Close())
		require.NoError(t, is.Close())
	}
}

// Append does not lose what it does not know.
func TestAppendRefuses(t *testing.T) {
	path := written(t, Options{}, random(1)...)
	others := func() []string {
		r, err := Open(path)
		require.NoError(t, err)
		defer r.Close()
		list, err := r.Others()
		require.NoError(t, err)
		return list
	}
	assert.Empty(t, others())
	func() {
		defer enter()()
		file, err := hdf5.OpenFile(path, hdf5.F_ACC_RDWR)
		require.NoError(t, err)
		defer file.Close()
		for _, name := range []string{"/extra", "/labels/dipole"} {
			g, err := file.CreateGroup(name)
			require.NoError(t, err)
			require.NoError(t, g.Close())
		}
		g, err := file.OpenGroup(structures)
		require.NoError(t, err)
		defer g.Close()
		require.NoError(t, writeMetadata(g, map[string]any{"source": "x"}))
	}()
	assert.Equal(t, []string{"/extra", "attributes of /structures", "/labels/dipole"}, others())
	_, err := Append(path)
	assert.EqualError(t, err, path+": expected the objects of the layout alone, found /extra, attributes of /structures, /labels/dipole, which would be lost")
}

// A file that came to be there meanwhile stays, if it is to be new.
func TestWriteNew(t *testing.T) {
	frames := random(1)
	path := t.TempDir() + "/x.h5"
	w, err := Create(path, Options{New: true})
	require.NoError(t, err)
	defer w.Abort()
	require.NoError(t, os.WriteFile(path, []byte("another's"), 0o600))
	require.NoError(t, w.Write(frames[0]))
	assert.ErrorIs(t, w.Close(), fs.ErrExist)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "another's", string(text))
	require.NoError(t, os.Remove(path))
	w, err = Create(path, Options{New: true})
	require.NoError(t, err)
	defer w.Abort()
	write(t, w, frames...)
	assert.Equal(t, frames, readFile(t, path))
}

func TestAbortLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(dir+"/x.h5", Options{})
	require.NoError(t, err)
	require.NoError(t, w.Write(random(1)[0]))
	w.Abort()
	w.Abort()
	assert.ErrorIs(t, w.Write(random(1)[0]), errClosed)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
	require.NoError(t, w.Close())
}

func TestWriteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *data.Frame)
		says   string
	}{
		"positions":      {func(f *data.Frame) { f.Positions = nil }, "0 positions for 1 atoms"},
		"element":        {func(f *data.Frame) { f.Numbers[0] = 119 }, "atom 0 has atomic number 119"},
		"not finite":     {func(f *data.Frame) { f.Positions[0][1] = math.NaN() }, "atom 0 has y = NaN"},
		"energy":         {func(f *data.Frame) { f.SetText(data.EnergyKey, "low") }, `energy: expected a number, found "low"`},
		"no energy":      {func(f *data.Frame) { f.Drop(data.EnergyKey) }, "expected the energy of every structure or of none"},
		"NaN energy":     {func(f *data.Frame) { f.Set(data.EnergyKey, math.NaN()) }, "energy: expected finite numbers, found NaN"},
		"stress":         {func(f *data.Frame) { f.Set(data.StressKey, 1, 2, 3) }, "stress: expected 9 numbers, found 3"},
		"infinite":       {func(f *data.Frame) { f.SetStress([6]float64{math.Inf(1)}) }, "stress: expected finite numbers, found +Inf"},
		"index":          {func(f *data.Frame) { f.SetText(indexField, "1.5") }, `structure_index: expected an integer, found "1.5"`},
		"few forces":     {func(f *data.Frame) { f.SetVectors(data.ForcesKey, nil) }, "forces: expected those of 1 atoms, found 0"},
		"forces of kind": {func(f *data.Frame) { f.Columns[0].Kind = data.String }, "column forces: expected three real numbers an atom, R:3, found S:3"},
		"NaN force":      {func(f *data.Frame) { f.Columns[0].Reals[1] = math.NaN() }, "forces of atom 0: expected finite numbers, found NaN"},
	} {
		frames := random(2)
		c.change(frames[0])
		path := t.TempDir() + "/x.h5"
		w, err := Create(path, Options{})
		require.NoError(t, err)
		require.NoError(t, w.Write(frames[1]))
		err = w.Write(frames[0])
		require.ErrorContains(t, err, c.says, name)
		assert.ErrorContains(t, err, "cannot write structure 1 to "+path, name)
		write(t, w, frames[1]) // nothing was written of the one before
		assert.Equal(t, []*data.Frame{frames[1], frames[1]}, readFile(t, path), name)
	}
	_, err := Create(t.TempDir()+"/none/x.h5", Options{})
	assert.ErrorContains(t, err, "cannot write")
	_, err = Create(t.TempDir()+"/x.h5", Options{Metadata: map[string]any{"x": 5i}})
	assert.ErrorContains(t, err, `/metadata: attribute "x": expected text, int64, float64, bool or a slice of these, found complex128`)
}

func TestDropped(t *testing.T) {
	f := random(1)[0]
	want := *f
	f.SetText("name", "water")
	f.SetVectors("velocity", f.Positions)
	w, err := Create(t.TempDir()+"/x.h5", Options{})
	require.NoError(t, err)
	write(t, w, f)
	assert.Equal(t, []string{"name", "velocity"}, w.Dropped())
	want.Drop("name", "velocity")
	assert.Equal(t, []*data.Frame{&want}, readFile(t, w.path))
}

// FuzzRead checks that whatever reads is written and reads back the same, if its labels are finite.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/*.h5", "testdata/broken/*.h5"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, path := range paths {
			b, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := t.TempDir() + "/fuzz.h5"
		require.NoError(t, os.WriteFile(path, b, 0o600))
		if read(path) != nil {
			return
		}
		frames := readFile(t, path)
		for _, f := range frames {
			if _, err := f.OwnLabels(); err != nil {
				return
			}
		}
		assertFrames(t, frames, readFile(t, written(t, Options{}, frames...)))
	})
}
