// Package commands is the program's verbs.
package commands

import (
	"painless/internal/commands/bench"
	"painless/internal/commands/cli"
	"painless/internal/commands/convert"
	"painless/internal/commands/dataset"
	"painless/internal/commands/inspect"
	"painless/internal/commands/ipi"
	"painless/internal/commands/md"
	"painless/internal/commands/predict"
	"painless/internal/commands/relax"
	"painless/internal/commands/train"
	"painless/internal/commands/validate"
)

// All is the verbs, in the order of a first session.
var All = cli.Program{inspect.Verb, predict.Verb, relax.Verb, md.Verb, ipi.Verb, validate.Verb, predict.Label, train.Verb, convert.Verb, dataset.Verb, bench.Verb}
