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

// writeMetadata writes attributes as h5py does, in the order of their names.
func writeMetadata(g holder, m map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if err := writeAttribute(g, name, m[name]); err != nil {
			return fmt.Errorf("attribute %q: %w", name, err)
		}
	}
	return nil
}

// holder is what has attributes.
type holder interface {
	CreateAttribute(name string, t *hdf5.Datatype, space *hdf5.Dataspace) (*hdf5.Attribute, error)
}

func writeAttribute(g holder, name string, value any) error {
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
