package systems

import (
	"bytes"
	_ "embed"
	"io"
	"math/rand/v2"

	"painless/atoms"
	"painless/data"
)

// molecules.xyz is MP2 geometries of the G2 set (Curtiss et al., J. Chem. Phys. 106, 1063 (1997)), as in ASE.
//
//go:embed molecules.xyz
var molecules []byte

// Molecule is a structure that has a name.
type Molecule struct {
	Name string
	atoms.Structure
}

// Molecules is small molecules of H, C, N and O, whose atoms are displaced by
// 0.05 Å (standard deviation of each coordinate), as they are at some hundred
// kelvin, so that they have no symmetry left.
func Molecules() []Molecule {
	rng := rand.New(rand.NewPCG(5, 5))
	var all []Molecule
	for frames := data.NewReader(bytes.NewReader(molecules), "molecules.xyz"); ; {
		frame, err := frames.Read()
		if err == io.EOF {
			return all
		}
		if err != nil {
			panic(err) // the file is part of the program
		}
		for i := range frame.Positions {
			for c := range 3 {
				frame.Positions[i][c] += 0.05 * rng.NormFloat64()
			}
		}
		all = append(all, Molecule{frame.Info[0].Value, frame.Structure})
	}
}
