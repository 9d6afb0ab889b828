package checkpoint

import (
	"fmt"
	"math/big"
	"slices"
	"unicode/utf8"
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
	plain bool // its items are plain Go values by now, or will be soon
}

type entry struct{ key, value any }

// dict keeps the order of its keys.
type dict struct {
	entries []entry
	index   map[any]int // of keys that are text or numbers, once there are many
	plain   map[string]any
}

// fewEntries of a dict are looked through faster than found in a map, and take less memory.
const fewEntries = 8

// at is where the entry of a key is, which is text, a number, a bool or None.
func (d *dict) at(key any) (i int, ok bool) {
	if d.index != nil {
		i, ok = d.index[key]
		return i, ok
	}
	i = slices.IndexFunc(d.entries, func(e entry) bool { return e.key == key })
	return i, i >= 0
}

func (d *dict) get(key string) any {
	if i, ok := d.at(key); ok {
		return d.entries[i].value
	}
	return nil
}

// maxNameLength keeps one long text, the key of many dicts or a class that is called
// many times, from being hashed over and over.
const maxNameLength = 4096

// set sets the value of a key, which has to be one that Python's dicts take.
func (d *dict) set(allow *allowance, key, value any) error {
	switch k := key.(type) {
	case string:
		if len(k) > maxNameLength {
			return fmt.Errorf("expected a key of at most %d bytes, found %d", maxNameLength, len(k))
		}
		if !utf8.ValidString(k) {
			return fmt.Errorf("expected a key in UTF-8, found %.40q", k)
		}
		return d.put(allow, key, value)
	case nil, bool, int64, float64:
		return d.put(allow, key, value)
	case *dict:
		return fmt.Errorf("expected a key of a dict, found %s", describe(key))
	case *list:
		if !k.fixed {
			return fmt.Errorf("expected a key of a dict, found %s", describe(key))
		}
	}
	return d.add(allow, key, value)
}

// put sets the value of a key that at can find.
func (d *dict) put(allow *allowance, key, value any) error {
	if err := allow.take(indexBytes); err != nil { // a key that is there already takes time, at least
		return err
	}
	if i, ok := d.at(key); ok {
		d.entries[i].value = value
		return nil
	}
	if d.index != nil {
		d.index[key] = len(d.entries)
	}
	return d.add(allow, key, value)
}

func (d *dict) add(allow *allowance, key, value any) (err error) {
	if d.entries, err = room(allow, d.entries, 1); err != nil {
		return err
	}
	d.entries = append(d.entries, entry{key, value})
	if d.index == nil && len(d.entries) > fewEntries {
		d.index = make(map[any]int, 2*fewEntries)
		for i, e := range d.entries {
			switch e.key.(type) {
			case nil, bool, string, int64, float64:
				d.index[e.key] = i
			}
		}
	}
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
