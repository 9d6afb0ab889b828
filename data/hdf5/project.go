package hdf5

import (
	"slices"

	"painless/data/hdf5/h5"
	"painless/internal/units"
)

// project is the layout of another project: a group for each molecule, which may
// stand in a group of them, with the atomic numbers [N] and positions of one
// conformation [N, 3] or of several [C, N, 3].
type project struct {
	name, says string
	numbers    string
	positions  string
	energy     []string // paths, the first of which that is there
	forces     []string
	length     float64           // Å
	unit       float64           // of energies, eV
	force      float64           // of forces, eV/Å
	units      map[string]string // that the file may say, in attributes
	mace       bool              // cells, numbers at the end of names, and the text None for what there is not
}

// projects is those that are known, by the names that a molecule's group has.
var projects = []project{
	{
		name: "ANI-1x", says: "wb97x_dz.energy and wb97x_dz.forces, from Hartree and Hartree/Å",
		numbers: "atomic_numbers", positions: "coordinates", energy: []string{"wb97x_dz.energy"}, forces: []string{"wb97x_dz.forces"},
		length: 1, unit: units.Hartree, force: units.Hartree,
	},
	{
		name: "SPICE", says: "dft_total_energy and dft_total_gradient, from Hartree and Bohr",
		numbers: "atomic_numbers", positions: "conformations", energy: []string{"dft_total_energy"}, forces: []string{"dft_total_gradient"},
		length: units.Bohr, unit: units.Hartree, force: -units.Hartree / units.Bohr,
		units: map[string]string{"conformations": "bohr", "dft_total_energy": "hartree", "dft_total_gradient": "hartree/bohr"},
	},
	{
		name: "QM7-X", says: "ePBE0+MBD and totFOR, in eV and eV/Å",
		numbers: "atNUM", positions: "atXYZ", energy: []string{"ePBE0+MBD"}, forces: []string{"totFOR"},
		length: 1, unit: 1, force: 1,
	},
	{
		name: "MACE", says: "energy and forces, taken to be in eV and eV/Å",
		numbers: "atomic_numbers", positions: "positions", energy: []string{"energy", "properties/energy"}, forces: []string{"forces", "properties/forces"},
		length: 1, unit: 1, force: 1, mace: true,
	},
}

// paths is all that is read of a molecule's group.
func (p *project) paths() []string {
	paths := slices.Concat([]string{p.numbers, p.positions}, p.energy, p.forces)
	if p.mace {
		paths = append(paths, "cell", "pbc")
	}
	return paths
}

// findProject says whose layout a file has, by the names in its first groups, at
// most depth deep. It is nil where none is known.
func findProject(file *h5.File, group *h5.Object, depth int) *project {
	links, err := group.Links()
	if err != nil {
		return nil
	}
	has := func(name string) bool {
		return slices.ContainsFunc(links, func(l h5.Link) bool { return l.Name == name })
	}
	for i, p := range projects {
		if has(p.numbers) && has(p.positions) {
			return &projects[i]
		}
	}
	const most = 100 // objects before the first group
	for _, l := range links[:min(len(links), most)] {
		if child, err := file.Open(l); depth > 0 && err == nil && child.Kind() == h5.Group {
			return findProject(file, child, depth-1)
		}
	}
	return nil
}

// groupsOfMolecules is how deep molecules stand in groups.
const groupsOfMolecules = 1
