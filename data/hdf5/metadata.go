//go:build hdf5 && cgo

package hdf5

// #include <stdlib.h>
// #include "library.h"
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"gonum.org/v1/hdf5"
)

// maxMetadata is more bytes than any attribute has, and few enough to hold.
const maxMetadata = 1 << 20

// Metadata is the attributes of /metadata: texts, float64s, int64s, bools, and
// slices of these. It is empty where there are none.
func (r *Reader) Metadata() (map[string]any, error) {
	if r.file == nil {
		return nil, fmt.Errorf("%s: closed", r.path)
	}
	defer enter()()
	m, err := r.metadata()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", r.path, metadata, err)
	}
	return m, nil
}

func (r *Reader) metadata() (map[string]any, error) {
	m := map[string]any{}
	found, err := lookUp(r.file, metadata)
	if err != nil || found == nothing {
		return m, err
	}
	if found != group {
		return nil, fmt.Errorf("expected a group, found %s", found)
	}
	g, err := r.file.OpenGroup(metadata)
	if err != nil {
		return nil, because(err)
	}
	defer g.Close()
	for i := range countAttributes(g) {
		var buffer [C.MAX_NAME]C.char
		if err := failed(C.attribute_name(id(g), C.hsize_t(i), &buffer[0], C.size_t(len(buffer)))); err != nil {
			return nil, err
		}
		name := C.GoString(&buffer[0])
		if m[name], err = readAttribute(g, name); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	return m, nil
}

// countAttributes is negative where the group is damaged.
func countAttributes(g *hdf5.Group) int { return int(C.attributes(id(g))) }

func readAttribute(g *hdf5.Group, name string) (any, error) {
	a, err := g.OpenAttribute(name)
	if err != nil {
		return nil, because(err)
	}
	defer a.Close()
	t := &hdf5.Datatype{Identifier: a.GetType()}
	defer t.Close()
	space := a.Space()
	if space == nil {
		return nil, because(errors.New("no dataspace"))
	}
	defer space.Close()
	scalar := space.SimpleExtentType() == hdf5.S_SCALAR
	if !scalar && (space.SimpleExtentType() != hdf5.S_SIMPLE || space.SimpleExtentNDims() != 1) {
		return nil, errors.New("expected one value or a list of values, found an array or nothing")
	}
	n, size := space.SimpleExtentNPoints(), int(t.Size())
	if n < 0 || size < 1 || n > maxMetadata/size {
		return nil, fmt.Errorf("expected at most %d bytes, found %d values of %d", maxMetadata, n, size)
	}
	raw := make([]byte, n*size+1) // one more, as there is no address of nothing
	if t.Class() == hdf5.T_STRING {
		var texts []string
		if C.H5Tis_variable_str(id(t)) > 0 {
			texts, err = readTexts(a, t, space, n)
		} else if err = failed(C.H5Aread(id(a), id(t), unsafe.Pointer(&raw[0]))); err == nil {
			for i := range n {
				text, _, _ := strings.Cut(string(raw[i*size:(i+1)*size]), "\x00")
				texts = append(texts, text)
			}
		}
		return one(texts, scalar), err
	}
	for _, known := range numbers {
		if !t.Equal(known.Datatype) {
			continue
		}
		if err := failed(C.H5Aread(id(a), id(t), unsafe.Pointer(&raw[0]))); err != nil {
			return nil, err
		}
		switch raw = raw[:n*size]; known.kind {
		case boolean:
			return one(each(raw, size, func(b []byte) bool { return b[0] != 0 }), scalar), nil
		case real:
			return one(each(raw, size, known.float), scalar), nil
		default:
			return one(each(raw, size, known.integer), scalar), nil
		}
	}
	return nil, fmt.Errorf("expected text, numbers or bools, found a type of class %d", t.Class())
}

// readTexts reads texts that libhdf5 allocates.
func readTexts(a *hdf5.Attribute, t *hdf5.Datatype, space *hdf5.Dataspace, n int) ([]string, error) {
	pointers := (**C.char)(C.calloc(C.size_t(n+1), C.size_t(unsafe.Sizeof(uintptr(0)))))
	defer C.free(unsafe.Pointer(pointers))
	if err := failed(C.H5Aread(id(a), id(t), unsafe.Pointer(pointers))); err != nil {
		return nil, err
	}
	defer C.H5Dvlen_reclaim(id(t), id(space), C.H5P_DEFAULT, unsafe.Pointer(pointers))
	var texts []string
	for _, p := range unsafe.Slice(pointers, n) {
		texts = append(texts, C.GoString(p))
	}
	return texts, nil
}

func each[T any](b []byte, size int, value func([]byte) T) (values []T) {
	for ; len(b) >= size; b = b[size:] {
		values = append(values, value(b))
	}
	return values
}

func one[T any](values []T, scalar bool) any {
	if scalar && len(values) == 1 {
		return values[0]
	}
	return values
}

// writeMetadata writes attributes as h5py does, in the order of their names.
func writeMetadata(g *hdf5.Group, m map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if err := writeAttribute(g, name, m[name]); err != nil {
			return fmt.Errorf("attribute %q: %w", name, err)
		}
	}
	return nil
}

func writeAttribute(g *hdf5.Group, name string, value any) error {
	var t *hdf5.Datatype
	switch value.(type) {
	case string, []string:
		t = textType
	case bool, []bool:
		t = boolType
	case int64, []int64:
		t = hdf5.T_STD_I64LE
	case float64, []float64:
		t = hdf5.T_IEEE_F64LE
	default:
		return fmt.Errorf("expected text, int64, float64, bool or a slice of these, found %T", value)
	}
	space, err := hdf5.CreateDataspace(hdf5.S_SCALAR)
	if v := reflect.ValueOf(value); v.Kind() == reflect.Slice {
		space, err = hdf5.CreateSimpleDataspace([]uint{uint(v.Len())}, nil)
	}
	if err != nil {
		return because(err)
	}
	defer space.Close()
	if name == "" || strings.ContainsRune(name, 0) {
		return errors.New("expected a name without NUL")
	}
	a, err := g.CreateAttribute(name, t, space)
	if err != nil {
		return because(err)
	}
	defer a.Close()
	switch v := value.(type) {
	case string:
		return writeTexts(a, []string{v})
	case []string:
		return writeTexts(a, v)
	}
	raw, err := binary.Append(nil, binary.LittleEndian, value)
	if err != nil {
		return err
	}
	raw = append(raw, 0) // as there is no address of nothing
	return failed(C.H5Awrite(id(a), id(t), unsafe.Pointer(&raw[0])))
}

// textType is h5py's str.
var textType = func() *hdf5.Datatype {
	t, err := hdf5.T_GO_STRING.Copy()
	if err == nil {
		err = failed(C.H5Tset_cset(id(t), C.H5T_CSET_UTF8))
	}
	if err != nil {
		panic(err) // as the binding's own types do
	}
	return t
}()

func writeTexts(a *hdf5.Attribute, texts []string) error {
	pointers := (**C.char)(C.calloc(C.size_t(len(texts)+1), C.size_t(unsafe.Sizeof(uintptr(0)))))
	defer C.free(unsafe.Pointer(pointers))
	for i := range texts {
		if strings.ContainsRune(texts[i], 0) {
			return errors.New("expected text without NUL")
		}
		p := C.CString(texts[i])
		defer C.free(unsafe.Pointer(p))
		unsafe.Slice(pointers, len(texts))[i] = p
	}
	return failed(C.H5Awrite(id(a), id(textType), unsafe.Pointer(pointers)))
}
