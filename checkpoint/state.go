package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// fromPickle finds the state dict in the value of a pickle of a file of that format.
func fromPickle(format string, root any, opts Options) (*Checkpoint, error) {
	top, ok := root.(*dict)
	if !ok {
		return nil, fmt.Errorf("expected a dict, found %s", describe(root))
	}
	state, key, others, err := findStateDict(top, opts.Key)
	if err != nil {
		return nil, fmt.Errorf("no state dict: %w", err)
	}
	c := New(map[string]any{})
	c.Format, c.Key, c.OtherKeys = format, key, others
	if err := c.addTensors(state, key == ""); err != nil {
		return nil, err
	}
	plain := &converter{done: map[any]any{}}
	for _, e := range top.entries {
		name, isText := e.key.(string)
		if _, isTensor := e.value.(*Tensor); key == "" && isTensor || isText && key != "" && name == key {
			continue
		}
		value, err := plain.convert(e.value, 0)
		if err != nil {
			return nil, fmt.Errorf("metadata %v: %w", e.key, err)
		}
		c.Metadata[text(e.key)] = value
	}
	return c, nil
}

// stateDictKeys is where a state dict stands, the likeliest first; last come
// the averages of the weights that training keeps beside them.
var stateDictKeys = []string{"model_state_dict", "state_dict", "model", "module", "student_state_dict", "student", "network", "net", "weights", "params",
	"ema_state_dict", "state_dict_ema", "ema_model", "model_ema", "ema"}

// findStateDict is the state dict at the key that is wanted, or else the
// likeliest; others is the keys of the rest of the likely ones.
func findStateDict(top *dict, wanted string) (state *dict, key string, others []string, err error) {
	if wanted != "" {
		if state, key = lookup(top, wanted), wanted; state == nil {
			return nil, "", nil, fmt.Errorf("expected a dict of tensors under %q, found the keys %s", wanted, keysOf(top))
		}
	}
	for _, k := range stateDictKeys {
		d, ok := top.get(k).(*dict)
		switch {
		case !ok || !d.holdsTensors() || k == key:
		case state == nil:
			state, key = d, k
		default:
			others = append(others, k)
		}
	}
	if state == nil && top.holdsTensors() {
		state = top
	}
	if state == nil {
		return nil, "", nil, fmt.Errorf("expected tensors at the top level or under one of %q, found the keys %s", stateDictKeys, keysOf(top))
	}
	return state, key, others, nil
}

// lookup is the dict of tensors at a key, or at keys in one another with dots between them.
func lookup(d *dict, key string) *dict {
	if state, ok := d.get(key).(*dict); ok && state.holdsTensors() {
		return state
	}
	for at := range key {
		if key[at] != '.' {
			continue
		}
		if inner, ok := d.get(key[:at]).(*dict); ok {
			if state := lookup(inner, key[at+1:]); state != nil {
				return state
			}
		}
	}
	return nil
}

// keysOf is the first keys of a dict, and what is under those that may hold a state dict.
func keysOf(d *dict) string {
	keys := make([]string, 0, len(d.entries))
	for _, e := range d.entries[:min(len(d.entries), 20)] {
		key := fmt.Sprintf("%.80q", text(e.key))
		if inner, ok := e.value.(*dict); ok && inner.holdsTensors() {
			key += " (tensors)"
		} else if slices.Contains(stateDictKeys, text(e.key)) {
			key += " (" + describe(e.value) + " without tensors)"
		}
		keys = append(keys, key)
	}
	return "[" + strings.Join(keys, " ") + "]"
}

var errNotTensor = errors.New("expected a tensor")

// averages is the counter that torch.optim.swa_utils.AveragedModel keeps among the weights.
const averages = "n_averaged"

// addTensors takes the tensors of a state dict, their names stripped of
// prefixes. lenient is for a state dict that shares its level with metadata.
func (c *Checkpoint) addTensors(state *dict, lenient bool) error {
	original, seen := map[string]string{}, map[string]bool{"": true}
	var size expansion
	for _, e := range state.entries {
		tensor, ok := e.value.(*Tensor)
		if !ok && lenient {
			continue
		}
		full, isText := e.key.(string)
		if !isText {
			return fmt.Errorf("state dict: expected names of tensors, found %s", describe(e.key))
		}
		if !ok {
			return fmt.Errorf("state dict entry %s: %w, found %s", full, errNotTensor, describe(e.value))
		}
		if full == averages && len(tensor.Shape) == 0 {
			c.Metadata[full] = tensor
			continue
		}
		if err := size.add(tensor); err != nil {
			return fmt.Errorf("tensor %s: %w", full, err)
		}
		prefix, name := splitPrefix(full)
		if before, ok := original[name]; ok {
			return fmt.Errorf("tensors %s and %s are both %s without their prefixes", before, full, name)
		}
		original[name] = full
		if !seen[prefix] {
			seen[prefix] = true
			c.Prefixes = append(c.Prefixes, prefix)
		}
		c.names = append(c.names, name)
		c.tensors[name] = tensor
	}
	return nil
}

// expansion is how much the tensors of a state dict, copied out, are of their
// storages: many views of one storage make much of little.
type expansion struct {
	seen            map[*Storage]bool
	views, storages int // elements
}

func (x *expansion) add(t *Tensor) error {
	if x.seen == nil {
		x.seen = map[*Storage]bool{}
	}
	if !x.seen[t.Storage] {
		x.seen[t.Storage] = true
		x.storages += t.Storage.Len()
	}
	if x.views += t.Len(); x.views > max(few, maxRepeats*x.storages) {
		return fmt.Errorf("expected tensors of at most %d times the elements of their storages in all, found more", maxRepeats)
	}
	return nil
}
