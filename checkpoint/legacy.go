package checkpoint

import (
	"errors"
	"fmt"
	"strings"
)

// legacyMagic is the number that starts the stream that torch.save wrote
// before 1.6; the pickle's protocol, and its frame, come before it.
const legacyMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

// legacyProtocol is the number that follows.
const legacyProtocol = 1001

func isLegacy(head string) bool {
	head = head[:min(len(head), 32)]
	return strings.HasPrefix(head, "\x80") && strings.Contains(head, legacyMagic) || strings.HasPrefix(head, legacyMagicInDigits)
}

// legacyMagicInDigits is the same in the protocols 0 and 1.
const legacyMagicInDigits = "L119547037146038801333356L\n."

// legacyFile is a file of pickles on end — the magic number, the protocol, the
// system that wrote it, the value, the keys of its storages — and then the storages.
type legacyFile struct {
	stream
	storages map[string]*Storage
	views    []storageView
}

// storageView is a storage that is a part of another one's, from offset on.
type storageView struct {
	part, whole *Storage
	offset      int64 // elements
}

func decodeLegacy(src *source) (*Checkpoint, error) {
	text, err := src.text(0, src.size)
	if err != nil {
		return nil, err
	}
	s := &legacyFile{stream: stream{src: src, text: text}, storages: map[string]*Storage{}}
	s.load = storageIDs(s.storage)
	if _, err := s.pickle("magic number"); err != nil {
		return nil, err
	}
	protocol, err := s.pickle("protocol")
	if err != nil {
		return nil, err
	}
	if protocol != int64(legacyProtocol) {
		return nil, fmt.Errorf("protocol: expected %d, found %s", legacyProtocol, describe(protocol))
	}
	if _, err := s.pickle("system"); err != nil {
		return nil, err
	}
	root, err := s.pickle("value")
	if err != nil {
		return nil, err
	}
	keys, err := s.pickle("keys of storages")
	if err != nil {
		return nil, err
	}
	if err := s.readStorages(keys); err != nil {
		return nil, err
	}
	return fromPickle("PyTorch legacy stream", root, src.allow)
}

// pickle is the next value; its end is the file's.
func (s *legacyFile) pickle(what string) (any, error) {
	v, err := s.stream.pickle(what)
	if errors.Is(err, errEnd) {
		err = fmt.Errorf("%w, after %d bytes: %w", err, len(s.text), errCut)
	}
	return v, err
}

// storage is the storage of a key; its elements come later in the file. view
// is None, or (key, offset, elements) of a part of it.
func (s *legacyFile) storage(key string, dtype DType, elements int64, view any) (*Storage, error) {
	whole, err := s.declare(key, dtype, elements)
	if err != nil || view == nil {
		return whole, err
	}
	v, ok := view.(*list)
	if !ok || len(v.items) != 3 {
		return nil, fmt.Errorf("storage %.80s: expected a view (key, offset, elements), found %s", key, describe(view))
	}
	name, isText := v.items[0].(string)
	offset, isOffset := v.items[1].(int64)
	count, isCount := v.items[2].(int64)
	if !isText || !isOffset || !isCount || offset < 0 || count < 0 || offset > elements || count > elements-offset {
		return nil, fmt.Errorf("storage %.80s: expected a view within its %d elements, found %s, %s and %s",
			key, elements, describe(v.items[0]), describe(v.items[1]), describe(v.items[2]))
	}
	if err := s.src.allow.take(storageBytes); err != nil {
		return nil, err
	}
	part := &Storage{Key: name, DType: dtype, elements: int(count)}
	s.views = append(s.views, storageView{part, whole, offset})
	return part, nil
}

func (s *legacyFile) declare(key string, dtype DType, elements int64) (*Storage, error) {
	if elements < 0 || elements > int64(len(s.text)/dtype.Size()) {
		return nil, fmt.Errorf("storage %.80s: expected at most the %d bytes of the file, found %d elements of %s", key, len(s.text), elements, dtype)
	}
	before := s.storages[key]
	if before == nil {
		if err := s.src.allow.take(storageBytes); err != nil {
			return nil, err
		}
		before = &Storage{Key: key, DType: dtype, elements: int(elements)}
		s.storages[key] = before
	}
	if before.DType != dtype || before.elements != int(elements) {
		return nil, fmt.Errorf("storage %.80s: expected %d elements of %s, as before, found %d of %s", key, before.elements, before.DType, elements, dtype)
	}
	return before, nil
}

// readStorages finds the elements of the storages, which are in the order of keys.
func (s *legacyFile) readStorages(keys any) error {
	list, ok := keys.(*list)
	if !ok {
		return fmt.Errorf("keys of storages: expected a list, found %s", describe(keys))
	}
	for _, k := range list.items {
		key, isText := k.(string)
		storage := s.storages[key]
		if !isText || storage == nil || storage.from != nil {
			return fmt.Errorf("keys of storages: expected each storage of the value once, found %s", describe(k))
		}
		at, err := s.elements(storage.DType, fmt.Sprintf("storage %.80s", key))
		if err != nil {
			return err
		}
		if n := int(at.size) / storage.DType.Size(); n != storage.elements {
			return fmt.Errorf("storage %.80s: expected %d elements, found %d", key, storage.elements, n)
		}
		storage.place(at)
	}
	for key, storage := range s.storages {
		if storage.from == nil {
			return fmt.Errorf("storage %.80s: expected its elements, found none", key)
		}
	}
	for _, v := range s.views {
		whole, size := v.whole.from.(span), int64(v.whole.DType.Size())
		v.part.place(span{s.src, whole.at + v.offset*size, int64(v.part.elements) * size})
	}
	return s.end("the last storage")
}
