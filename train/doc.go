// Package train trains networks on labelled structures.
//
// A Model is the weights of a network; an Engine computes the loss of a batch of
// Samples and its exact gradient by the weights, with tables for the filters as users
// run them. docs/training-gradient.md derives how.
//
// Units: Å, eV, eV/Å for forces, eV/Å³ for stress.
package train
