package checkpoint

import (
	"fmt"
	"strings"
	"sync"
)

// Storage is the elements that tensors are views of: in the file, where they are
// read with a tensor, or in memory.
type Storage struct {
	Key       string // its name in the file
	DType     DType
	Data      []byte // of a storage in memory
	BigEndian bool

	from     contents // of one in the file
	elements int      // of one in the file, or whose place there comes later
	shared   *shared  // once it has several tensors, or elements of several types
	tensors  int
	retyped  []*Storage // the same bytes as elements of other types
}

// shared is what is read once for several tensors.
type shared struct {
	once  sync.Once
	bytes []byte
	err   error
}

// Len is the number of elements.
func (s *Storage) Len() int {
	if s.Data == nil {
		return s.elements
	}
	return len(s.Data) / s.DType.Size()
}

// bytes is the elements' bytes. Those in the file are kept if several tensors
// are made of them, and otherwise read each time.
func (s *Storage) bytes() ([]byte, error) {
	switch {
	case s.from == nil:
		return s.Data, nil
	case s.shared == nil:
		return s.from.read()
	}
	s.shared.once.Do(func() { s.shared.bytes, s.shared.err = s.from.read() })
	return s.shared.bytes, s.shared.err
}

func (s *Storage) share() *shared {
	if s.shared == nil {
		s.shared = &shared{}
	}
	return s.shared
}

// as is the same bytes as elements of another type.
func (s *Storage) as(allow *allowance, d DType) (*Storage, error) {
	if d == s.DType {
		return s, nil
	}
	for _, r := range s.retyped {
		if r.DType == d {
			return r, nil
		}
	}
	if err := allow.take(storageBytes); err != nil {
		return nil, err
	}
	size := s.Len() * s.DType.Size()
	if size%d.Size() != 0 {
		return nil, fmt.Errorf("storage %.80s: expected a multiple of %d bytes for %s, found %d", s.Key, d.Size(), d, size)
	}
	r := &Storage{Key: s.Key, DType: d, Data: s.Data, BigEndian: s.BigEndian, from: s.from, elements: size / d.Size(), shared: s.share()}
	s.retyped = append(s.retyped, r)
	return r, nil
}

// place is for a storage whose place in the file comes after its tensors.
func (s *Storage) place(from contents) {
	s.from = from
	for _, r := range s.retyped {
		r.from = from
	}
}

// storageClasses is the type of each class of storages, by its full name. An
// untyped one is bytes.
var storageClasses = func() map[string]DType {
	classes := map[string]DType{"torch.UntypedStorage": Uint8, "torch.storage.UntypedStorage": Uint8}
	for d, info := range dtypes {
		if info.storage != "" {
			classes["torch."+info.storage] = d
		}
	}
	return classes
}()

// storageIDs loads the persistent ids of archives and streams, ("storage",
// class, key, device, elements) and in streams a view of it, which is mostly None.
// Streams have the classes of modules so too, ("module", class, file, source): as
// the class, whose source is not looked at.
func storageIDs(find func(key string, dtype DType, elements int64, view any) (*Storage, error)) func(id any) (any, error) {
	return func(v any) (any, error) {
		id, ok := v.(*list)
		if ok && id.fixed && len(id.items) == 4 && id.items[0] == "module" {
			if class, ok := id.items[1].(global); ok {
				return class, nil
			}
		}
		if !ok || !id.fixed || len(id.items) < 5 || id.items[0] != "storage" {
			return nil, fmt.Errorf(`expected a persistent id ("storage", class, key, device, elements), found %s`, describe(v))
		}
		key, isText := id.items[2].(string)
		elements, isNumber := id.items[4].(int64)
		if !isText || !isNumber || strings.Contains(key, "/") {
			return nil, fmt.Errorf("storage: expected a key and a number of elements, found %s and %s", describe(id.items[2]), describe(id.items[4]))
		}
		dtype, err := storageType(id.items[1])
		if err != nil {
			return nil, fmt.Errorf("storage %.80s: %w", key, err)
		}
		var view any
		if len(id.items) > 5 {
			view = id.items[5]
		}
		return find(key, dtype, elements, view)
	}
}

func storageType(class any) (DType, error) {
	name, _ := class.(global)
	dtype, ok := storageClasses[string(name)]
	if !ok {
		return 0, fmt.Errorf("expected a class such as torch.FloatStorage, found %s", describe(class))
	}
	return dtype, nil
}

// noIDs is for pickles that hold nothing but plain values.
func noIDs(id any) (any, error) {
	return nil, fmt.Errorf("expected no persistent id, found %s", describe(id))
}
