package checkpoint

import "fmt"

// converter turns a pickle's values into plain Go values. What the pickle
// shares stays shared, so that neither bombs nor loops grow. Lists become their
// own items.
type converter struct {
	objects map[*Object]any // what they have become
	allow   *allowance
}

func newConverter(allow *allowance) converter {
	return converter{objects: map[*Object]any{}, allow: allow}
}

// maxDepth of containers in metadata: deeper ones would overflow the stacks of those who walk them.
const maxDepth = 200

func (c *converter) convert(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("expected at most %d containers in one another, found more", maxDepth)
	}
	switch v := v.(type) {
	case global:
		return &Object{Class: string(v)}, c.allow.take(objectBytes)
	case *Storage:
		return &Object{Class: "torch storage"}, c.allow.take(objectBytes)
	case *list:
		if err := c.allow.take(bytesBytes); err != nil || v.plain {
			return v.items, err
		}
		v.plain = true
		if v.items == nil {
			v.items = []any{}
		}
		return v.items, c.each(v.items, depth)
	case *dict:
		return c.dict(v, depth)
	case *Object:
		return c.object(v, depth)
	}
	return v, nil
}

func (c *converter) dict(d *dict, depth int) (any, error) {
	if d.plain != nil {
		return d.plain, nil
	}
	if err := c.allow.take(dictBytes + indexBytes*len(d.entries)); err != nil {
		return nil, err
	}
	d.plain = make(map[string]any, len(d.entries))
	for _, e := range d.entries {
		value, err := c.convert(e.value, depth+1)
		if err != nil {
			return nil, err
		}
		if _, isText := e.key.(string); !isText {
			if err := c.allow.take(2 * textBytes); err != nil {
				return nil, err
			}
		}
		d.plain[text(e.key)] = value
	}
	return d.plain, nil
}

func (c *converter) object(o *Object, depth int) (any, error) {
	if plain, ok := c.objects[o]; ok {
		return plain, nil
	}
	if err := c.allow.take(objectBytes + indexBytes + slotBytes*len(o.Args)); err != nil {
		return nil, err
	}
	if t, ok := numpyArray(c.allow, o); ok {
		c.objects[o] = t
		return t, nil
	}
	plain := &Object{Class: o.Class, Args: make([]any, len(o.Args))}
	copy(plain.Args, o.Args)
	c.objects[o] = plain
	if err := c.each(plain.Args, depth); err != nil {
		return nil, err
	}
	var err error
	plain.State, err = c.convert(o.State, depth+1)
	return plain, err
}

// each converts items in their place.
func (c *converter) each(items []any, depth int) (err error) {
	for i, item := range items {
		if items[i], err = c.convert(item, depth+1); err != nil {
			return err
		}
	}
	return nil
}
