package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// fromPickle finds the states in the value of a pickle of a file of that format.
// What else stands at the top level, and in usual state dicts, is metadata.
func fromPickle(format string, root any, allow *allowance) (*Checkpoint, error) {
	f := &finder{seen: map[any]*State{}, allow: allow}
	if err := f.find(root); err != nil {
		return nil, err
	}
	c := newCheckpoint(format, f.states)
	usual := map[string]*State{}
	for _, s := range f.states {
		if s.Usual {
			usual[s.Key] = s
		}
	}
	m := metadata{c.Metadata, newConverter(allow)}
	_, isObject := root.(*Object)
	for _, e := range contentsOf(root).entries {
		name, isText := e.key.(string)
		_, isTensor := e.value.(*Tensor)
		inner, isDict := e.value.(*dict)
		switch s := usual[name]; {
		case c.Key == "" && isTensor, isObject && isPrivate(name): // the state's
		case isText && name != "" && s != nil && isDict:
			for _, e := range inner.entries {
				_, isText := e.key.(string)
				if _, isTensor := e.value.(*Tensor); !isText || !isTensor {
					if err := m.add(name+"."+text(e.key), e.value); err != nil {
						return nil, err
					}
				}
			}
		case isText && name != "" && s != nil: // a module
		default:
			if err := m.add(text(e.key), e.value); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// metadata is what stands beside the states, as plain values.
type metadata struct {
	values map[string]any
	plain  converter
}

func (m *metadata) add(key string, value any) (err error) {
	if err := m.plain.allow.take(indexBytes + len(key)); err != nil {
		return err
	}
	if m.values[key], err = m.plain.convert(value, 0); err != nil {
		return fmt.Errorf("metadata %.80s: %w", key, err)
	}
	return nil
}

// finder goes through the dicts of a pickle's value, each once, the outer ones first.
type finder struct {
	seen   map[any]*State // by dict, object or list; nil for those that are no state
	queue  []place
	states []*State
	allow  *allowance
}

// place is a dict, an object or a list, and where it stands.
type place struct {
	key   string
	value any
}

// Limits of where states are looked for, and of how many there are.
const (
	maxKey    = 256 // bytes
	maxStates = 1000
)

// find looks for dicts that hold tensors and for modules.
func (f *finder) find(root any) error {
	if contentsOf(root) == nil {
		return fmt.Errorf("expected a dict or a module, found %s", describe(root))
	}
	f.queue = []place{{"", root}}
	var modules []place
	for len(f.queue) > 0 && len(f.states)+len(modules) < maxStates {
		at := f.queue[0]
		f.queue = f.queue[1:]
		if s, seen := f.seen[at.value]; seen {
			if s != nil {
				s.also = append(s.also, at.key)
			}
			continue
		}
		f.seen[at.value] = nil
		if isModule(attributesOf(at.value)) {
			modules = append(modules, at)
			continue
		}
		if err := f.queueValues(at.key, at.value); err != nil {
			return err
		}
		if d, ok := at.value.(*dict); ok && d.holdsTensors() {
			f.seen[d] = &State{Key: at.key, entries: d}
			f.states = append(f.states, f.seen[d])
		}
	}
	if err := f.flatten(modules); len(f.states) == 0 && err != nil {
		return err
	}
	if len(f.states) == 0 {
		return fmt.Errorf("no state dict: %w, found the keys %s", errNoTensors, keysOf(root))
	}
	return nil
}

var (
	errNotTensor = errors.New("expected a tensor")
	errNoTensors = errors.New("expected tensors in a dict or in a module")
)

// contentsOf is the values of a dict, the attributes of an object, or the items
// of a list by their numbers; nil of anything else.
func contentsOf(v any) *dict {
	switch v := v.(type) {
	case *dict:
		return v
	case *Object:
		return attributesOf(v)
	case *list:
		d := &dict{}
		for i, item := range v.items {
			d.entries = append(d.entries, entry{strconv.Itoa(i), item})
		}
		return d
	}
	return nil
}

// holdsMore reports whether a value may hold a state: of a list, if its first items do.
func holdsMore(v any) bool {
	switch v := v.(type) {
	case *dict:
		return true
	case *Object:
		return attributesOf(v) != nil
	case *list:
		return slices.ContainsFunc(v.items[:min(len(v.items), 8)], func(item any) bool {
			_, isDict := item.(*dict)
			return isDict || attributesOf(item) != nil
		})
	}
	return false
}

// queueValues looks into the values of a place later. NumPy's arrays in dicts become tensors.
func (f *finder) queueValues(key string, of any) error {
	if l, ok := of.(*list); ok { // whose numbers are made for as long as this takes
		if err := f.allow.take(indexBytes * len(l.items)); err != nil {
			return err
		}
		defer f.allow.give(indexBytes * len(l.items))
	}
	d := contentsOf(of)
	for i, e := range d.entries {
		name, isText := e.key.(string)
		object, isObject := e.value.(*Object)
		if isObject {
			if t, ok := numpyArray(f.allow, object); ok {
				d.entries[i].value = t
				continue
			}
		}
		if !isText || !holdsMore(e.value) {
			continue
		}
		if key != "" {
			name = key + "." + name
		}
		if len(name) > maxKey {
			continue
		}
		if err := f.allow.take(2*indexBytes + len(name)); err != nil {
			return err
		}
		f.queue = append(f.queue, place{name, e.value})
	}
	return f.allow.take(0) // what numpyArray may have run out of
}

// flatten makes a state of every module. Modules that are shared are visited
// under each of their names, so that the visits are counted: an honest file has
// few more of them than modules. What is too much is passed over, and is the error.
func (f *finder) flatten(modules []place) (err error) {
	limit := 64
	seen := map[*Object]bool{}
	for _, m := range modules {
		limit += 2 * entriesWithin(m.value.(*Object), seen)
	}
	w := &moduleWalk{limit: limit, allow: f.allow}
	for _, m := range modules {
		w.state, w.numbers = &dict{}, map[string]float64{}
		if tooMuch := w.module(m.value, "", 0); tooMuch != nil {
			err = tooMuch
		} else if len(w.state.entries) > 0 {
			f.states = append(f.states, &State{Key: m.key, Numbers: w.numbers, entries: w.state})
		}
	}
	return err
}

// entriesWithin counts the attributes, tensors and modules of a module and of
// those in it, each module once.
func entriesWithin(root *Object, seen map[*Object]bool) (n int) {
	for stack := []*Object{root}; len(stack) > 0; {
		m := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		d := attributesOf(m)
		if d == nil || seen[m] {
			continue
		}
		seen[m] = true
		n += len(d.entries)
		for _, group := range []string{parametersOf, buffersOf, modulesOf} {
			inner, _ := d.get(group).(*dict)
			if inner == nil {
				continue
			}
			n += len(inner.entries)
			for _, e := range inner.entries {
				if o, ok := e.value.(*Object); ok {
					stack = append(stack, o)
				}
			}
		}
	}
	return n
}

// keysOf is the first keys of the top level, and what is under them.
func keysOf(root any) string {
	d := contentsOf(root)
	keys := make([]string, 0, len(d.entries))
	for _, e := range d.entries[:min(len(d.entries), 20)] {
		keys = append(keys, fmt.Sprintf("%.80q (%s)", text(e.key), describe(e.value)))
	}
	return fmt.Sprint(keys)
}
