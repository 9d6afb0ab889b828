package checkpoint

import (
	"errors"
	"fmt"
	"path"
	"slices"
)

// constructors is what is known to be harmless; they make values and do nothing.
var constructors = map[string]func(allow *allowance, args []any) (any, error){
	"collections.OrderedDict": newOrderedDict,
	"collections.defaultdict": func(allow *allowance, _ []any) (any, error) { return &dict{}, allow.take(dictBytes) },
	"builtins.dict":           newOrderedDict,
	"builtins.list":           newList,
	"builtins.set":            newList,
	"builtins.tuple":          newTupleOf,
	"builtins.frozenset":      newTupleOf,
	"torch.Size":              newTupleOf,
	"_codecs.encode":          encodeLatin1,

	"numpy.core.multiarray.scalar":  numpyScalar,
	"numpy._core.multiarray.scalar": numpyScalar,

	"pathlib.Path":                 newPath,
	"pathlib.PurePath":             newPath,
	"pathlib.PosixPath":            newPath,
	"pathlib.PurePosixPath":        newPath,
	"pathlib.WindowsPath":          newPath,
	"pathlib.PureWindowsPath":      newPath,
	"pathlib._local.PosixPath":     newPath, // Python 3.13
	"pathlib._local.PurePosixPath": newPath,
	"pathlib._local.WindowsPath":   newPath,

	"torch._tensor._rebuild_from_type":    rebuildFromType,
	"torch._tensor._rebuild_from_type_v2": rebuildFromType,
}

// rebuilders is those that make tensors.
var rebuilders = map[string]func(allow *allowance, args []any) (any, error){
	"torch._utils._rebuild_tensor":               rebuildTensor,
	"torch._utils._rebuild_tensor_v2":            rebuildTensor,
	"torch._utils._rebuild_tensor_v3":            rebuildTypedTensor,
	"torch._utils._rebuild_parameter":            rebuildParameter,
	"torch._utils._rebuild_parameter_with_state": rebuildParameter,
}

// construct is values[0] called with the tuple values[1]; a third value, a
// dict of named arguments, makes a placeholder of it.
func (m *machine) construct(values []any) (any, error) {
	if tuple, ok := values[1].(*list); ok && tuple.fixed && len(values) == 2 {
		return m.call(values[0], tuple.items)
	}
	args, err := m.kept(values[1:])
	if err != nil {
		return nil, err
	}
	return newObject(m.allow, className(values[0]), args)
}

func (m *machine) call(callable any, args []any) (any, error) {
	args = slices.Clip(args) // a placeholder's may grow, and must not into another's
	name, ok := callable.(global)
	if !ok {
		return newObject(m.allow, className(callable), args)
	}
	constructor := constructors[string(name)]
	if constructor == nil {
		constructor = rebuilders[string(name)]
	}
	if constructor == nil {
		return newObject(m.allow, string(name), args)
	}
	v, err := constructor(m.allow, args)
	if err != nil {
		return nil, fmt.Errorf("%.80s: %w", name, err)
	}
	return v, nil
}

func newObject(allow *allowance, class string, args []any) (any, error) {
	if err := allow.take(objectBytes + textBytes); err != nil {
		return nil, err
	}
	return &Object{Class: class, Args: args}, nil
}

func className(callable any) string {
	if name, ok := callable.(global); ok {
		return string(name)
	}
	return describe(callable)
}

// items is the elements of an only argument, or nothing without one.
func items(args []any) ([]any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	if l, ok := args[0].(*list); ok && len(args) == 1 {
		return l.items, nil
	}
	return nil, fmt.Errorf("expected a list, found %s", describe(args[0]))
}

func newList(allow *allowance, args []any) (any, error) { return copyOf(allow, args, false) }

func newTupleOf(allow *allowance, args []any) (any, error) { return copyOf(allow, args, true) }

func copyOf(allow *allowance, args []any, fixed bool) (any, error) {
	elements, err := items(args)
	if err != nil {
		return nil, err
	}
	if err := allow.take(listBytes + slotBytes*len(elements)); err != nil {
		return nil, err
	}
	return &list{items: slices.Clone(elements), fixed: fixed}, nil
}

func newOrderedDict(allow *allowance, args []any) (any, error) {
	pairs, err := items(args)
	if err != nil {
		return nil, err
	}
	if err := allow.take(dictBytes); err != nil {
		return nil, err
	}
	d := &dict{}
	for _, p := range pairs {
		pair, ok := p.(*list)
		if !ok || len(pair.items) != 2 {
			return nil, fmt.Errorf("expected pairs of a key and a value, found %s", describe(p))
		}
		if err := d.set(allow, pair.items[0], pair.items[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// newPath joins a path's parts into text.
func newPath(allow *allowance, args []any) (any, error) {
	var parts []string
	for _, a := range args {
		part, ok := a.(string)
		if !ok {
			return nil, fmt.Errorf("expected text, found %s", describe(a))
		}
		if err := allow.take(2*textBytes + 2*len(part)); err != nil { // as it is joined, and as it is cleaned
			return nil, err
		}
		parts = append(parts, part)
	}
	return path.Join(parts...), nil
}

// encodeLatin1 is how protocol 2 writes bytes: text whose characters are the bytes.
func encodeLatin1(allow *allowance, args []any) (any, error) {
	if len(args) == 2 && args[1] == "latin1" {
		if s, ok := args[0].(string); ok {
			if err := allow.take(bytesBytes + len(s)); err != nil {
				return nil, err
			}
			b := make([]byte, 0, len(s))
			for _, r := range s {
				if r > 0xff {
					return nil, fmt.Errorf("expected characters up to U+00FF, found %U", r)
				}
				b = append(b, byte(r))
			}
			return b, nil
		}
	}
	return newObject(allow, "_codecs.encode", args)
}

// rebuildTensor makes a view from (storage, offset, shape, strides, requires_grad,
// hooks, metadata). Metadata, where there is any, says that the elements are to
// be negated or conjugated.
func rebuildTensor(allow *allowance, args []any) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("expected a storage, offset, shape and strides, found %d arguments", len(args))
	}
	storage, isStorage := args[0].(*Storage)
	offset, isNumber := args[1].(int64)
	if !isStorage || !isNumber {
		return nil, fmt.Errorf("expected a storage and an offset, found %s and %s", describe(args[0]), describe(args[1]))
	}
	if len(args) > 6 {
		if lazy, ok := args[6].(*dict); args[6] != nil && (!ok || len(lazy.entries) > 0) {
			return nil, errors.New("expected a plain tensor, found a lazily negated or conjugated view: resolve_neg() or resolve_conj() it before saving")
		}
	}
	shape, err := integers(args[2])
	if err != nil {
		return nil, fmt.Errorf("shape: %w", err)
	}
	strides, err := integers(args[3])
	if err != nil {
		return nil, fmt.Errorf("strides: %w", err)
	}
	return newTensor(allow, storage, offset, shape, strides)
}

// rebuildTypedTensor makes a view from (storage, offset, shape, strides,
// requires_grad, hooks, dtype, metadata), whatever type the storage says.
func rebuildTypedTensor(allow *allowance, args []any) (any, error) {
	if len(args) < 7 {
		return nil, fmt.Errorf("expected a storage, …, and a dtype, found %d arguments", len(args))
	}
	storage, isStorage := args[0].(*Storage)
	name, _ := args[6].(global)
	dtype, known := dtypeNames[string(name)]
	if !isStorage || !known {
		return nil, fmt.Errorf("expected a storage and a dtype such as torch.uint16, found %s and %s", describe(args[0]), describe(args[6]))
	}
	typed, err := storage.as(allow, dtype)
	if err != nil {
		return nil, err
	}
	return rebuildTensor(allow, slices.Concat([]any{typed}, args[1:6], args[7:]))
}

// rebuildFromType makes a tensor of a class of its own, or with attributes,
// (function, class, arguments, state), the tensor that it is.
func rebuildFromType(allow *allowance, args []any) (any, error) {
	if len(args) > 2 {
		name, _ := args[0].(global)
		rebuild := rebuilders[string(name)]
		if arguments, ok := args[2].(*list); ok && rebuild != nil {
			return rebuild(allow, arguments.items)
		}
	}
	return newObject(allow, "torch._tensor._rebuild_from_type_v2", args)
}

// rebuildParameter makes a parameter, (tensor, requires_grad, hooks, …), the tensor that it is.
func rebuildParameter(allow *allowance, args []any) (any, error) {
	if len(args) > 0 {
		if t, ok := args[0].(*Tensor); ok {
			return t, nil
		}
	}
	return nil, errNotTensor
}

// integers is a shape or strides.
func integers(v any) ([]int64, error) {
	l, ok := v.(*list)
	if !ok {
		return nil, fmt.Errorf("expected a tuple of integers, found %s", describe(v))
	}
	if len(l.items) > maxDimensions {
		return nil, fmt.Errorf("expected at most %d dimensions, found %d", maxDimensions, len(l.items))
	}
	numbers := make([]int64, len(l.items))
	for i, item := range l.items {
		if numbers[i], ok = item.(int64); !ok {
			return nil, fmt.Errorf("expected integers, found %s", describe(item))
		}
	}
	return numbers, nil
}
