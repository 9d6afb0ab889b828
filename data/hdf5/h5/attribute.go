package h5

import (
	"errors"
	"fmt"
	"math"
)

// The most bytes of an attribute's values, and of those of all of an object.
const (
	maxAttribute  = 1 << 20
	maxAttributes = 4 << 20
)

// Attribute is a value with a name at an object.
type Attribute struct {
	Name  string
	heaps *heaps // of all attributes of the object
	kind  Type
	space space
	data  []byte
}

var errTooMany = fmt.Errorf("expected attributes of at most %d MiB, found more", maxAttributes>>20)

// Attributes is those of the object, in the order of their names. Their values
// are read by Value.
func (o *Object) Attributes() ([]*Attribute, error) {
	var list []*Attribute
	h := &heaps{o.f.walk(), maxAttributes, map[uint64]globalHeap{}}
	left := maxAttributes
	add := func(b []byte, flags byte) error {
		if left -= len(b); left < 0 {
			return errTooMany
		}
		if flags&isShared != 0 {
			return errors.New("attributes that are shared are not read")
		}
		a := &Attribute{heaps: h}
		if err := a.parse(&cursor{b: b, f: o.f}); err != nil {
			return fmt.Errorf("attribute %.100q: %w", a.Name, err)
		}
		list = append(list, a)
		return nil
	}
	for _, m := range o.messages {
		if m.kind == attributeMessage {
			if err := add(m.data, m.flags); err != nil {
				return nil, err
			}
		}
	}
	if err := o.denseAttributes(add); err != nil {
		return nil, err
	}
	if err := sortByName("attributes", list, func(a *Attribute) string { return a.Name }); err != nil {
		return nil, err
	}
	return list, nil
}

func (o *Object) denseAttributes(add func(b []byte, flags byte) error) error {
	if o.find(attributesMessage) == nil {
		return nil
	}
	c, err := o.cursor(attributesMessage, "attribute info")
	if err != nil {
		return err
	}
	heap, tree := c.dense("attribute info", 2)
	if c.err != nil {
		return fmt.Errorf("attribute info: %w", c.err)
	}
	if heap == undefined {
		return nil
	}
	return o.f.eachInHeap(heap, tree, attributesByName, 0, add)
}

// parse reads an attribute message.
func (a *Attribute) parse(c *cursor) error {
	version, flags := c.version("attribute", 1, 2, 3), c.byte()
	names, types, spaces := c.uint16(), c.uint16(), c.uint16()
	if version == 1 {
		flags = 0
	}
	if version == 3 {
		c.skip(1) // ASCII or UTF-8
	}
	part := func(n int) []byte {
		b := c.take(n)
		if version == 1 {
			c.skip(aligned(n) - n)
		}
		return b
	}
	a.Name = (&cursor{b: part(names)}).text(names)
	dataType, dataSpace := part(types), part(spaces)
	if c.err != nil {
		return c.err
	}
	a.data = c.b
	dataType, err := c.f.shared(flags&1 != 0, dataType, datatypeMessage)
	if err != nil {
		return err
	}
	dataSpace, errSpace := c.f.shared(flags&2 != 0, dataSpace, dataspaceMessage)
	if errSpace != nil {
		return errSpace
	}
	if a.kind, err = parseType(&cursor{b: dataType, f: c.f}); err != nil {
		return err
	}
	a.space, err = parseSpace(&cursor{b: dataSpace, f: c.f})
	return err
}

// Value is a string, a float64, an int64, a bool, or a slice of these where the
// attribute is a list. Arrays of more dimensions are errors.
func (a *Attribute) Value() (any, error) {
	if a.space.null || len(a.space.dims) > 1 {
		return nil, errors.New("expected one value or a list of values, found an array or nothing")
	}
	n, err := a.space.count()
	if err != nil {
		return nil, err
	}
	size := a.kind.Size
	if size < 1 || n > maxAttribute/uint64(size) {
		return nil, fmt.Errorf("expected at most %d bytes, found %d values of %d", maxAttribute, n, size)
	}
	if int(n)*size > len(a.data) {
		return nil, fmt.Errorf("expected %d bytes, found %d", int(n)*size, len(a.data))
	}
	switch a.kind.Kind {
	case Bool:
		return values(a, n, func(b []byte) (bool, error) { return b[0] != 0, nil })
	case Signed, Unsigned:
		return values(a, n, func(b []byte) (int64, error) {
			x := a.kind.Integer(b)
			if a.kind.Kind == Unsigned && x == math.MaxInt64 {
				return 0, errors.New("expected an integer below 2^63 - 1, found a larger one")
			}
			return x, nil
		})
	case Real:
		return values(a, n, func(b []byte) (float64, error) { return a.kind.Float(b), nil })
	case Text:
		return values(a, n, func(b []byte) (string, error) { return (&cursor{b: b}).text(size), nil })
	case LongText:
		return values(a, n, a.heaps.text)
	}
	return nil, fmt.Errorf("expected text, numbers or bools, found %s", a.kind)
}

func values[T any](a *Attribute, n uint64, value func([]byte) (T, error)) (any, error) {
	list := make([]T, n)
	for i := range list {
		var err error
		if list[i], err = value(a.data[i*a.kind.Size:][:a.kind.Size]); err != nil {
			return nil, err
		}
	}
	if len(a.space.dims) == 0 {
		return list[0], nil
	}
	return list, nil
}
