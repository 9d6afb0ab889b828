package checkpoint

import (
	"fmt"
	"strings"
)

// isTorchScript reports whether an archive is what torch.jit.save writes: code
// beside data.pkl.
func (a *archive) isTorchScript() bool {
	for name := range a.entries {
		if name == a.prefix+"constants.pkl" || strings.HasPrefix(name, a.prefix+"code/") {
			return true
		}
	}
	return false
}

// fromModule takes the tensors of a TorchScript module, whose attributes' names
// are joined by dots; its code is left alone. Nothing else is kept.
func fromModule(root any, limit int) (*Checkpoint, error) {
	w := &moduleWalk{state: &dict{}, limit: limit}
	if err := w.module(root, "", 0); err != nil {
		return nil, err
	}
	if len(w.state.entries) == 0 {
		return nil, fmt.Errorf("TorchScript module: expected tensors, found none")
	}
	c := New(map[string]any{})
	c.Format = "TorchScript archive"
	return c, c.addTensors(w.state, false)
}

// moduleWalk goes through modules in modules. What is shared is visited again
// under its other name, so that the visits are counted: an honest file has more
// bytes than attributes.
type moduleWalk struct {
	state         *dict
	visits, limit int
}

func (w *moduleWalk) module(v any, prefix string, depth int) error {
	object, ok := v.(*Object)
	if !ok {
		return fmt.Errorf("TorchScript: expected a module, found %s", describe(v))
	}
	attributes, ok := object.State.(*dict)
	if !ok {
		return nil // an object of another kind
	}
	if depth > maxDepth {
		return fmt.Errorf("TorchScript: expected at most %d modules in one another, found more", maxDepth)
	}
	for _, e := range attributes.entries {
		name, isText := e.key.(string)
		if w.visits++; !isText || w.visits > w.limit || len(prefix)+len(name) > maxKeyLength {
			return fmt.Errorf("TorchScript: expected at most %d attributes, with names of at most %d bytes", w.limit, maxKeyLength)
		}
		switch value := e.value.(type) {
		case *Tensor:
			if err := w.state.set(prefix+name, value); err != nil {
				return err
			}
		case *Object:
			if err := w.module(value, prefix+name+".", depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
