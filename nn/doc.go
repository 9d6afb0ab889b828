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
// The words, each with one meaning:
//
//	atom       an index into a batch; its state is (s, v): H scalars and H vectors
//	pair       two atoms within the cutoff, on the CPU once for both directions
//	edge       one direction of a pair, on the GPU: from neighbour j to atom i, d = |r_j − r_i|
//	image      an atom shifted by lattice vectors; shift is how many of each
//	ghost      an atom of a domain that another rank owns
//	shell      the atoms of a domain that are so many pairs away from an own one
//	block      a message and the update after it; a network has num_interactions of them
//	filter     φ(d), what a block's message multiplies states with; it has three parts
//	table      φ as polynomials between equidistant knots
//	group      16 (CPU) or 8 (GPU) features that one worker takes through a message
//	stage      a part of the schedule that all atoms go through before the next begins
//
// Units: Å, eV, eV/Å for forces, eV/Å³ for stress. Atoms and structures are
// counted from 0.
package nn
