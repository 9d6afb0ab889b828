// Package md moves atoms: molecular dynamics in the usual ensembles, and
// relaxation. It knows structures and something that gives energy, forces and
// virial, and nothing of networks.
//
// A System is replicas, independent simulations of any sizes, that move in
// lockstep. A step is a list of operations (schedule.go), each of which moves
// positions, velocities or the cell for a part of the time step.
//
// Units are Å, fs, eV, u, K and bar; velocities are in Å/fs. The stress is
// positive for tension, the pressure for compression.
package md
