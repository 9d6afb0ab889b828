//go:build hdf5 && cgo

package hdf5

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/data/hdf5/h5"
	"painless/data/trajectory"
	"painless/internal/peertest"
	"painless/internal/units"
)

// motion is frames of three atoms, every 10 steps apart; periodic ones have a cell that changes.
func motion(n int, periodic bool) (frames []*trajectory.Frame) {
	for k := range n {
		x := float64(k)
		energy, kinetic, temperature := -1-x/8, x/16, 300+x
		f := &trajectory.Frame{
			Structure: atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{x, 0.1, 0}, {1, x / 3, 0}, {0, 1, -x}}},
			Step:      int64(10 * k), Time: 5 * x,
			Velocities: [][3]float64{{x / 7, 0, 0}, {0, 1e-3, 0}, {0, 0, 2}}, Forces: [][3]float64{{1, x, 0}, {0, -1, 0}, {0, 0, 3}},
			Energy: &energy, Kinetic: &kinetic, Temperature: &temperature,
		}
		if periodic {
			f.PBC, f.Stress = [3]bool{true, true, true}, &[6]float64{x, 1, 2, 3, 4, 5}
			for c := range 3 {
				f.Cell[c][c] = 10 + x/100
			}
			f.Cell[1][0] = 1
		}
		frames = append(frames, f)
	}
	return frames
}

// readMotion reads the numbers of an element by package h5.
func readMotion(t testing.TB, path, name string) (values []float64) {
	t.Helper()
	d, err := lookup(t, openH5(t, path), name).Dataset()
	require.NoError(t, err)
	raw := make([]byte, int64(d.Len())*d.RowBytes())
	_, err = d.Read(raw, 0, d.Len())
	require.NoError(t, err)
	values = make([]float64, len(raw)/8)
	if d.Type.Kind == h5.Real {
		d.Type.Floats(values, raw)
		return values
	}
	for i := range values {
		values[i] = float64(d.Type.Integer(raw[8*i:]))
	}
	return values
}

func lookup(t testing.TB, f *h5.File, name string) *h5.Object {
	t.Helper()
	root, err := f.Root()
	require.NoError(t, err)
	o, err := root.Lookup(name)
	require.NoError(t, err)
	require.NotNil(t, o, name)
	return o
}

// assertMotion checks that a file has these frames, by package h5.
func assertMotion(t testing.TB, path string, frames []*trajectory.Frame) {
	t.Helper()
	var steps, times, positions, velocities, forces, energies, totals, temperatures, edges []float64
	for _, f := range frames {
		steps, times, energies = append(steps, float64(f.Step)), append(times, f.Time), append(energies, *f.Energy)
		totals, temperatures = append(totals, *f.Energy+*f.Kinetic), append(temperatures, *f.Temperature)
		for i := range f.Positions {
			positions = append(positions, f.Positions[i][:]...)
			for c := range 3 {
				velocities, forces = append(velocities, f.Velocities[i][c]/1e-3), append(forces, f.Forces[i][c]/units.KJPerMol)
			}
		}
		for _, v := range f.Cell {
			edges = append(edges, v[:]...)
		}
	}
	for name, want := range map[string][]float64{
		"particles/all/position/step": steps, "particles/all/position/time": times, "particles/all/position/value": positions,
		"particles/all/velocity/step": steps, "particles/all/velocity/value": velocities, "particles/all/force/value": forces,
		"observables/potential_energy/value": energies, "observables/total_energy/value": totals, "observables/temperature/value": temperatures,
		"observables/temperature/time": times, "particles/all/species": {8, 1, 1}, "particles/all/mass": {atoms.Mass(8), atoms.Mass(1), atoms.Mass(1)},
	} {
		assert.Equal(t, want, readMotion(t, path, name), name)
	}
	if frames[0].PBC[0] {
		assert.Equal(t, edges, readMotion(t, path, "particles/all/box/edges/value"))
	}
}

// After each frame, while it is open, the file has it; it goes on after any step,
// whether it was closed or not, without a frame twice.
func TestTrajectory(t *testing.T) {
	for _, periodic := range []bool{false, true} {
		frames := motion(6, periodic)
		path := filepath.Join(t.TempDir(), "a.h5")
		w, err := CreateTrajectory(path, frames[0].Numbers, false)
		require.NoError(t, err)
		_, err = CreateTrajectory(path, frames[0].Numbers, false)
		assert.ErrorIs(t, err, fs.ErrExist)
		for k, f := range frames[:4] {
			require.NoError(t, w.Write(f))
			assertMotion(t, path, frames[:k+1])
		}
		assert.ErrorContains(t, w.Write(frames[3]), "expected a step after 30")
		odd := *frames[4]
		odd.Velocities = nil
		assert.ErrorContains(t, w.Write(&odd), "expected the fields of the first frame")
		assert.Equal(t, []int64{4, 30, 10}, []int64{int64(w.Frames()), w.LastStep(), w.Interval()})
		open, err := os.ReadFile(path) // as a kill leaves it
		require.NoError(t, err)
		require.NoError(t, w.Sync())
		require.NoError(t, w.Close())
		closed, err := os.ReadFile(path)
		require.NoError(t, err)
		for after, kept := range map[int64]int{-1: 0, 10: 2, 29: 3, 1000: 4} {
			for _, text := range [][]byte{open, closed} {
				require.NoError(t, os.WriteFile(path, text, 0o600))
				w, err := AppendTrajectory(path, frames[0].Numbers, after, nil)
				require.NoError(t, err)
				require.Equal(t, kept, w.Frames())
				for _, f := range frames[kept:] {
					require.NoError(t, w.Write(f))
				}
				require.NoError(t, w.Close())
				assertMotion(t, path, frames)
			}
		}
		_, err = AppendTrajectory(path, []int{8, 1}, 0, nil)
		assert.ErrorContains(t, err, "expected the 2 atoms of the trajectory, found 3")
		_, err = AppendTrajectory(path, []int{8, 1, 6}, 0, nil)
		assert.ErrorContains(t, err, "found others from atom 2 on")
		assertMotion(t, path, frames)
	}
	_, err := AppendTrajectory(filepath.Join(t.TempDir(), "none.h5"), []int{1}, 0, nil)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = AppendTrajectory("testdata/"+someDataSet(t), []int{1}, 0, nil)
	assert.ErrorContains(t, err, "expected a trajectory that painless wrote, found no /h5md/creator")
}

// someDataSet is an HDF5 file that is no trajectory.
func someDataSet(t *testing.T) string {
	t.Helper()
	list, err := filepath.Glob("testdata/*.h5")
	require.NoError(t, err)
	for _, path := range list {
		if name := filepath.Base(path); name != "not.h5" {
			return name
		}
	}
	t.Fatal("no HDF5 file in testdata")
	return ""
}

// h5py and MDAnalysis read an open file and a closed one.
func TestTrajectoryInterop(t *testing.T) {
	frames := motion(4, true)
	path := filepath.Join(t.TempDir(), "a.h5")
	w, err := CreateTrajectory(path, frames[0].Numbers, false)
	require.NoError(t, err)
	for k, f := range frames {
		require.NoError(t, w.Write(f))
		if k == len(frames)-1 {
			require.NoError(t, w.Close())
		}
		if k < 2 {
			continue
		}
		out, err := peertest.Python(t, "MDAnalysis, h5py", "python3-mdanalysis", "testdata/h5md_check.py", path).Output()
		require.NoError(t, err)
		var seen struct {
			Frames                    int
			Time                      float64
			Position, Velocity, Force [][]float64
			Cell                      []float64
			Creator, Unit             string
			Energy                    []float64
			Version                   []int
		}
		require.NoError(t, json.Unmarshal(out, &seen))
		assert.Equal(t, k+1, seen.Frames)
		assert.InDelta(t, f.Time/1000, seen.Time, 1e-9)
		for i := range f.Positions {
			for c := range 3 {
				assert.InDelta(t, f.Positions[i][c], seen.Position[i][c], 1e-5)
				assert.InDelta(t, 1000*f.Velocities[i][c], seen.Velocity[i][c], 1e-3)
				assert.InDelta(t, f.Forces[i][c]/units.KJPerMol, seen.Force[i][c], 1e-3)
			}
		}
		assert.InDelta(t, f.Cell[0][0], seen.Cell[0], 1e-5)
		assert.Equal(t, []any{"painless", "eV", []int{1, 1}}, []any{seen.Creator, seen.Unit, seen.Version})
		assert.Equal(t, *f.Energy, seen.Energy[k])
	}
}

// A file of whatever bytes is one to go on with, or stays as it is.
func FuzzAppendTrajectory(f *testing.F) {
	for _, periodic := range []bool{false, true} {
		path := filepath.Join(f.TempDir(), "a.h5")
		w, err := CreateTrajectory(path, motion(1, false)[0].Numbers, false)
		require.NoError(f, err)
		for _, frame := range motion(3, periodic) {
			require.NoError(f, w.Write(frame))
		}
		require.NoError(f, w.Close())
		whole, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(whole, int64(15))
		f.Add(whole, int64(1)<<40)
		f.Add(whole[:len(whole)/2], int64(15))
	}
	numbers := motion(1, false)[0].Numbers
	f.Fuzz(func(t *testing.T, content []byte, after int64) {
		path := filepath.Join(t.TempDir(), "a.h5")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		w, err := AppendTrajectory(path, numbers, after, nil)
		if err != nil {
			kept, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, content, kept)
			return
		}
		require.LessOrEqual(t, w.LastStep(), max(-1, after))
		if had := w.Frames(); w.LastStep() < 1<<50 {
			next := motion(1, false)[0]
			next.Step = w.LastStep() + 1
			if w.Write(next) == nil { // which has all that the frames before have
				require.Equal(t, had+1, w.Frames())
			}
		}
		require.NoError(t, w.Close())
	})
}
