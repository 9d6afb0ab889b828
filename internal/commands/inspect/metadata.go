package inspect

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"painless/checkpoint"
	"painless/nn"
)

// prefixes is what was stripped from the names, without the empty one.
func prefixes(c *checkpoint.Checkpoint) []string {
	return slices.DeleteFunc(slices.Clone(c.Prefixes), func(p string) bool { return p == "" })
}

// setting is a number of the architecture.
type setting struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Stated bool    `json:"stated"` // by the file's config; otherwise inferred
	From   string  `json:"from"`   // what it is inferred from, or agrees with
}

// configuration is the architecture, and where each number of it is from.
func configuration(network *nn.Network, stated map[string]any) []setting {
	settings := []setting{
		{Name: "hidden_dim", Value: float64(network.HiddenDim), From: "columns of embedding.weight"},
		{Name: "num_interactions", Value: float64(network.NumInteractions), From: "tensors of interactions.*"},
		{Name: "num_rbf", Value: float64(network.NumRBF), From: "elements of rbf.centers"},
		{Name: "cutoff", Value: network.Cutoff, From: "last of rbf.centers"},
		{Name: "max_z", Value: float64(network.MaxZ), From: "rows of embedding.weight"},
	}
	for i := range settings {
		_, settings[i].Stated = stated[settings[i].Name]
	}
	return settings
}

// entry is a line about a value beside the tensors.
type entry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Limits of what is shown: a file may hold anything.
const (
	maxEntries = 12 // of a dict
	maxText    = 80 // bytes of a name or a value
	maxReason  = 400
)

// summary is a line for each value, in the order of the keys.
func summary(metadata map[string]any) []entry {
	entries := []entry{}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		entries = append(entries, entry{key, describe(metadata[key], true)})
	}
	return entries
}

// describe is a value in a line. A dict is opened once: it may hold itself.
func describe(value any, open bool) string {
	switch x := value.(type) {
	case nil:
		return "None"
	case bool, int64, float64:
		return fmt.Sprint(x)
	case *big.Int:
		return fmt.Sprintf("an integer of %d bits", x.BitLen())
	case string:
		return fmt.Sprintf("%.*q", maxText, x)
	case []byte:
		return fmt.Sprintf("%d bytes", len(x))
	case []any:
		return fmt.Sprintf("a list of %d", len(x))
	case *checkpoint.Tensor:
		return fmt.Sprintf("a %s tensor of shape %v", x.DType(), x.Shape)
	case *checkpoint.Object:
		return "an object of " + printable(x.Class, maxText)
	case map[string]any:
		text := fmt.Sprintf("a dict of %d", len(x))
		if !open {
			return text
		}
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(x)) {
			if len(parts) == maxEntries {
				parts = append(parts, "…")
				break
			}
			parts = append(parts, printable(key, maxText)+" "+describe(x[key], false))
		}
		return text + ": " + strings.Join(parts, ", ")
	}
	return fmt.Sprintf("a %T", value)
}

// printable is a text of the file, up to so many bytes of it, as it may stand on a terminal.
func printable(text string, most int) string {
	if len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	return fmt.Sprintf("%.*q", most, text)
}
