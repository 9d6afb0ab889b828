package checkpoint

import (
	"fmt"
	"math/big"
)

// The values of a running pickle: nil, bool, int64, *big.Int, float64, string,
// []byte, *Tensor, *Storage and those below.

// global is the name of a class or a function, such as os.system: a name only.
type global string

// newGlobal is under the module's name in Python 3, whatever wrote it.
func newGlobal(module, name string) global {
	if module == "__builtin__" {
		module = "builtins"
	}
	return global(module + "." + name)
}

// Object is what a pickle wanted made by a class or a function that is not
// known to be harmless: its name and what it was given, and nothing ran.
type Object struct {
	Class string // such as "pathlib.PosixPath"
	Args  []any
	State any // what BUILD would have set
}

// list is a list, a tuple or a set.
type list struct {
	items []any
	fixed bool // a tuple
}

type entry struct{ key, value any }

// dict keeps the order of its keys.
type dict struct {
	entries []entry
	index   map[any]int // of keys that are text or numbers
}

func (d *dict) get(key string) any {
	if i, ok := d.index[key]; ok {
		return d.entries[i].value
	}
	return nil
}

// maxKeyLength keeps one long text, the key of many dicts, from being hashed over and over.
const maxKeyLength = 4096

func (d *dict) set(key, value any) error {
	switch k := key.(type) {
	case nil, bool, string, int64, float64:
		if s, ok := key.(string); ok && len(s) > maxKeyLength {
			return fmt.Errorf("expected a key of at most %d bytes, found %d", maxKeyLength, len(s))
		}
		if i, ok := d.index[key]; ok {
			d.entries[i].value = value
			return nil
		}
		if d.index == nil {
			d.index = map[any]int{}
		}
		d.index[key] = len(d.entries)
	case *dict:
		return fmt.Errorf("expected a key of a dict, found %s", describe(key))
	case *list:
		if !k.fixed {
			return fmt.Errorf("expected a key of a dict, found %s", describe(key))
		}
	}
	d.entries = append(d.entries, entry{key, value})
	return nil
}

func (d *dict) holdsTensors() bool {
	for _, e := range d.entries {
		if _, ok := e.value.(*Tensor); ok {
			return true
		}
	}
	return false
}

// describe says what a value is, in an error.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case *big.Int:
		return "a large integer"
	case string:
		return fmt.Sprintf("the text %.40q", v)
	case []byte:
		return "bytes"
	case global:
		return fmt.Sprintf("the name %.80s", string(v))
	case *Object:
		return fmt.Sprintf("an object of %.80s", v.Class)
	case *list:
		if v.fixed {
			return "a tuple"
		}
		return "a list"
	case *dict:
		return "a dict"
	case *Tensor:
		return "a tensor"
	case *Storage:
		return "a storage"
	}
	return fmt.Sprint(v)
}

// text is a key as a key of the metadata.
func text(key any) string {
	if s, ok := key.(string); ok {
		return s
	}
	return describe(key)
}

// converter turns a pickle's values into plain Go values. What the pickle
// shares stays shared, so that neither bombs nor loops grow.
type converter struct {
	done map[any]any // by the pointer that was converted
}

// maxDepth of containers in metadata: deeper ones would overflow the stacks of those who walk them.
const maxDepth = 200

func (c *converter) convert(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("expected at most %d containers in one another, found more", maxDepth)
	}
	if plain, ok := v.(global); ok {
		return &Object{Class: string(plain)}, nil
	}
	switch v.(type) {
	case *list, *dict, *Object:
	case *Storage:
		return &Object{Class: "torch storage"}, nil
	default:
		return v, nil
	}
	if plain, ok := c.done[v]; ok {
		return plain, nil
	}
	switch v := v.(type) {
	case *list:
		plain := make([]any, len(v.items))
		c.done[v] = plain
		return plain, c.each(plain, v.items, depth)
	case *dict:
		plain := make(map[string]any, len(v.entries))
		c.done[v] = plain
		for _, e := range v.entries {
			value, err := c.convert(e.value, depth+1)
			if err != nil {
				return nil, err
			}
			plain[text(e.key)] = value
		}
		return plain, nil
	default:
		object := v.(*Object)
		if t, ok := numpyArray(object); ok {
			c.done[v] = t
			return t, nil
		}
		plain := &Object{Class: object.Class, Args: make([]any, len(object.Args))}
		c.done[v] = plain
		if err := c.each(plain.Args, object.Args, depth); err != nil {
			return nil, err
		}
		var err error
		plain.State, err = c.convert(object.State, depth+1)
		return plain, err
	}
}

func (c *converter) each(plain, items []any, depth int) (err error) {
	for i := range items {
		if plain[i], err = c.convert(items[i], depth+1); err != nil {
			return err
		}
	}
	return nil
}
