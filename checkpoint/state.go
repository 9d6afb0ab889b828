package checkpoint

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// State is a set of tensors with names: a state dict, or what a module holds.
type State struct {
	// Key is where in the file it stood, with dots for a dict in a dict, as in
	// callbacks.ema; "" is the top level.
	Key string
	// Usual says that training code keeps weights under this key.
	Usual bool
	// Numbers is the attributes of modules that are numbers, such as
	// "rbf.cutoff"; a state dict has none.
	Numbers map[string]float64

	entries *dict    // what is no tensor is passed over
	also    []string // other keys of the same dict
}

// Names returns the names of the tensors, as they are in the file and in its order.
func (s *State) Names() []string {
	var names []string
	for name := range s.All() {
		names = append(names, name)
	}
	return names
}

// Tensor returns the tensor of a name.
func (s *State) Tensor(name string) (t *Tensor, ok bool) {
	t, ok = s.entries.get(name).(*Tensor)
	return t, ok
}

// All goes over the names and tensors, in the file's order.
func (s *State) All() iter.Seq2[string, *Tensor] {
	return func(yield func(string, *Tensor) bool) {
		for _, e := range s.entries.entries {
			name, isText := e.key.(string)
			if t, ok := e.value.(*Tensor); ok && isText && !yield(name, t) {
				return
			}
		}
	}
}

// Tensors returns the names and tensors, in the file's order.
func (s *State) Tensors() []Named {
	var tensors []Named
	for name, t := range s.All() {
		tensors = append(tensors, Named{name, t})
	}
	return tensors
}

// Describe says what stands under a name in the place of a tensor, such as "an
// object of os.system"; "" if nothing does.
func (s *State) Describe(name string) string {
	if _, ok := s.entries.at(name); !ok {
		return ""
	}
	return describe(s.entries.get(name))
}

// usualKeys is where training code keeps weights, the likeliest first; "" is the
// top level, and last come the averages of the weights that it keeps beside them.
var usualKeys = []string{"model_state_dict", "state_dict", "model", "module", "student_state_dict", "student", "network", "net", "weights", "params",
	"", "ema_state_dict", "state_dict_ema", "ema_model", "model_ema", "ema"}

// newCheckpoint is of states, at least one: the usual ones come first, the others after them as they stand.
func newCheckpoint(format string, states []*State) *Checkpoint {
	rank := func(s *State) int {
		if i := slices.Index(usualKeys, s.Key); i >= 0 {
			return i
		}
		return len(usualKeys)
	}
	for _, s := range states {
		s.Usual = rank(s) < len(usualKeys)
	}
	slices.SortStableFunc(states, func(a, b *State) int { return rank(a) - rank(b) })
	return &Checkpoint{Format: format, Metadata: map[string]any{}, State: states[0], Others: states[1:]}
}

// take makes the likeliest of the states the checkpoint's own, or the one that a
// key asks for; the others come after it, but for those that cannot be copied out.
func (c *Checkpoint) take(key string) error {
	if key = strings.TrimSuffix(key, "."); key != "" {
		if err := c.ask(key); err != nil {
			return err
		}
	}
	c.Others = slices.DeleteFunc(c.Others, func(s *State) bool { return s.copyable() != nil })
	return c.State.copyable()
}

func (c *Checkpoint) ask(key string) error {
	states := append([]*State{c.State}, c.Others...)
	c.Asked = true
	for i, s := range states {
		if s.Key == key || slices.Contains(s.also, key) {
			c.State, c.Others = s, slices.Delete(states, i, i+1)
			return nil
		}
	}
	for _, within := range []func(name string) bool{
		func(name string) bool { return strings.HasPrefix(name, key+".") },
		func(name string) bool { return strings.Contains(name, "."+key+".") },
	} {
		for i, s := range states {
			if part, rest := s.split(within); part != nil {
				states[i] = rest
				c.State, c.Others = part, states
				return nil
			}
		}
	}
	return fmt.Errorf("key %q: expected tensors under it, or names of them that begin with it, found %s", key, listStates(states))
}

// split is the tensors whose full names, with the key or without it, are within
// something, and the rest; part is nil where none is.
func (s *State) split(within func(name string) bool) (part, rest *State) {
	some, others := &dict{}, &dict{}
	for name, t := range s.All() {
		to := others
		if within(name) || s.Key != "" && within(s.Key+"."+name) {
			to = some
		}
		_ = to.put(nil, name, t) // which are there already, and not counted
	}
	if len(some.entries) == 0 {
		return nil, s
	}
	return &State{Key: s.Key, Usual: s.Usual, Numbers: s.Numbers, entries: some}, &State{Key: s.Key, Usual: s.Usual, entries: others}
}

// listStates is the first of the states and of their tensors, in an error.
func listStates(states []*State) string {
	var parts []string
	for _, s := range states {
		if len(parts) == maxListed {
			parts = append(parts, "…")
			break
		}
		names := s.Names()
		for i := range names[:min(len(names), maxListed)] {
			names[i] = fmt.Sprintf("%.80q", names[i])
		}
		text := strings.Join(names[:min(len(names), maxListed)], ", ")
		if len(names) > maxListed {
			text += ", …"
		}
		if s.Key != "" {
			text = fmt.Sprintf("%.80q (%s)", s.Key, text)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// maxListed is of states, and of the tensors of each.
const maxListed = 4

// copyable says what keeps the tensors from being copied out: how much they are
// of their storages, as many views of one storage make much of little.
func (s *State) copyable() error {
	seen := map[*Storage]bool{}
	views, storages := 0, 0 // elements
	for name, t := range s.All() {
		if !seen[t.Storage] {
			seen[t.Storage] = true
			storages += t.Storage.Len()
		}
		if views += t.Len(); views > max(few, maxRepeats*storages) {
			return fmt.Errorf("tensor %.80q: expected tensors of at most %d times the elements of their storages in all, found more", name, maxRepeats)
		}
	}
	return nil
}
