package trajectory

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/peertest"
	"painless/internal/units"
	"painless/internal/vec"
)

// theirs is what testdata/read.py prints of a frame.
type theirs struct {
	Step                          int64
	Time                          float64
	Cell                          []float64 // lengths and angles
	Vectors                       vec.Matrix
	Positions, Velocities, Forces [][3]float64
	Numbers                       []int
	PBC                           [3]bool
	Masses, Stress                []float64
	Energy                        *float64
	Kinetic                       float64
}

// readBy reads trajectories with another program.
func readBy(t *testing.T, program, modules, debian string, paths ...string) (read [][]theirs) {
	t.Helper()
	command := peertest.Python(t, modules, debian, append([]string{"testdata/read.py", program, "5"}, paths...)...)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	require.NoError(t, err, complaints.String())
	for lines := json.NewDecoder(bytes.NewReader(out)); lines.More(); {
		var frames []theirs
		require.NoError(t, lines.Decode(&frames))
		read = append(read, frames)
	}
	require.Len(t, read, len(paths))
	return read
}

// interrupted writes frames as three runs do: the second goes on before the last
// frame of the first, and it or the third is killed while it writes a frame.
func interrupted(t *testing.T, kind string, frames []*Frame) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a"+kind)
	write(t, path, frames[:3]...)
	w, err := Append(path, frames[0].Numbers, frames[1].Step, Options{})
	require.NoError(t, err)
	require.Equal(t, 2, w.Frames())
	ends := add(t, w, frames[2])
	tear(t, path)
	w, err = Append(path, frames[0].Numbers, math.MaxInt64, Options{})
	require.NoError(t, err)
	require.Equal(t, ends[0], w.end)
	add(t, w, frames[3:]...)
	if kind != ".extxyz" { // of which only the last frame can be seen to be torn
		tear(t, path)
	}
	return path
}

// tear adds some of a frame.
func tear(t *testing.T, path string) {
	t.Helper()
	text := content(t, path)
	require.NoError(t, os.WriteFile(path, []byte(text+text[:len(text)/10]), 0o600))
}

// MDAnalysis and mdtraj read DCD and NetCDF as our own reader does, which
// TestCells holds to the frames.
func TestInteropMDAnalysis(t *testing.T) {
	testReaders(t, "MDAnalysis", "python3-mdanalysis")
}

func TestInteropMDTraj(t *testing.T) {
	testReaders(t, "mdtraj", "python3-mdtraj")
}

func testReaders(t *testing.T, program, debian string) {
	type file struct {
		name, kind string
		frames     []*Frame
		ours       []seen
	}
	var files []file
	var paths []string
	for name, cell := range cells {
		for _, kind := range []string{".dcd", ".nc"} {
			frames := simulation(cell, 4, 10)
			for _, f := range frames { // not from the start
				f.Step, f.Time = f.Step+20, f.Time+10
			}
			path := filepath.Join(t.TempDir(), "whole"+kind)
			write(t, path, frames...)
			files = append(files, file{name + kind, kind, frames, readSeen(t, path)})
			paths = append(paths, interrupted(t, kind, frames))
		}
	}
	read := readBy(t, program, program, debian, paths...)
	for i, f := range files {
		require.Len(t, read[i], len(f.frames), f.name)
		for k, got := range read[i] {
			s := f.ours[k]
			if f.kind == ".nc" || program == "MDAnalysis" { // mdtraj counts the frames of DCD
				assert.InDelta(t, f.frames[k].Time/1000, got.Time, 1e-6*f.frames[k].Time/1000, f.name)
			}
			near32(t, "position", s.positions, got.Positions, 30)
			if s.lengths == [3]float64{} {
				assert.Nil(t, got.Cell, f.name)
			} else {
				require.Len(t, got.Cell, 6, f.name)
				for c := range 3 {
					assert.InEpsilon(t, s.lengths[c], got.Cell[c], 2e-7, f.name)
					assert.InDelta(t, s.angles[c], got.Cell[3+c], 1e-3, f.name) // of flat cells in float32
				}
			}
			if f.kind == ".nc" && program == "MDAnalysis" { // in Å/ps and kJ/mol/Å
				near32(t, "velocity", s.velocities, scaled(got.Velocities, 1e-3), 0.1)
				near32(t, "force", s.forces, scaled(got.Forces, 0.01036426965), 10)
			}
		}
	}
}

func scaled(v [][3]float64, by float64) (to [][3]float64) {
	for i := range v {
		to = append(to, vec.Scale(v[i], by))
	}
	return to
}

// ASE reads everything that extended XYZ holds, velocities in its own units.
func TestInteropASE(t *testing.T) {
	var paths []string
	var written [][]*Frame
	for _, cell := range cells {
		frames := simulation(cell, 4, 10)
		frames[3].Masses = []float64{13.003, 35.45, 2.014, 15.999, 79.904}
		written, paths = append(written, frames), append(paths, interrupted(t, ".extxyz", frames))
	}
	for i, got := range readBy(t, "ase", "ase", "python3-ase", paths...) {
		require.Len(t, got, len(written[i]))
		for k, f := range written[i] {
			assert.Equal(t, f.Structure, atoms.Structure{Numbers: got[k].Numbers, Positions: got[k].Positions, Cell: got[k].Vectors, PBC: got[k].PBC})
			assert.Equal(t, f.Step, got[k].Step)
			assert.Equal(t, f.Time, got[k].Time)
			assert.Equal(t, f.Forces, got[k].Forces)
			assert.Equal(t, f.Energy, got[k].Energy)
			if f.Stress != nil {
				assert.Equal(t, f.Stress[:], got[k].Stress)
			}
			kinetic := 0.
			for i, v := range f.Velocities {
				kinetic += 0.5 * units.MassVelocity2 * f.mass(i) * vec.Dot(v, v)
				assert.Equal(t, f.mass(i), got[k].Masses[i])
			}
			assert.InEpsilon(t, kinetic, got[k].Kinetic, 1e-12)
			velocities := scaled(got[k].Velocities, 1/units.ASETime)
			for i, v := range f.Velocities {
				assert.InDeltaSlice(t, v[:], velocities[i][:], 1e-14)
			}
		}
	}
}

// ASE reads periodic NetCDF with the elements; it takes velocities, which AMBER
// has in Å/ps, for its own unit.
func TestInteropASENetCDF(t *testing.T) {
	for _, name := range []string{"orthorhombic", "triclinic", "tilted"} {
		frames := simulation(cells[name], 4, 10)
		whole := filepath.Join(t.TempDir(), "a.nc")
		write(t, whole, frames...)
		got := readBy(t, "ase", "ase, netCDF4", "python3-netcdf4", interrupted(t, ".nc", frames))[0]
		require.Len(t, got, len(frames))
		for k, s := range readSeen(t, whole) {
			assert.Equal(t, frames[k].Numbers, got[k].Numbers)
			assert.Equal(t, s.step, got[k].Step)
			assert.InDelta(t, s.time/1000, got[k].Time, 1e-9)
			assert.Equal(t, frames[k].PBC, got[k].PBC)
			cell := s.cell()
			for c := range 3 {
				assert.InDeltaSlice(t, cell[c][:], got[k].Vectors[c][:], 1e-5)
			}
			near32(t, "position", s.positions, got[k].Positions, 30)
			near32(t, "velocity", s.velocities, scaled(got[k].Velocities, 1e-3), 0.1)
		}
	}
}
