package hdf5

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"painless/atoms"
	"painless/data"
	"painless/data/hdf5/h5"
	"painless/internal/vec"
)

// molecules is the structures of a file of another project. It holds where each
// molecule is, and what was opened of one.
type molecules struct {
	project
	file   *h5.File
	size   int64
	list   []molecule
	at     int // in the list
	opened conformations
}

// molecule is where a group of conformations is.
type molecule struct {
	path  string
	link  h5.Link
	first int // number of its first structure
	count int // structures
	atoms int
}

// find fills the list with the molecules of a group, which are depth groups deep
// at most.
func (m *molecules) find(group *h5.Object, path string, depth int) error {
	links, err := group.Links()
	if err != nil {
		return err
	}
	if m.mace {
		links = slices.Clone(links)
		slices.SortStableFunc(links, func(a, b h5.Link) int { return cmp.Compare(numbered(a.Name), numbered(b.Name)) })
	}
	for _, l := range links {
		at := path + "/" + l.Name
		child, err := m.file.Open(l)
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if child.Kind() != h5.Group {
			continue
		}
		numbers, err := child.Lookup(m.numbers)
		switch {
		case err != nil:
			err = fmt.Errorf("%s/%s: %w", at, m.numbers, err)
		case numbers != nil:
			err = m.add(molecule{path: at, link: l}, child)
		case depth > 0:
			err = m.find(child, at, depth-1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// numbered is the number at the end of a name, as config_10's.
func numbered(name string) int {
	n, _ := strconv.Atoi(name[strings.LastIndexByte(name, '_')+1:])
	return n
}

// add takes a molecule, of which it finds the size.
func (m *molecules) add(x molecule, group *h5.Object) error {
	numbers, err := openDataset(group, m.numbers, integers)
	if err != nil {
		return fmt.Errorf("%s/%s: %w", x.path, m.numbers, err)
	}
	x.atoms = numbers.rows
	if x.atoms == 0 {
		return fmt.Errorf("%s/%s: expected atoms, found none", x.path, m.numbers)
	}
	positions, err := m.vectors(group, m.positions, x.atoms)
	if err == nil && positions == nil {
		err = errors.New("expected a dataset, found none")
	}
	if err != nil {
		return fmt.Errorf("%s/%s: %w", x.path, m.positions, err)
	}
	x.first, x.count = m.Len(), conformationsOf(positions)
	if most := maxStructures(m.size); x.atoms > most || x.first+x.count > most {
		return fmt.Errorf("%s: expected at most %d structures and atoms in a file of %d bytes, found more", x.path, most, m.size)
	}
	m.list = append(m.list, x)
	return nil
}

// vectors opens the positions or forces of n atoms, [n, 3] or [C, n, 3]; nil is none.
func (m *molecules) vectors(group *h5.Object, path string, n int) (*dataset, error) {
	object, err := group.Lookup(path)
	if err != nil || object == nil {
		return nil, err
	}
	if err := m.checkUnit(object, path); err != nil {
		return nil, err
	}
	d, err := object.Dataset()
	if err != nil || m.none(d) {
		return nil, err
	}
	row := []int{n, 3}
	if len(d.Dims) == 2 && d.Dims[0] == n {
		row = row[1:]
	}
	opened, err := openDataset(group, path, reals, row...)
	if err == nil && min(opened.count, opened.rows)*opened.bytes > maxBlocks(m.size)/2 { // of positions and forces
		err = fmt.Errorf("expected chunks of at most %d MiB, found more", maxBlocks(m.size)>>21)
	}
	return opened, err
}

// conformationsOf is of how many conformations an array of vectors is.
func conformationsOf(d *dataset) int {
	if len(d.row) == 2 {
		return d.rows
	}
	return 1
}

// checkUnit refuses a unit that the file says and that is not the project's.
func (m *molecules) checkUnit(object *h5.Object, path string) error {
	want := m.units[path]
	if want == "" {
		return nil
	}
	attributes, err := object.Attributes()
	if err != nil {
		return err
	}
	for _, a := range attributes {
		if a.Name != "units" {
			continue
		}
		found, err := a.Value()
		if err != nil {
			return fmt.Errorf("attribute units: %w", err)
		}
		if text, ok := found.(string); !ok || !strings.EqualFold(text, want) {
			return fmt.Errorf("expected the unit %s, found %.40v", want, found)
		}
	}
	return nil
}

// none says whether a dataset stands for a value that there is not: MACE writes
// the text None.
func (m *molecules) none(d *h5.Dataset) bool {
	return m.mace && (d.Type.Kind == h5.Text || d.Type.Kind == h5.LongText)
}

// Len is the number of structures.
func (m *molecules) Len() int {
	if len(m.list) == 0 {
		return 0
	}
	last := m.list[len(m.list)-1]
	return last.first + last.count
}

// NumAtoms is the number of atoms of structure k.
func (m *molecules) NumAtoms(k int) int { return m.list[m.index(k)].atoms }

// index is that of the molecule whose structure k is.
func (m *molecules) index(k int) int {
	i, _ := slices.BinarySearchFunc(m.list, k, func(x molecule, k int) int { return cmp.Compare(x.first+x.count, k+1) })
	return i
}

// conformations is what was opened of a molecule.
type conformations struct {
	numbers           []int     // nil where nothing was opened
	energies          []float64 // nil where there are none, as all that follows
	positions, forces *dataset
	cell              []float64
	pbc               []float64
}

// frame opens the molecule of structure k, unless it is open.
func (m *molecules) frame(f *data.Frame, k int) error {
	f.Warnings = append(f.Warnings, fmt.Sprintf("the file has the layout of %s (docs/datasets.md): %s", m.name, m.says))
	i := m.index(k)
	x := m.list[i]
	if m.at != i || m.opened.numbers == nil {
		group, err := m.file.Open(x.link)
		if err != nil {
			return fmt.Errorf("%s: %w", x.path, err)
		}
		m.at = i
		if m.opened, err = m.open(group, x); err != nil {
			m.opened = conformations{}
			return fmt.Errorf("%s/%w", x.path, err)
		}
	}
	if err := m.conformation(f, x, k-x.first); err != nil {
		return fmt.Errorf("%s/%w", x.path, err)
	}
	return nil
}

// open opens the datasets of a molecule; an error begins with their names.
func (m *molecules) open(group *h5.Object, x molecule) (c conformations, err error) {
	numbers, err := m.values(group, integers, x.atoms, m.numbers)
	if err != nil {
		return c, err
	}
	c.numbers = make([]int, x.atoms)
	for i, z := range numbers {
		if c.numbers[i] = int(z); atoms.Symbol(c.numbers[i]) == "X" {
			return c, fmt.Errorf("%s[%d]: expected an atomic number, found %v", m.numbers, i, z)
		}
	}
	for _, d := range []struct {
		to    **dataset
		paths []string
	}{{&c.positions, []string{m.positions}}, {&c.forces, m.forces}} {
		for _, path := range d.paths {
			if *d.to == nil {
				*d.to, err = m.vectors(group, path, x.atoms)
				if err == nil && *d.to != nil && conformationsOf(*d.to) != x.count {
					err = fmt.Errorf("expected those of %d conformations of %d atoms, found shape %v", x.count, x.atoms, (*d.to).Dims)
				}
				if err != nil {
					return c, fmt.Errorf("%s: %w", path, err)
				}
			}
		}
	}
	if c.energies, err = m.values(group, reals, x.count, m.energy...); err != nil || !m.mace {
		return c, err
	}
	if c.cell, err = m.values(group, reals, 9, "cell"); err != nil {
		return c, err
	}
	c.pbc, err = m.values(group, bools, 3, "pbc")
	return c, err
}

// values is all n values of the first dataset that is there, or nil.
func (m *molecules) values(group *h5.Object, v values, n int, paths ...string) ([]float64, error) {
	for _, path := range paths {
		object, err := group.Lookup(path)
		if err == nil && object == nil {
			continue
		}
		if err == nil {
			err = m.checkUnit(object, path)
		}
		var list []float64
		if err == nil {
			list, err = m.valuesOf(object, v, n)
		}
		if err != nil || list != nil {
			return list, prefixed(path, err)
		}
	}
	return nil, nil
}

func prefixed(name string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}

func (m *molecules) valuesOf(object *h5.Object, v values, n int) ([]float64, error) {
	d, err := object.Dataset()
	if err != nil || m.none(d) {
		return nil, err
	}
	if !slices.Contains(v.kinds, d.Type.Kind) {
		return nil, fmt.Errorf("expected %s, found %s", v.what, d.Type)
	}
	if int64(d.Len())*d.RowBytes() != int64(n)*int64(d.Type.Size) {
		return nil, fmt.Errorf("expected %d values, found shape %v", n, d.Dims)
	}
	b := make([]byte, n*d.Type.Size)
	complete, err := d.Read(b, 0, d.Len())
	if err == nil && !complete {
		err = errUnwritten
	}
	list := make([]float64, n)
	d.Type.Floats(list, b)
	return list, err
}

// conformation is number i of those that are open.
func (m *molecules) conformation(f *data.Frame, x molecule, i int) error {
	c := m.opened
	f.Numbers = slices.Clone(c.numbers)
	row := func(d *dataset) int { return i * (len(d.row) - 1) } // of an array of atoms, the first
	var err error
	if f.Positions, err = points(c.positions, row(c.positions), x.atoms); err != nil {
		return err
	}
	for i := range f.Positions {
		for j := range f.Positions[i] {
			f.Positions[i][j] *= m.length
		}
	}
	if err := m.cell(f); err != nil {
		return err
	}
	if c.energies != nil {
		f.Set(data.EnergyKey, c.energies[i]*m.unit)
	}
	if c.forces == nil {
		return nil
	}
	forces := make([]float64, 3*x.atoms)
	if err := c.forces.floats(forces, row(c.forces)); err != nil {
		return err
	}
	for i := range forces {
		forces[i] = forces[i]*m.force + 0 // and not -0
	}
	f.Columns = append(f.Columns, data.Column{Name: data.ForcesKey, Kind: data.Real, Width: 3, Reals: forces})
	return nil
}

// cell sets the cell, which is periodic where nothing else is said.
func (m *molecules) cell(f *data.Frame) error {
	for i, x := range m.opened.cell {
		if !vec.Finite(x) {
			return fmt.Errorf("cell[%d, %d]: expected a finite number, found %v", i/3, i%3, x)
		}
		f.Cell[i/3][i%3] = x
	}
	for i := range f.PBC {
		f.PBC[i] = f.Cell != [3][3]float64{}
		if m.opened.pbc != nil {
			f.PBC[i] = m.opened.pbc[i] != 0
		}
	}
	return nil
}
