//go:build (!amd64 && !arm64) || purego

package cpu

// Instructions names the vector instructions that the operations use.
func Instructions() string { return "portable" }
