package nn

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"painless/checkpoint"
)

// candidate is tensors of a state that have the names of a network's, under one
// prefix, once what wraps its parts is dropped: _orig_mod, say.
type candidate struct {
	state    *checkpoint.State
	prefix   string                        // such as "model."; "" is none
	tensors  map[string]*checkpoint.Tensor // by their plain names
	full     map[string]string             // names in the file, by plain ones
	order    []string                      // plain names, in the file's order
	wrappers []string                      // that were dropped
	blocks   map[string]bool               // indices of interactions
	clash    error                         // of two tensors with one plain name
	whole    bool                          // every name is there, once
	near     bool                          // half of them or more are
}

func newCandidate(state *checkpoint.State, prefix string) *candidate {
	return &candidate{state: state, prefix: prefix, tensors: map[string]*checkpoint.Tensor{}, full: map[string]string{}, blocks: map[string]bool{}}
}

// patterns is the components of the architecture's names, by the first of them;
// "#" is the index of a block.
var patterns = func() map[string][][]string {
	byRoot := map[string][][]string{}
	for s := range (Config{NumInteractions: 1}).specs() {
		parts := strings.Split(s.name, ".")
		if parts[0] == "interactions" {
			parts[1] = "#"
		}
		byRoot[parts[0]] = append(byRoot[parts[0]], parts)
		if s.isMatrix() {
			scale := slices.Clone(parts)
			scale[len(scale)-1] += ScaleEnding
			byRoot[parts[0]] = append(byRoot[parts[0]], scale)
		}
	}
	return byRoot
}()

// plainName is the name of the architecture that components stand for: the
// first and the last are its own, and between its own there may be names of
// wrappers, but no other number, which could be an index.
func plainName(parts []string) (name, block string, wrappers []string, ok bool) {
	last := len(parts) - 1
	for _, pattern := range patterns[parts[0]] {
		end := len(pattern) - 1
		if last < end || parts[last] != pattern[end] {
			continue
		}
		own, at := []string{parts[0]}, 1
		wrappers, block = nil, ""
		for _, part := range parts[1:last] {
			_, err := strconv.Atoi(part)
			switch isNumber := err == nil; {
			case at < end && (part == pattern[at] || pattern[at] == "#" && isNumber):
				if pattern[at] == "#" {
					block = part
				}
				own, at = append(own, part), at+1
			case isNumber:
				at = len(parts) // no such name
			default:
				wrappers = append(wrappers, part)
			}
		}
		if at == end {
			return strings.Join(append(own, parts[last]), "."), block, wrappers, true
		}
	}
	return "", "", nil, false
}

// Limits of names that can be a network's.
const maxNameBytes, maxNameParts = 4096, 64

// candidates is all of a state, in the order of the file.
func candidates(state *checkpoint.State) (list []*candidate) {
	byPrefix := map[string]*candidate{}
	for full, t := range state.All() {
		if len(full) > maxNameBytes || strings.Count(full, ".") >= maxNameParts {
			continue
		}
		parts := strings.Split(full, ".")
		at := 0 // of a part
		for i, part := range parts {
			if name, block, wrappers, ok := plainName(parts[i:]); ok {
				prefix := full[:at]
				x := byPrefix[prefix]
				if x == nil {
					x = newCandidate(state, prefix)
					byPrefix[prefix] = x
					list = append(list, x)
				}
				x.add(name, full, block, wrappers, t)
			}
			at += len(part) + 1
		}
	}
	for _, x := range list {
		x.finish()
	}
	return list
}

func (x *candidate) add(name, full, block string, wrappers []string, t *checkpoint.Tensor) {
	if x.tensors[name] != nil {
		if x.clash == nil {
			x.clash = fmt.Errorf("tensors %s and %s are both %s, once what wraps them is dropped: expected one", Shown(x.full[name]), Shown(full), name)
		}
		return
	}
	x.tensors[name], x.full[name] = t, full
	x.order = append(x.order, name)
	for _, w := range wrappers {
		if !slices.Contains(x.wrappers, w) && len(x.wrappers) < maxShown {
			x.wrappers = append(x.wrappers, w)
		}
	}
	if block != "" {
		x.blocks[block] = true
	}
}

// finish looks for what is missing.
func (x *candidate) finish() {
	there, missing := 0, 0
	for s := range (Config{NumInteractions: max(1, len(x.blocks))}).specs() {
		switch {
		case x.tensors[s.name] != nil:
			there++
		case !s.optional:
			missing++
		}
		if missing > len(x.order) { // and there is no use in going on
			break
		}
	}
	x.near, x.whole = missing <= there, missing == 0 && x.clash == nil
}

func (x *candidate) tensor(name string) (t *checkpoint.Tensor, ok bool) {
	t, ok = x.tensors[name]
	return t, ok
}

// names is the tensors' names in the file.
func (x *candidate) names() map[string]bool {
	names := map[string]bool{}
	for _, full := range x.full {
		names[full] = true
	}
	return names
}

// hasWord reports whether one of the words is in the key or in the prefix.
func (x *candidate) hasWord(words ...string) bool {
	return slices.ContainsFunc(wordsOf(x.state.Key+"."+x.prefix), func(w string) bool { return slices.Contains(words, w) })
}

// averages is the words that say that weights are averages over training.
var averages = []string{"ema", "ewa", "swa", "avg", "average", "averages", "averaged", "shadow", "polyak"}

func (x *candidate) isAverage() bool { return x.hasWord(averages...) }

// same reports whether two candidates have the same tensors in the file, under other names.
func (x *candidate) same(y *candidate) bool {
	if len(x.order) != len(y.order) {
		return false
	}
	for name, a := range x.tensors {
		b := y.tensors[name]
		if b == nil || a.Storage != b.Storage || a.Offset != b.Offset || !slices.Equal(a.Shape, b.Shape) || !slices.Equal(a.Strides, b.Strides) {
			return false
		}
	}
	return true
}

// missing is the error of a tensor that is not there; it shows what is.
func (x *candidate) missing(name, shape string) error {
	if what := x.state.Describe(x.prefix + name); what != "" {
		return fmt.Errorf("tensor %s: expected one of shape %s, found %s", Shown(x.prefix+name), shape, what)
	}
	return fmt.Errorf("tensor %s is missing: expected shape %s; found %s", Shown(x.prefix+name), shape, Shown(x.state.Names()...))
}

// maxShown is how many names are shown, and how many bytes of each.
const maxShown, maxShownBytes = 5, 80

// Shown returns the first of a file's names, as they may stand in a message.
func Shown(names ...string) string {
	var list []string
	for i, name := range names {
		if i == maxShown {
			list = append(list, fmt.Sprintf("… (%d in all)", len(names)))
			break
		}
		if len(name) > maxShownBytes || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			name = fmt.Sprintf("%.*q", maxShownBytes, name)
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
