//go:build !purego

package cpu

// level is the set of vector instructions that the machine has.
type level int

const (
	portable level = iota
	neon           // which every machine has that Go runs on
)

var levels = [...]string{"portable", "NEON"}

func detect() level { return neon }
