// Package commands is the program's verbs.
package commands

import (
	"painless/internal/commands/bench"
	"painless/internal/commands/cli"
	"painless/internal/commands/inspect"
	"painless/internal/commands/predict"
)

// All is the verbs, in the order of a first session.
var All = cli.Program{predict.Verb, inspect.Verb, bench.Verb}
