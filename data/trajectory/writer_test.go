package trajectory

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]Format{"a.xyz": XYZ, "b/a.EXTXYZ": XYZ, "a.b.dcd": DCD, "a.nc": NetCDF, "a.ncdf": NetCDF, "a.NetCDF": NetCDF} {
		got, err := FormatOf(path)
		require.NoError(t, err)
		assert.Equal(t, want, got, path)
	}
	for _, path := range []string{"", "xyz", "a.xyz.gz", "a.xtc", "dcd/a"} {
		_, err := FormatOf(path)
		assert.ErrorContains(t, err, "expected a trajectory's name to end in .xyz", path)
	}
}

func TestReplicaPath(t *testing.T) {
	assert.Equal(t, "out/traj.xyz", ReplicaPath("out/traj.xyz", 0, 1))
	assert.Equal(t, "out.d/traj-0003.xyz", ReplicaPath("out.d/traj.xyz", 3, 4))
	assert.Equal(t, "traj.old-9999.nc", ReplicaPath("traj.old.nc", 9999, 10_000))
	assert.Equal(t, "traj-00003.nc", ReplicaPath("traj.nc", 3, 10_001))
}

func TestCreate(t *testing.T) {
	frames := simulation(cells["triclinic"], 2, 10)
	numbers := frames[0].Numbers
	for _, kind := range kinds {
		path := put(t, "a"+kind, "somebody's")
		_, err := Create(path, numbers, Options{})
		assert.ErrorIs(t, err, fs.ErrExist)
		assert.Equal(t, "somebody's", content(t, path))
		w, err := Create(path, numbers, Options{Replace: true})
		require.NoError(t, err)
		assert.Zero(t, w.Frames())
		assert.EqualValues(t, -1, w.LastStep())
		add(t, w, frames...)
		assert.Equal(t, 2, w.Frames())
		assert.EqualValues(t, 10, w.LastStep())
		assert.Error(t, w.Sync(), "after Close")
		assert.Error(t, w.Close(), "after Close")
	}
	dir := t.TempDir()
	for want, test := range map[string]struct {
		path    string
		numbers []int
		o       Options
	}{
		"a.gro: expected a trajectory's name to end": {"a.gro", numbers, Options{}},
		"is a directory": {dir, numbers, Options{Format: XYZ, Replace: true}},
		"no such file":   {dir + "/none/a.dcd", numbers, Options{}},
		"a.dcd: expected 1 to 178956969 atoms, found 0": {dir + "/a.dcd", nil, Options{}},
		"a.nc: expected 1 to 178956969 atoms, found 0":  {dir + "/a.nc", nil, Options{}},
		"expected a format of this package, found 9":    {dir + "/a.nc", numbers, Options{Format: 9}},
	} {
		_, err := Create(test.path, test.numbers, test.o)
		assert.ErrorContains(t, err, want)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries)
	w, err := Create(dir+"/named.xyz", numbers, Options{Format: NetCDF})
	require.NoError(t, err)
	add(t, w, frames...)
	assert.Len(t, readSeen(t, dir+"/named.xyz"), 2)
}

// A frame that cannot be written leaves the file as it was, and the next one follows.
func TestWriteRefuses(t *testing.T) {
	nan := math.NaN()
	for name, test := range map[string]struct {
		change func(f *Frame)
		want   string
		kinds  []string
	}{
		"the same step":     {func(f *Frame) { f.Step = 10 }, "expected a step after 10, found 10", kinds},
		"a step back":       {func(f *Frame) { f.Step = 5 }, "expected a step after 10, found 5", kinds},
		"a negative step":   {func(f *Frame) { f.Step = -5 }, "expected a step after 10, found -5", kinds},
		"fewer atoms":       {func(f *Frame) { f.Numbers, f.Positions = f.Numbers[:4], f.Positions[:4] }, "expected the 5 atoms of the trajectory, found 4", kinds},
		"another element":   {func(f *Frame) { f.Numbers = []int{6, 17, 2, 8, 35} }, "atom 2: expected H as in the trajectory, found He", kinds},
		"fewer positions":   {func(f *Frame) { f.Positions = f.Positions[:4] }, "4 positions for 5 atoms", kinds},
		"fewer velocities":  {func(f *Frame) { f.Velocities = f.Velocities[:4] }, "expected the velocity of each of 5 atoms, found 4", kinds},
		"fewer masses":      {func(f *Frame) { f.Masses = []float64{} }, "masses: expected those of 5 atoms, found 0", kinds},
		"no mass":           {func(f *Frame) { f.Masses = make([]float64, 5) }, "mass of atom 0: expected a finite number above 0, found 0 u", kinds},
		"a position of NaN": {func(f *Frame) { f.Positions[1][2] = nan }, "atom 1 has z = NaN", kinds},
		"a velocity of NaN": {func(f *Frame) { f.Velocities[4][0] = nan }, "velocity of atom 4: expected numbers up to", kinds},
		"an infinite force": {func(f *Frame) { f.Forces[3][1] = math.Inf(-1) }, "force of atom 3: expected numbers up to", kinds},
		"a time of NaN":     {func(f *Frame) { f.Time = nan }, "expected a finite time, found NaN fs", kinds},
		"an energy of NaN":  {func(f *Frame) { f.Energy = &nan }, "expected a finite energy, found NaN eV", kinds},
		"a stress of NaN":   {func(f *Frame) { f.Stress[3] = nan }, "expected finite stress", kinds},
		"beyond float32":    {func(f *Frame) { f.Positions[1][2] = 1e39 }, "position of atom 1: expected numbers up to 1e+35", kinds[1:]},
		"a slab":            {func(f *Frame) { f.PBC[2] = false }, "expected a structure that is periodic along all lattice vectors or none, found pbc [true true false]", kinds[1:]},
		"no volume":         {func(f *Frame) { f.Cell[2] = f.Cell[1] }, "singular cell", kinds[1:]},
		"no cell":           {func(f *Frame) { f.PBC = [3]bool{} }, "the first frame", kinds[1:]},
		"no velocities":     {func(f *Frame) { f.Velocities = nil }, "expected the fields of the first frame, {cell:true velocities:true forces:true}, found {cell:true velocities:false forces:true}", kinds[2:]},
		"a step above 2⁵³":  {func(f *Frame) { f.Step = maxStep + 1 }, "expected a step up to 2⁵³", kinds[2:]},
		"a step between":    {func(f *Frame) { f.Step = 19 }, "DCD holds frames at equal intervals: expected step 20; extended XYZ and NetCDF hold any", kinds[1:2]},
		"a step left out":   {func(f *Frame) { f.Step = 30 }, "expected step 20", kinds[1:2]},
		"another time step": {func(f *Frame) { f.Time = 15 }, "DCD holds one time step, and step 0 at time 0: expected 10 fs, found 15 fs", kinds[1:2]},
	} {
		for _, kind := range test.kinds {
			frames := simulation(cells["triclinic"], 3, 10)
			path := filepath.Join(t.TempDir(), "a"+kind)
			w, err := Create(path, frames[0].Numbers, Options{})
			require.NoError(t, err)
			require.NoError(t, w.Write(frames[0]))
			require.NoError(t, w.Write(frames[1]))
			before := content(t, path)
			test.change(frames[2])
			err = w.Write(frames[2])
			require.Error(t, err, "%s %s", name, kind)
			assert.ErrorContains(t, err, test.want, "%s %s", name, kind)
			assert.ErrorContains(t, err, path)
			assert.Equal(t, before, content(t, path))
			add(t, w, simulation(cells["triclinic"], 3, 10)[2])
			whole := filepath.Join(t.TempDir(), "whole"+kind)
			write(t, whole, simulation(cells["triclinic"], 3, 10)...)
			assert.Equal(t, content(t, whole), content(t, path), "%s %s", name, kind)
		}
	}
}

// What DCD's header can say of steps and times.
func TestDCDSchedule(t *testing.T) {
	type at struct {
		step int64
		time float64
	}
	for name, test := range map[string]struct {
		frames []at
		want   string
	}{
		"one at the start":              {[]at{{0, 0}}, ""},
		"one later":                     {[]at{{700, 350}}, ""},
		"later":                         {[]at{{700, 350}, {725, 362.5}, {750, 375}}, ""},
		"minimization":                  {[]at{{0, 0}, {5, 0}, {10, 0}}, ""},
		"summed up":                     {[]at{{0, 0}, {1000, 100.00000001}, {2000, 199.99999999}}, ""},
		"late":                          {[]at{{2_000_000_000, 1e9}, {2_000_000_001, 1e9 + 0.5}}, ""},
		"a time at step 0":              {[]at{{0, 5}}, "expected 0 fs, found 5 fs"},
		"a time step that changed":      {[]at{{100, 50}, {200, 150}}, "expected 100 fs, found 150 fs"},
		"a time step that changes":      {[]at{{0, 0}, {100, 50}, {200, 150}}, "expected 100 fs, found 150 fs"},
		"a step beyond":                 {[]at{{3_000_000_000, 1e9}}, "DCD counts to 2147483647"},
		"another interval at the end":   {[]at{{0, 0}, {100, 50}, {200, 100}, {250, 125}}, "expected step 300"},
		"another interval at the start": {[]at{{1, 0.5}, {100, 50}, {200, 100}}, "expected step 199"},
	} {
		frame := simulation(cells["isolated"], 1, 1)[0]
		path := filepath.Join(t.TempDir(), "a.dcd")
		w, err := Create(path, frame.Numbers, Options{})
		require.NoError(t, err)
		for i, at := range test.frames {
			frame.Step, frame.Time = at.step, at.time
			err := w.Write(frame)
			if test.want != "" && i == len(test.frames)-1 {
				assert.ErrorContains(t, err, test.want, name)
				continue
			}
			require.NoError(t, err, name)
			got := readDCD(t, path) // after each frame
			require.Len(t, got, i+1)
			for k, s := range got {
				assert.Equal(t, test.frames[k].step, s.step, name)
				assert.InDelta(t, test.frames[k].time, s.time, 1e-6*test.frames[k].time, name)
			}
		}
		require.NoError(t, w.Close())
	}
}

// A device without room is an error, and so is what is no file.
func TestCreateDevices(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	frame := simulation(cells["triclinic"], 1, 1)[0]
	for _, kind := range kinds {
		path := filepath.Join(t.TempDir(), "a"+kind)
		require.NoError(t, os.Symlink("/dev/full", path))
		w, err := Create(path, frame.Numbers, Options{Replace: true})
		require.NoError(t, err)
		for range 2 {
			assert.ErrorContains(t, w.Write(frame), "cannot write step 0 of trajectory "+path)
		}
		assert.Zero(t, w.Frames())
		require.NoError(t, w.Close())
		_, err = Append(path, frame.Numbers, 0, Options{})
		assert.ErrorContains(t, err, "expected a file, found D")
	}
	reader, pipe, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	defer pipe.Close()
	_, err = Create(fmt.Sprintf("/dev/fd/%d", pipe.Fd()), frame.Numbers, Options{Format: XYZ, Replace: true})
	assert.ErrorContains(t, err, "expected a file: ")
}
