package atoms

// Result is what a potential says of a batch. What it was not asked for is empty.
type Result struct {
	Energy []float64    // eV, [S]
	Forces [][3]float64 // −∂E/∂r, eV/Å, [N]

	// Virial is −∂E/∂ε, eV, [S]: ε[a][b] strains the positions and the cell by
	// r_a += ε[a][b]·r_b. Where the energy is invariant to rotation it is symmetric.
	Virial [][3][3]float64

	// Stress is the symmetric part of ∂E/∂ε over the volume, eV/Å³, as xx, yy,
	// zz, yz, xz, xy (ASE's order and sign: tension is positive); [S]. It is 0
	// for structures that have no volume: see Batch.Volume.
	Stress [][6]float64
}
