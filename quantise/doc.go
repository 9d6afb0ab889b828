// Package quantise makes networks small: their matrices in int8, with a scale for each
// row, or in float16 or bfloat16. Nothing computes in these types: whoever reads such a
// network makes float32 of it again.
//
// Rounding alone moves forces and energies. Calibration finds weights beside those that
// were rounded whose network, rounded, is nearest to the one that was given, on
// structures like those that it will be used for.
//
// docs/quantisation.md says what it costs and what it gains.
package quantise
