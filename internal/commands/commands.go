// Package commands is the program's verbs.
package commands

import (
	"painless/internal/commands/cli"
	"painless/internal/commands/convert"
	"painless/internal/commands/dataset"
	"painless/internal/commands/predict"
	"painless/internal/commands/validate"
)

// All is the verbs, in the order of a first session.
var All = cli.Program{predict.Verb, validate.Verb, convert.Verb, dataset.Verb}
