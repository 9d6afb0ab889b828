package hdf5

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/data"
)

// waters is what testdata/make.py writes in the layouts of other projects, whose
// units have these lengths in Å, energies in eV and forces in eV/Å.
func waters(length, energy, force float64) (frames []*data.Frame) {
	water := [][3]float64{{0, 0, 0}, {1, 0, 0}, {-0.25, 1, 0}}
	add := func(k int, numbers []int, positions [][3]float64, scale, shift float64) {
		f := &data.Frame{Structure: atoms.Structure{Numbers: numbers}}
		forces := make([][3]float64, len(numbers))
		for i, x := range positions {
			for j := range x {
				x[j] = x[j]*scale + shift
				forces[i][j] = x[j]/4*force + 0
				x[j] *= length
			}
			f.Positions = append(f.Positions, x)
		}
		f.Set(data.EnergyKey, (-2-float64(k))*energy)
		f.SetVectors(data.ForcesKey, forces)
		frames = append(frames, f)
	}
	add(0, []int{17, 1}, [][3]float64{{0, 0, 0}, {1.25, 0, 0.5}}, 1, 0)
	add(0, []int{8, 1, 1}, water, 1, 0)
	add(1, []int{8, 1, 1}, water, 1, 0.125)
	add(2, []int{8, 1, 1}, water, 1.25, 0)
	return frames
}

// Numbers of CODATA 2022.
const (
	bohr    = 0.529177210544  // Å
	hartree = 27.211386245981 // eV
)

func TestProjects(t *testing.T) {
	inOrder := func(frames []*data.Frame) []*data.Frame { // that of the numbers, which are those of the energies
		frames = append(frames[1:], frames[0])
		frames[3].Set(data.EnergyKey, -5)
		return frames
	}
	qm7x := waters(1, 1, 1)
	qm7x[0].Set(data.EnergyKey, -5)
	mace := inOrder(waters(1, 1, 1))
	for k, f := range mace {
		f.Cell, f.PBC = [3][3]float64{{8}, {0, 8}, {0, 0, 8}}, [3]bool{true, true, false}
		if k == 3 {
			f.Cell, f.PBC, f.Columns = [3][3]float64{}, [3]bool{}, nil
		}
	}
	for name, c := range map[string]struct {
		want   []*data.Frame
		says   string
		others []string
	}{
		"ani1x": {waters(1, hartree, hartree), "the layout of ANI-1x (docs/datasets.md): wb97x_dz.energy and wb97x_dz.forces, from Hartree and Hartree/Å", nil},
		"spice": {waters(bohr, hartree, -hartree/bohr), "the layout of SPICE (docs/datasets.md): dft_total_energy and dft_total_gradient, from Hartree and Bohr",
			[]string{"/hydrogen_chloride_2/smiles", "/hydrogen_chloride_2/subset"}},
		"qm7x": {qm7x, "the layout of QM7-X (docs/datasets.md): ePBE0+MBD and totFOR, in eV and eV/Å", []string{"/hydrogen_chloride_2/Geom-m1-i1-c3-opt/pbe0FOR"}},
		"mace": {mace, "the layout of MACE (docs/datasets.md): energy and forces, taken to be in eV and eV/Å", []string{"/config_batch_0/config_8/properties/dipole"}},
	} {
		path := "testdata/projects/" + name + ".h5"
		for _, f := range c.want {
			f.Warnings = []string{"the file has " + c.says}
		}
		assert.Equal(t, c.want, readFile(t, path), name)
		r, err := Open(path)
		require.NoError(t, err)
		defer r.Close()
		others, err := r.Others()
		require.NoError(t, err)
		assert.Equal(t, c.others, others, name)
		for _, k := range []int{3, 0, 2, 1} {
			require.NoError(t, r.Seek(k))
			f, err := r.Read()
			require.NoError(t, err)
			assert.Equal(t, c.want[k], f, name)
			assert.Equal(t, len(f.Numbers), r.NumAtoms(k), name)
		}
	}
}

func TestProjectsRefused(t *testing.T) {
	assert.ErrorContains(t, read("h5/testdata/chunks_latest.h5"), "expected a layout that docs/datasets.md describes: the training side's, "+
		"with /structures/atomic_numbers_splits and more, or that of ANI-1x, SPICE, QM7-X or MACE; found /all (10,) (10,) None, /all (10,) (4,) (None,), ")
	assert.ErrorContains(t, read("testdata/projects/spice_angstrom.h5"),
		"/hydrogen_chloride_2/conformations: expected the unit bohr, found angstrom")
	for name, says := range map[string]string{
		"forces_few":  "/hydrogen/wb97x_dz.forces: expected those of 3 conformations of 2 atoms, found shape [2 3]",
		"forces_more": "/hydrogen/wb97x_dz.forces: expected those of 1 conformations of 2 atoms, found shape [5 2 3]",
		"no_atoms":    "/hydrogen/atomic_numbers: expected atoms, found none",
	} {
		assert.ErrorContains(t, read("testdata/projects/ani1x_"+name+".h5"), says)
	}
	r, err := Open("testdata/projects/spice_nan.h5")
	require.NoError(t, err)
	defer r.Close()
	for k, says := range []string{"", "", "energy: expected finite numbers, found NaN", ""} {
		f, err := r.Read()
		if k == 3 {
			assert.ErrorContains(t, err, "structure 3: /water/conformations[2, 1, 0]: expected a finite number, found NaN")
			continue
		}
		require.NoError(t, err)
		if _, err = f.OwnLabels(); says == "" {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, says)
		}
	}
}
