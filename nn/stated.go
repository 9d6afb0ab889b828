package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"painless/checkpoint"
)

// statement is a number of the architecture that the file states, and where.
type statement struct {
	place string
	value float64
}

// settings is the names that training code has for the architecture.
var settings = []string{"hidden_dim", "num_interactions", "num_rbf", "cutoff", "max_z"}

// stated is what the file says of a candidate's architecture, by the names of
// settings: in the configurations beside the tensors, in attributes of its
// module, and in tensors of one element. Where the cutoff is given it does not
// matter what the file says of it.
func (x *candidate) stated(c *checkpoint.Checkpoint, given bool) (map[string][]statement, error) {
	w := &statedWalk{said: map[string][]statement{}, left: maxFields, others: "teacher", given: given}
	if x.hasWord("teacher") {
		w.others = "student"
	}
	if err := w.dict(c.Metadata, "", true, 0); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(x.state.Numbers)) {
		own, ok := strings.CutPrefix(name, x.prefix)
		last := own[strings.LastIndexByte(own, '.')+1:]
		if ok && !w.isOthers(own) && (last == "cutoff" || last == own && slices.Contains(settings, own)) {
			w.said[last] = append(w.said[last], statement{"the module's attribute " + Shown(own), x.state.Numbers[name]})
		}
	}
	for name, t := range x.state.All() {
		if own, ok := strings.CutPrefix(name, x.prefix); ok && isCutoff(own) && t.Len() == 1 && !w.isOthers(own) {
			values, err := t.Float64s()
			if err != nil {
				return nil, fmt.Errorf("tensor %s: %w", Shown(name), err)
			}
			w.said["cutoff"] = append(w.said["cutoff"], statement{"tensor " + Shown(own), values[0]})
		}
	}
	return w.said, nil
}

// isCutoff reports whether a tensor's name is that of a cutoff.
func isCutoff(name string) bool { return name == "cutoff" || strings.HasSuffix(name, ".cutoff") }

// statedWalk goes through configurations in configurations.
type statedWalk struct {
	said   map[string][]statement
	left   int    // fields
	others string // whose configurations are not the candidate's: teacher
	given  bool   // the cutoff
}

// isOthers reports whether a name is of what is not the candidate's.
func (w *statedWalk) isOthers(name string) bool { return slices.Contains(wordsOf(name), w.others) }

// Limits of where statements are looked for: containers may hold themselves.
const (
	maxFields = 1 << 18
	maxNested = 8
)

// configWords is what the names of the student's configurations are made of.
var configWords = []string{"config", "cfg", "conf", "hyper", "parameters", "hyperparameters", "hparams", "params", "args", "arguments", "kwargs", "init", "settings",
	"options", "training", "train", "model", "student", "network", "net", "architecture", "arch", "json"}

// dict takes the settings among the fields of a dict, and looks into those that
// are dicts. A cutoff counts wherever it stands, the other numbers where the
// names on the way are those of the student's configuration.
func (w *statedWalk) dict(fields map[string]any, place string, own bool, depth int) error {
	if w.left -= len(fields); w.left < 0 {
		return nil
	}
	for _, key := range settings {
		if !own && key != "cutoff" {
			continue
		}
		switch number, ok, err := numberOf(fields[key]); {
		case err != nil && own && !(w.given && key == "cutoff"):
			return fmt.Errorf("%s says %s %w", nameOf(place), key, err)
		case ok:
			w.said[key] = append(w.said[key], statement{nameOf(place), number})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if depth == maxNested || w.isOthers(key) {
			continue
		}
		inner := w.fieldsOf(fields[key])
		if inner == nil {
			continue
		}
		known := !slices.ContainsFunc(wordsOf(key), func(word string) bool { return !slices.Contains(configWords, word) })
		if err := w.dict(inner, strings.TrimPrefix(place+"."+key, "."), own && known, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// nameOf is what a place is called.
func nameOf(place string) string {
	if place == "" {
		return "the top level"
	}
	return Shown(place)
}

// numberOf is the number of a setting. None says nothing, and a dict is looked into.
func numberOf(value any) (number float64, ok bool, err error) {
	if object, isObject := value.(*checkpoint.Object); isObject { // a node of OmegaConf
		state, _ := object.State.(map[string]any)
		value = state["_val"]
	}
	switch v := value.(type) {
	case nil, map[string]any:
		return 0, false, nil
	case int64:
		return float64(v), true, nil
	case float64:
		return v, true, nil
	case string: // as metadata of safetensors are
		if number, err := strconv.ParseFloat(v, 64); err == nil {
			return number, true, nil
		}
		return 0, false, fmt.Errorf("%.40q: expected a number", v)
	case *checkpoint.Tensor: // as convert writes numbers that are not whole
		if values, err := v.Float64s(); err == nil && len(values) == 1 {
			return values[0], true, nil
		}
		return 0, false, fmt.Errorf("is a tensor of shape %v: expected a number", v.Shape)
	case bool:
		return 0, false, fmt.Errorf("%v: expected a number", v)
	}
	return 0, false, errors.New("is a list, or of another kind: expected a number")
}

// fieldsOf is the fields of a dict, of an object (argparse's Namespace, a
// dataclass, OmegaConf's and Lightning's dicts), or of JSON in text; nil where
// there are none.
func (w *statedWalk) fieldsOf(v any) (fields map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		return v
	case string:
		if w.left -= len(v) / 64; w.left < 0 || !strings.HasPrefix(strings.TrimSpace(v), "{") || json.Unmarshal([]byte(v), &fields) != nil {
			return nil
		}
	case *checkpoint.Object:
		state, _ := v.State.(map[string]any)
		for _, content := range []string{"_content", "__dict__", "_fields"} {
			if inner, ok := state[content].(map[string]any); ok {
				return inner
			}
		}
		if w.left -= len(state) + len(v.Args); w.left < 0 {
			return nil
		}
		fields = maps.Clone(state)
		for i := 0; i+1 < len(v.Args); i += 2 { // a dict's keys and values in turn
			key, ok := v.Args[i].(string)
			if !ok {
				break
			}
			if fields == nil {
				fields = map[string]any{}
			}
			fields[key] = v.Args[i+1]
		}
	}
	return fields
}

// wordsOf is the words of a name: train_state and trainState are train and state.
func wordsOf(name string) (words []string) {
	word := []rune{}
	end := func() {
		if len(word) > 0 {
			words, word = append(words, strings.ToLower(string(word))), word[:0]
		}
	}
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r):
			end()
			continue
		case unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(word[len(word)-1]):
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}
