package trajectory

import (
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A run that is killed at any byte of a frame goes on as if it had not been.
func TestAppendAfterKill(t *testing.T) {
	frames := simulation(cells["triclinic"], 2, 10)
	for _, kind := range kinds {
		dir := t.TempDir()
		path := filepath.Join(dir, "whole"+kind)
		ends := write(t, path, frames...)
		whole := content(t, path)
		write(t, filepath.Join(dir, "one"+kind), frames[0])
		one := content(t, filepath.Join(dir, "one"+kind)) // whose header says one
		for size := range int(ends[1]) {
			torn, want := one+whole[min(len(one), size):size], 1
			if size < len(one) {
				torn, want = one[:size], 0
			}
			path := filepath.Join(dir, "killed"+kind)
			os.Remove(path) // file systems are slow to empty one
			require.NoError(t, os.WriteFile(path, []byte(torn), 0o600))
			w, err := Append(path, frames[0].Numbers, 1000, Options{})
			require.NoError(t, err, "%s: %d bytes", kind, size)
			require.Equal(t, want, w.Frames())
			add(t, w, frames[want:]...)
			require.Equal(t, whole, content(t, path), "%s: %d bytes", kind, size)
		}
	}
}

// A frame that is on the disk is absent until the header says that it is there.
func TestAppendFrameNotAnnounced(t *testing.T) {
	frames := simulation(cells["triclinic"], 3, 10)
	for kind, count := range map[string]int64{".dcd": dcdCounts, ".nc": netcdfCount + 3} {
		path := filepath.Join(t.TempDir(), "a"+kind)
		ends := write(t, path, frames...)
		whole := content(t, path)
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		_, err = f.WriteAt([]byte{2}, count)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		w, err := Append(path, frames[0].Numbers, 1000, Options{})
		require.NoError(t, err)
		assert.Equal(t, 2, w.Frames())
		assert.Len(t, content(t, path), int(ends[1]))
		add(t, w, frames[2])
		assert.Equal(t, whole, content(t, path))
	}
}

// A restart from a checkpoint at any step leaves no frame double and none out.
func TestAppendAfterStep(t *testing.T) {
	frames := simulation(cells["orthorhombic"], 5, 10)
	for _, kind := range kinds {
		path := filepath.Join(t.TempDir(), "a"+kind)
		ends := write(t, path, frames...)
		whole := content(t, path)
		for after, want := range map[int64]int{math.MinInt64: 0, -1: 0, 0: 1, 9: 1, 10: 2, 11: 2, 39: 4, 40: 5, 41: 5, math.MaxInt64: 5} {
			w, err := Append(path, frames[0].Numbers, after, Options{})
			require.NoError(t, err)
			require.Equal(t, want, w.Frames(), "%s after %d", kind, after)
			if want == 0 {
				assert.Empty(t, content(t, path))
				assert.EqualValues(t, -1, w.LastStep())
			} else {
				assert.Len(t, content(t, path), int(ends[want-1]))
				assert.EqualValues(t, 10*(want-1), w.LastStep())
				assert.EqualValues(t, min(10, 10*(want-1)), w.Interval())
				assert.ErrorContains(t, w.Write(frames[want-1]), "expected a step after")
			}
			add(t, w, frames[want:]...)
			require.Equal(t, whole, content(t, path), "%s after %d", kind, after)
		}
	}
}

func TestAppendEmptyFile(t *testing.T) {
	frames := simulation(cells["triclinic"], 2, 10)
	for _, kind := range kinds {
		path := put(t, "a"+kind, "")
		w, err := Append(path, frames[0].Numbers, 100, Options{})
		require.NoError(t, err)
		add(t, w, frames...)
		whole := filepath.Join(t.TempDir(), "whole"+kind)
		write(t, whole, frames...)
		assert.Equal(t, content(t, whole), content(t, path))
	}
}

// What is not ours is refused, and is as it was.
func TestAppendRefuses(t *testing.T) {
	frames := simulation(cells["triclinic"], 3, 10)
	numbers := frames[0].Numbers
	ours := map[string]string{}
	for _, kind := range kinds {
		path := filepath.Join(t.TempDir(), "a"+kind)
		write(t, path, frames...)
		ours[kind] = content(t, path)
	}
	patch := func(kind string, at int, text string) string {
		return ours[kind][:at] + text + ours[kind][at+len(text):]
	}
	xyz := ours[".extxyz"]
	frame, ions := xyz[:len(xyz)/3-20], "1\nProperties=species:S:1:pos:R:3 step=3\nH 0 0 0\n"
	for name, test := range map[string]struct {
		kind, text string
		numbers    []int
		want       string
	}{
		"text":                      {".extxyz", "Dear diary,\n", numbers, "line 1: expected a trajectory that painless wrote, found \"Dear diary,\" where the number of atoms, 5, is due"},
		"a line without an end":     {".extxyz", "Dear diary,", numbers, "Dear diary"},
		"plain xyz":                 {".extxyz", "5\nwater\nO 0 0 0\n", numbers, `line 2: expected a trajectory that painless wrote, found comment line "water"`},
		"xyz without steps":         {".extxyz", "5\nProperties=species:S:1:pos:R:3\n", numbers, "no step=… in the comment line"},
		"a word for a step":         {".extxyz", "5\nProperties=species:S:1:pos:R:3 step=two\n", numbers, `step: expected a whole number, found "two"`},
		"a negative step":           {".extxyz", "5\nProperties=species:S:1:pos:R:3 step=-2\n", numbers, `found "-2"`},
		"a long line":               {".extxyz", "5\n" + strings.Repeat("Properties=", 1<<16), numbers, "line 2: expected lines of less than 256 KiB, found a longer one"},
		"xyz of other elements":     {".extxyz", xyz, []int{6, 17, 1, 8, 9}, `line 7: expected a trajectory that painless wrote, found "Br `},
		"xyz of more atoms":         {".extxyz", xyz, []int{6, 17, 1, 8}, `"5" where the number of atoms, 4, is due`},
		"xyz of fewer atoms":        {".extxyz", xyz, []int{6, 17, 1, 8, 35, 1}, "the number of atoms, 6, is due"},
		"xyz torn, and then more":   {".extxyz", frame + xyz, numbers, "expected a trajectory that painless wrote"},
		"double frames":             {".extxyz", xyz + xyz, numbers, "line 23: expected a frame of a step after 20, found 0"},
		"other frames between":      {".extxyz", xyz + ions + xyz, numbers, "line 22: expected a trajectory that painless wrote, found \"1\""},
		"torn in another element":   {".extxyz", "5\nProperties=species:S:1:pos:R:3 step=0\nC 0 0 0\nH", numbers, `found "H" where atom 1, Cl , is due`},
		"a word for a coordinate":   {".extxyz", strings.Replace(xyz, "\nO ", "\nO two ", 1)[:len(xyz)/3], numbers, "its last frame:6: "},
		"binary":                    {".extxyz", "\x00\x01\x02", numbers, `found "\x00\x01\x02"`},
		"DCD as xyz":                {".extxyz", ours[".dcd"], numbers, "expected a trajectory that painless wrote"},
		"xyz as DCD":                {".dcd", xyz, numbers, "expected a trajectory that painless wrote, found another header at byte 0"},
		"a word as DCD":             {".dcd", "hi", numbers, "found another header at byte 0"},
		"DCD of another program":    {".dcd", patch(".dcd", 100, "Created by DCD plugin"), numbers, "found another header at byte 101"},
		"DCD with fixed atoms":      {".dcd", patch(".dcd", dcdCell+4, "\x01"), numbers, "another header"},
		"DCD of more atoms":         {".dcd", ours[".dcd"], numbers[:4], "expected the 4 atoms of the trajectory, found 5"},
		"DCD of interval 0":         {".dcd", patch(".dcd", dcdCounts+8, "\x00\x00\x00\x00"), numbers, "3 frames of every 0 steps"},
		"DCD of a negative step":    {".dcd", patch(".dcd", dcdCounts+4, "\x00\x00\x00\xff"), numbers, "from step -16777216 on"},
		"DCD of no time":            {".dcd", patch(".dcd", dcdCell-4, "\xff\xff\xff\xff"), numbers, "steps of NaN fs"},
		"xyz as NetCDF":             {".nc", xyz, numbers, "found another header at byte 0"},
		"HDF5 as NetCDF":            {".nc", "\x89HDF\r\n\x1a\n", numbers, "found another header at byte 0"},
		"NetCDF of another program": {".nc", strings.Replace(ours[".nc"], "painless", "NAMD 3.0", 1), numbers, "found another header at byte"},
		"NetCDF of other elements":  {".nc", ours[".nc"], []int{6, 17, 1, 9, 35}, "expected the elements of the trajectory, found others from atom 3 on"},
		"NetCDF of more atoms":      {".nc", ours[".nc"], numbers[:4], "expected the 4 atoms of the trajectory, found 5"},
		"NetCDF of half a step":     {".nc", patch(".nc", len(ours[".nc"])-3*(16+48+180)+8, "\x3f\xe0"), numbers, "found step 0.5 of frame 0"},
	} {
		t.Run(name, func(t *testing.T) {
			path := put(t, "a"+test.kind, test.text)
			_, err := Append(path, test.numbers, 5, Options{})
			require.Error(t, err)
			assert.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, path)
			assert.Equal(t, test.text, content(t, path))
		})
	}
}

func TestAppendRefusesWhatIsNoFile(t *testing.T) {
	_, err := Append(t.TempDir()+"/a.dcd", []int{1}, 0, Options{})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Append(t.TempDir(), []int{1}, 0, Options{Format: DCD})
	assert.ErrorContains(t, err, "expected a file, found d")
	_, err = Append("a.pdb", []int{1}, 0, Options{})
	assert.ErrorContains(t, err, `a.pdb: expected a trajectory's name to end in .xyz, .extxyz, .dcd, .nc, .ncdf or .netcdf, found ".pdb"`)
}

// FuzzAppend appends to any file: it is refused and as it was, or it begins with
// what it was and goes on.
func FuzzAppend(f *testing.F) {
	frames := simulation(cells["triclinic"], 3, 10)
	for i, kind := range kinds {
		path := filepath.Join(f.TempDir(), "a"+kind)
		ends := write(f, path, frames[:2]...)
		whole := content(f, path)
		f.Add(byte(i), []byte(whole), int64(5))
		f.Add(byte(i), []byte(whole), int64(math.MaxInt64))
		f.Add(byte(i), []byte(whole[:ends[0]+9]), int64(100))
		f.Add(byte(i), []byte(whole[:60]), int64(0))
	}
	f.Fuzz(func(t *testing.T, kind byte, text []byte, after int64) {
		path := put(t, "a"+kinds[int(kind)%len(kinds)], string(text))
		w, err := Append(path, frames[0].Numbers, after, Options{})
		if err != nil {
			assert.Equal(t, string(text), content(t, path))
			return
		}
		defer w.Close()
		require.LessOrEqual(t, w.LastStep(), max(-1, after))
		require.LessOrEqual(t, w.end, int64(len(text)))
		kept := content(t, path)
		require.Len(t, kept, int(w.end))
		if w.LastStep() < 0 { // the next is the first
			require.NoError(t, w.Write(frames[0]))
			return
		}
		if err := w.Write(frames[2]); err == nil {
			whole := content(t, path)
			require.Greater(t, len(whole), len(kept))
			head := min(len(kept), dcdCell) // DCD's interval is known from the second frame on
			require.Equal(t, kept[head:], whole[head:len(kept)])
		}
	})
}

// disk is a file that takes only so many bytes.
type disk struct {
	*os.File
	room int
}

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	written, err := d.File.WriteAt(p[:n], at)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return written, err
}

// A full disk is an error, what was there stays whole, and the run goes on once
// there is room again.
func TestWriteDiskFull(t *testing.T) {
	frames := simulation(cells["triclinic"], 3, 10)
	for _, kind := range kinds {
		dir := t.TempDir()
		path := filepath.Join(dir, "whole"+kind)
		ends := write(t, path, frames...)
		whole := content(t, path)
		for room := range len(whole) {
			path := filepath.Join(dir, "full"+kind)
			os.Remove(path)
			w, err := Create(path, frames[0].Numbers, Options{})
			require.NoError(t, err)
			full := &disk{w.file.(*os.File), room}
			w.file = full
			failed := false
			for i := 0; i < len(frames); {
				if err := w.Write(frames[i]); err != nil {
					require.ErrorIs(t, err, io.ErrShortWrite)
					failed = true
					size := 0
					if i > 0 {
						size = int(ends[i-1])
					}
					require.Len(t, content(t, path), size, "%s with room for %d bytes", kind, room)
					full.room = len(whole) + 1000
					continue
				}
				i++
			}
			require.True(t, failed)
			require.NoError(t, w.Close())
			require.Equal(t, whole, content(t, path), "%s with room for %d bytes", kind, room)
		}
	}
}
