// Command painless computes energies, forces and stress with distilled
// PaiNN-style student force fields, and does what belongs to it: a verb for
// each job. painless help lists them.
package main

import (
	"painless/internal/commands"
	"painless/internal/commands/cli"
)

func main() { cli.Main("painless", commands.All.Execute) }
