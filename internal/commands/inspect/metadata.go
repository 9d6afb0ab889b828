package inspect

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"painless/checkpoint"
	"painless/nn"
)

// setting is a number of the architecture.
type setting struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Stated bool    `json:"stated"` // by the file
	From   string  `json:"from"`   // what it is inferred from, or agrees with
	Source string  `json:"source"` // in words
}

// configuration is the architecture, and where each number of it is from.
func configuration(f *nn.Found) []setting {
	n := f.Network
	settings := []setting{
		{Name: "hidden_dim", Value: float64(n.HiddenDim), From: "columns of embedding.weight"},
		{Name: "num_interactions", Value: float64(n.NumInteractions), From: "tensors of interactions.*"},
		{Name: "num_rbf", Value: float64(n.NumRBF), From: "elements of rbf.centers"},
		{Name: "cutoff", Value: n.Cutoff, From: "rbf.centers"},
		{Name: "max_z", Value: float64(n.MaxZ), From: "rows of embedding.weight"},
	}
	for i := range settings {
		s := &settings[i]
		place, ok := f.Stated[s.Name]
		switch s.Stated = ok; {
		case s.Name == "cutoff":
			s.Source = f.CutoffFrom
		case ok:
			s.Source = "stated by " + place + ", as " + s.From + " have it"
		default:
			s.Source = "inferred from " + s.From
		}
	}
	return settings
}

// entry is a line about a value beside the tensors.
type entry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Limits of what people are shown: a file may hold anything.
const (
	maxText   = 80 // characters of a name or a value
	maxReason = 400
)

// extent is how much of values is shown; what is cut ends in …
type extent struct {
	entries int // of a dict or a list
	text    int // characters of a text
}

var (
	inPart = extent{12, maxText} // for people
	whole  = extent{math.MaxInt, math.MaxInt}
)

// summary is a line for each value, in the order of the keys.
func (e extent) summary(metadata map[string]any) []entry {
	entries := []entry{}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		entries = append(entries, entry{key, e.describe(metadata[key], true)})
	}
	return entries
}

// describe is a value in a line. A dict or a list is opened once: it may hold itself.
func (e extent) describe(value any, open bool) string {
	switch x := value.(type) {
	case nil:
		return "None"
	case bool, int64, float64:
		return fmt.Sprint(x)
	case *big.Int:
		return fmt.Sprintf("an integer of %d bits", x.BitLen())
	case string:
		return quoted(x, e.text)
	case []byte:
		return fmt.Sprintf("%d bytes", len(x))
	case []any:
		text := fmt.Sprintf("a list of %d", len(x))
		if !open || len(x) > e.entries {
			return text
		}
		var parts []string
		for _, item := range x {
			parts = append(parts, e.describe(item, false))
		}
		return text + ": " + strings.Join(parts, ", ")
	case *checkpoint.Tensor:
		return fmt.Sprintf("a %s tensor of shape %v", x.DType(), x.Shape)
	case *checkpoint.Object:
		return "an object of " + printable(x.Class, e.text)
	case map[string]any:
		text := fmt.Sprintf("a dict of %d", len(x))
		if !open {
			return text
		}
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(x)) {
			if len(parts) == e.entries {
				parts = append(parts, "…")
				break
			}
			parts = append(parts, printable(key, e.text)+" "+e.describe(x[key], false))
		}
		return text + ": " + strings.Join(parts, ", ")
	}
	return fmt.Sprintf("a %T", value)
}

// quoted is a text in quotation marks, up to so many characters of it, and … behind
// them where there are more.
func quoted(text string, most int) string {
	cut := text
	for i := range text {
		if most == 0 {
			cut = text[:i]
			break
		}
		most--
	}
	if len(cut) < len(text) {
		return strconv.Quote(cut) + "…"
	}
	return strconv.Quote(text)
}

// printable is a text of the file, up to so many characters of it, as it may stand on a terminal.
func printable(text string, most int) string {
	if len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	return quoted(text, most)
}
