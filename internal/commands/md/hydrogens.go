package md

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"painless/atoms"
	"painless/internal/commands/cli"
	"painless/internal/vec"
	"painless/md"
)

// stretch, Å, is how far beyond the sum of covalent radii a bond to hydrogen is one:
// more than it swings, and less than what parts molecules.
const stretch = 0.4

// hydrogenBonds is the bond of each hydrogen to the other element that it is nearest
// to, by the covalent radii, and the hydrogens without one.
func hydrogenBonds(system *md.System) (bonds []md.Bond, without []int, err error) {
	reach := func(i, j int) float64 {
		return atoms.CovalentRadius(system.Numbers[i]) + atoms.CovalentRadius(system.Numbers[j]) + stretch
	}
	longest := 0.0
	for i := range system.Numbers {
		longest = max(longest, atoms.CovalentRadius(1)+atoms.CovalentRadius(system.Numbers[i])+stretch)
	}
	var list atoms.NeighborList[float64]
	if err := list.Build(&system.Batch, longest); err != nil {
		return nil, nil, err
	}
	nearest := map[int]md.Bond{}
	for p := range list.D {
		i, j, x := int(list.I[p]), int(list.J[p]), list.X[p]
		if system.Numbers[j] == 1 {
			i, j, x = j, i, vec.Scale(x, -1)
		}
		if system.Numbers[i] != 1 || system.Numbers[j] == 1 || list.D[p] > reach(i, j) {
			continue
		}
		if before, ok := nearest[i]; ok && before.Length-reach(i, before.J) <= list.D[p]-reach(i, j) {
			continue
		}
		bond := md.Bond{I: i, J: j, Length: list.D[p]}
		for c := range x {
			bond.Shift[c] = x[c] - system.Positions[j][c] + system.Positions[i][c]
		}
		nearest[i] = bond
	}
	for i, z := range system.Numbers {
		switch bond, ok := nearest[i]; {
		case ok && !(still(system, bond.I) && still(system, bond.J)):
			bonds = append(bonds, bond)
		case z == 1 && !ok && !still(system, i):
			without = append(without, i)
		}
	}
	if len(bonds) == 0 {
		return nil, nil, errors.New("-hbonds: expected bonds to hydrogen, found none")
	}
	return bonds, without, nil
}

// sayHydrogens says how many bonds are held, and which hydrogens have none.
func sayHydrogens(stderr io.Writer, system *md.System, bonds int, without []int) {
	fmt.Fprintf(stderr, "painless: md: -hbonds holds %s to hydrogen\n", cli.Counted(bonds, "bond"))
	if len(without) == 0 {
		return
	}
	const few = 4
	var names []string
	for _, i := range without[:min(few, len(without))] {
		k := system.StructureOf(i)
		names = append(names, fmt.Sprintf("atom %d of replica %d", i-system.Start[k], system.Replicas[k]))
	}
	if n := len(without) - few; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	fmt.Fprintf(stderr, "painless: md: -hbonds: hydrogen without a bond that is held, which a step of 2 fs may be too long for: %s\n", strings.Join(names, ", "))
}

// still says whether an atom is fixed along all axes: a bond of two such keeps its length by itself.
func still(system *md.System, atom int) bool {
	return system.Fixed != nil && system.Fixed[atom] == [3]bool{true, true, true}
}
