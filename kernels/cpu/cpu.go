// Package cpu holds the arithmetic of the student network on plain arrays,
// in portable Go: one operation a file, forward first and its reverse after.
//
// It knows nothing of networks or structures. Every function is generic over
// float32, which users run, and float64, the yardstick for it. Results do not
// depend on how rows, pairs or features are split between calls: each output
// is summed in one fixed order.
//
// Shapes are written [rows, columns], row-major. H is the number of features,
// A a number of atoms, P a number of undirected pairs, R of radial functions.
package cpu

// Float is the arithmetic type of a computation.
type Float interface{ float32 | float64 }
