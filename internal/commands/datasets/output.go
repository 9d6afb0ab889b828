package datasets

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// foreign is the endings under which other programs expect what is not extended XYZ.
var foreign = []string{".cif", ".data", ".dcd", ".gro", ".json", ".lmp", ".mmcif", ".mol", ".mol2", ".nc", ".ncdf", ".netcdf", ".npz", ".pdb", ".poscar",
	".sdf", ".traj", ".trr", ".vasp", ".xtc"}

// CheckXYZ refuses a name for extended XYZ, -o's, that promises another format.
func CheckXYZ(path string) error {
	plain := unpacked(path)
	switch ending := strings.ToLower(filepath.Ext(plain)); {
	case IsHDF5(plain):
		return fmt.Errorf("-o %s: what is written is extended XYZ; painless dataset makes HDF5 of it", path)
	case slices.Contains(foreign, ending):
		return fmt.Errorf("-o %s: what is written is extended XYZ, which %s is not: expected a name such as %s.xyz; ase convert makes other formats of it",
			path, ending, strings.TrimSuffix(plain, filepath.Ext(plain)))
	}
	return nil
}
