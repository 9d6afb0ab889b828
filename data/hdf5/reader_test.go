package hdf5

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/data"
)

// reader is what both formats read frames with.
type reader interface{ Read() (*data.Frame, error) }

func readAll(t testing.TB, r reader) (frames []*data.Frame) {
	t.Helper()
	for {
		f, err := r.Read()
		if err == io.EOF {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, f)
	}
}

func readFile(t testing.TB, path string) []*data.Frame {
	t.Helper()
	r, err := Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Close()) }()
	frames := readAll(t, r)
	assert.Len(t, frames, r.Len())
	return frames
}

// assertFrames takes no columns for an empty list of columns.
func assertFrames(t *testing.T, want, got []*data.Frame) {
	t.Helper()
	for _, f := range slices.Concat(want, got) {
		if len(f.Info) == 0 {
			f.Info = nil
		}
		if len(f.Columns) == 0 {
			f.Columns = nil
		}
	}
	assert.Equal(t, want, got)
}

// theSet is what testdata/make.py says is in its files.
func theSet(t testing.TB) []*data.Frame {
	t.Helper()
	file, err := os.Open("testdata/set.extxyz")
	require.NoError(t, err)
	defer file.Close()
	frames := readAll(t, data.NewReader(file, file.Name()))
	require.Len(t, frames, 6)
	return frames
}

// TestReadsWhatH5pyWrites compares every variant with text that NumPy wrote.
func TestReadsWhatH5pyWrites(t *testing.T) {
	changes := map[string]func(k int, f *data.Frame){
		"bare": func(_ int, f *data.Frame) {
			f.Cell, f.PBC, f.Info, f.Columns = [3][3]float64{}, [3]bool{}, nil, nil
		},
		"no_stress": func(_ int, f *data.Frame) { f.Drop(data.StressKey, indexField) },
		"no_pbc": func(_ int, f *data.Frame) {
			if f.Cell != [3][3]float64{} {
				f.PBC = [3]bool{true, true, true}
			}
			everyStress(f, 0)
		},
		"half_forces": func(_ int, f *data.Frame) {
			for i, x := range f.Columns[0].Reals {
				f.Columns[0].Reals[i] = math.RoundToEven(x*16) / 16
			}
		},
		"nan_energy": func(k int, f *data.Frame) {
			if k == 5 {
				f.Set(data.EnergyKey, math.NaN())
			}
		},
		"inf_force": func(k int, f *data.Frame) {
			if k == 2 {
				copy(f.Columns[0].Reals[3:], []float64{math.Inf(1), math.Inf(1), math.Inf(1)})
			}
		},
		"nan_stress": func(k int, f *data.Frame) {
			none := 0.
			if k == 2 {
				none = math.NaN()
			}
			everyStress(f, none)
		},
		"some_forces": func(k int, f *data.Frame) {
			if k == 0 || k == 3 || k == 4 {
				f.Drop(data.ForcesKey)
			}
		},
		"unwritten": func(_ int, f *data.Frame) {
			f.PBC = [3]bool{}
			f.Drop(data.StressKey)
		},
	}
	paths, err := filepath.Glob("testdata/*.h5")
	require.NoError(t, err)
	require.Len(t, paths, 24)
	for _, path := range paths {
		name := filepath.Base(path[:len(path)-len(".h5")])
		t.Run(name, func(t *testing.T) {
			want := theSet(t)
			for k, f := range want {
				if change := changes[name]; change != nil {
					change(k, f)
				}
			}
			if name == "empty" {
				want = nil
			}
			assertFrames(t, want, readFile(t, path))
		})
	}
}

// everyStress sets the stress of a frame that has none, as without a mask every one is meant.
func everyStress(f *data.Frame, x float64) {
	if _, ok := f.Get(data.StressKey); !ok {
		index := f.Info[1]
		f.Info = f.Info[:1]
		f.SetStress([6]float64{x, x, x, x, x, x})
		f.Info = append(f.Info, index)
	}
}

// A label that is not finite is missing, and nothing else is.
func TestNotFiniteCostsOneLabel(t *testing.T) {
	for name, c := range map[string]struct {
		frame int
		says  string
	}{
		"nan_energy": {5, "energy: expected finite numbers, found NaN"},
		"inf_force":  {2, "forces of atom 1: expected finite numbers, found +Inf"},
		"nan_stress": {2, "stress: expected finite numbers, found NaN"},
	} {
		for k, f := range readFile(t, "testdata/"+name+".h5") {
			l, err := f.OwnLabels()
			if k != c.frame {
				assert.NoError(t, err, name)
				continue
			}
			assert.EqualError(t, err, c.says)
			assert.Equal(t, name != "nan_energy", l.Energy != nil)
			assert.Equal(t, name != "inf_force", l.Forces != nil)
		}
	}
}

func TestSeek(t *testing.T) {
	r, err := Open("testdata/lzf.h5")
	require.NoError(t, err)
	want := theSet(t)
	for _, k := range []int{5, 0, 3, 3, 4, 1} {
		require.NoError(t, r.Seek(k))
		assert.Equal(t, len(want[k].Numbers), r.NumAtoms(k))
		f, err := r.Read()
		require.NoError(t, err)
		assert.Equal(t, want[k], f)
	}
	require.NoError(t, r.Seek(6))
	_, err = r.Read()
	assert.Equal(t, io.EOF, err)
	assert.ErrorContains(t, r.Seek(7), "testdata/lzf.h5: expected a structure from 0 to 6, found 7")
	assert.ErrorContains(t, r.Seek(-1), "found -1")
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	_, err = r.Read()
	assert.ErrorContains(t, err, "closed")
	_, err = r.Metadata()
	assert.ErrorContains(t, err, "closed")
}

func TestMetadata(t *testing.T) {
	r, err := Open("testdata/latest.h5")
	require.NoError(t, err)
	defer r.Close()
	got, err := r.Metadata()
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"teacher": "größer", "count": int64(6), "cutoff": 5.5, "periodic": true, "elements": []string{"H", "C"},
		"fixed": "text", "cells": []float64{1.5, 2.5}, "numbers": []int64{1, 2},
	}, got)
	bare, err := Open("testdata/bare.h5")
	require.NoError(t, err)
	defer bare.Close()
	got, err = bare.Metadata()
	require.NoError(t, err)
	assert.Empty(t, got)
}

func TestReadersAtTheSameTime(t *testing.T) {
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 3 {
				assert.Equal(t, theSet(t), readFile(t, "testdata/lzf.h5"))
			}
		})
	}
}
