package checkpoint

import (
	"fmt"
	"strings"
)

// The groups of a module that torch.save wrote whole, among its attributes.
const (
	parametersOf = "_parameters"
	buffersOf    = "_buffers"
	modulesOf    = "_modules"
)

// isPrivate reports whether an attribute is one of those groups, or other machinery of torch.nn.
func isPrivate(name string) bool { return strings.HasPrefix(name, "_") }

// attributesOf is the attributes of an object by their names; nil where it has none.
func attributesOf(v any) *dict {
	object, ok := v.(*Object)
	if !ok || object == nil {
		return nil
	}
	d, _ := object.State.(*dict)
	return d
}

// isModule reports whether attributes, if there are any, are those of a module of torch.nn.
func isModule(attributes *dict) bool {
	if attributes == nil {
		return false
	}
	_, ok := attributes.get(modulesOf).(*dict)
	return ok
}

// moduleWalk goes through modules in modules, those of TorchScript, whose
// attributes are the tensors and the modules, and those of torch.save, which
// keep them in groups. What is shared is visited again under its other name, so
// that the visits and the bytes of their names are counted.
type moduleWalk struct {
	state   *dict
	numbers map[string]float64

	limit, visits int
	allow         *allowance
	bytes         int // of names
}

// maxName is how many bytes a visit's name may have, in the mean.
const maxName = 160

func (w *moduleWalk) module(v any, prefix string, depth int) error {
	attributes := attributesOf(v)
	if attributes == nil {
		return nil // an object of another kind
	}
	if depth > maxDepth {
		return fmt.Errorf("modules: expected at most %d in one another, found more", maxDepth)
	}
	if err := w.visit(attributes); err != nil {
		return err
	}
	whole := isModule(attributes)
	for _, e := range attributes.entries {
		name, isText := e.key.(string)
		group, isDict := e.value.(*dict)
		switch {
		case !isText:
			continue
		case whole && isDict && (name == parametersOf || name == buffersOf || name == modulesOf):
			if err := w.visit(group); err != nil {
				return err
			}
			for _, inner := range group.entries {
				if err := w.attribute(inner, prefix, depth); err != nil {
					return err
				}
			}
			continue
		case whole && (isPrivate(name) || !isNumber(e.value)):
			continue
		}
		if err := w.attribute(e, prefix, depth); err != nil {
			return err
		}
	}
	return nil
}

// visit counts the entries that are about to be looked at.
func (w *moduleWalk) visit(d *dict) error {
	if w.visits += len(d.entries); w.visits > w.limit {
		return fmt.Errorf("modules: expected at most %d attributes, found more", w.limit)
	}
	return nil
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, float64:
		return true
	}
	return false
}

// attribute is a tensor, a module or a number of a module whose name begins with prefix.
func (w *moduleWalk) attribute(e entry, prefix string, depth int) error {
	name, isText := e.key.(string)
	w.bytes += len(prefix) + len(name)
	if !isText || w.bytes > maxName*w.limit || len(prefix)+len(name) > maxNameLength {
		return fmt.Errorf("modules: expected attributes with names of at most %d bytes, and of %d in the mean of %d", maxNameLength, maxName, w.limit)
	}
	if err := w.allow.take(indexBytes + textBytes + len(prefix) + len(name)); err != nil {
		return err
	}
	switch value := e.value.(type) {
	case *Tensor:
		return w.state.set(w.allow, prefix+name, value)
	case int64:
		w.numbers[prefix+name] = float64(value)
	case float64:
		w.numbers[prefix+name] = value
	case *Object:
		if t, ok := numpyArray(w.allow, value); ok {
			return w.state.set(w.allow, prefix+name, t)
		}
		return w.module(value, prefix+name+".", depth+1)
	}
	return nil
}
