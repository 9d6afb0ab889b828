package cli

import "strconv"

// Counted is a number of things: 1 structure, 2 structures.
func Counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
