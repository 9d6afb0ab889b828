// Package nn is the student network: a PaiNN-style message-passing force field
// that gives the energy of a structure, its analytic forces and its stress.
//
// The data flow is
//
//	checkpoint ─► Network (Config and weights) ─► Potential
//	structures ─► Batch ─► Potential.Compute ─► Result
//
// and inside Compute, for every batch,
//
//	NeighborList ─► message, update (per block) ─► readout ─► energies
//	forces ◄─ message, update backward (per block) ◄─ readout backward
//
// Units: Å, eV, eV/Å for forces, eV/Å³ for stress. Atoms and structures are
// counted from 0.
package nn
