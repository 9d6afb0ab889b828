package checkpoint

import (
	"archive/tar"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tarRecord is the size whose multiple Python pads a tar archive to with zeros, two blocks of them or more.
const tarRecord, tarEnd = 10240, 1024

func isTar(head string) bool { return len(head) > 262 && head[257:262] == "ustar" }

// tarFile is what torch.save wrote before its stream, until 2017: an archive of
// storages, of tensors and of a pickle whose persistent ids are their numbers.
type tarFile struct {
	src     *source
	members map[string]member
	objects map[int64]any // *Storage and *Tensor, by where they once were in memory
}

// member is a file of the archive, and where in it.
type member struct {
	from int64
	text string
}

func decodeTar(src *source) (*Checkpoint, error) {
	text, err := src.text(0, src.size)
	if err != nil {
		return nil, err
	}
	members, err := tarMembers(src.allow, text)
	if err != nil {
		return nil, fmt.Errorf("tar archive: %w", err)
	}
	return (&tarFile{src: src, members: members, objects: map[int64]any{}}).checkpoint()
}

func (f *tarFile) checkpoint() (*Checkpoint, error) {
	if err := f.readStorages(); err != nil {
		return nil, fmt.Errorf("tar archive, storages: %w", err)
	}
	if err := f.readTensors(); err != nil {
		return nil, fmt.Errorf("tar archive, tensors: %w", err)
	}
	s := f.stream("pickle", f.load)
	root, err := s.pickle("pickle")
	if err == nil {
		err = s.end("the pickle")
	}
	if err != nil {
		return nil, fmt.Errorf("tar archive: %w", err)
	}
	return fromPickle("PyTorch tar archive", root, f.src.allow)
}

func (f *tarFile) stream(name string, load func(id any) (any, error)) *stream {
	m := f.members[name]
	return &stream{src: f.src, from: m.from, text: m.text, load: load}
}

// tarMembers is the archive's files.
func tarMembers(allow *allowance, file string) (map[string]member, error) {
	members := map[string]member{}
	r := strings.NewReader(file)
	end := 0 // of the last member, with its padding
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("expected more than %d bytes: %w", len(file), errCut)
		}
		if err != nil {
			return nil, err
		}
		if err := allow.take(storageBytes + len(h.Name)); err != nil {
			return nil, err
		}
		_, twice := members[h.Name]
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || twice || !utf8.ValidString(h.Name) {
			return nil, fmt.Errorf("expected regular files, each once and within the folder, found %.80q of type %q", h.Name, h.Typeflag)
		}
		start := len(file) - r.Len()
		if h.Size > int64(r.Len()) {
			return nil, fmt.Errorf("%.80s: expected %d bytes, found %d: %w", h.Name, h.Size, r.Len(), errCut)
		}
		size := int(h.Size)
		members[h.Name] = member{int64(start), file[start:][:size]}
		end = start + (size+511)/512*512
	}
	if rest := file[min(end, len(file)):]; len(rest) < tarEnd || len(file)%tarRecord != 0 || strings.Count(rest, "\x00") != len(rest) {
		if strings.Trim(rest, "\x00") == "" {
			return nil, fmt.Errorf("expected zeros up to a multiple of %d bytes after the last file, found a file of %d: %w", tarRecord, len(file), errCut)
		}
		return nil, fmt.Errorf("expected zeros after the last file, up to a multiple of %d bytes, found %d bytes", tarRecord, len(rest))
	}
	for _, name := range []string{"storages", "tensors", "pickle"} {
		if _, ok := members[name]; !ok {
			return nil, fmt.Errorf("expected a file %s, found %.80q: a checkpoint may be in it, unpack it", name, slices.Sorted(maps.Keys(members))[:min(len(members), 5)])
		}
	}
	return members, nil
}

// load is a storage or a tensor by its number, or of a container's class, its
// source and this one's text the class.
func (f *tarFile) load(id any) (any, error) {
	switch id := id.(type) {
	case *list:
		if class, ok := first(id.items).(global); ok && id.fixed {
			return class, nil
		}
	case string:
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && f.objects[n] != nil {
			return f.objects[n], nil
		}
	case int64:
		if f.objects[id] != nil {
			return f.objects[id], nil
		}
	}
	return nil, fmt.Errorf("expected a persistent id of a tensor or a storage, found %s", describe(id))
}

func first(items []any) any {
	if len(items) == 0 {
		return nil
	}
	return items[0]
}

// each goes over the pickled number of things, and their pickled tuples of length values.
func (s *stream) each(length int, do func(tuple []any) error) error {
	count, err := s.pickle("number")
	if err != nil {
		return err
	}
	n, ok := count.(int64)
	if !ok {
		return fmt.Errorf("expected a number, found %s", describe(count))
	}
	for ; n > 0; n-- { // each takes some of the file
		v, err := s.pickle("description")
		if err != nil {
			return err
		}
		if err := s.tuple(v, length, do); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) tuple(v any, length int, do func(tuple []any) error) error {
	l, ok := v.(*list)
	if !ok || len(l.items) != length {
		return fmt.Errorf("expected a tuple of %d, found %s", length, describe(v))
	}
	return do(l.items)
}

// readStorages reads (number, device, class) and the elements of each storage,
// and then (number, whole one, offset, elements) of those that are parts of others.
func (f *tarFile) readStorages() error {
	s := f.stream("storages", noIDs)
	if err := s.each(3, func(tuple []any) error {
		dtype, err := storageType(tuple[2])
		if err != nil {
			return err
		}
		key := describe(tuple[0])
		at, err := s.elements(dtype, "storage "+key)
		if err != nil {
			return err
		}
		return f.add(tuple[0], &Storage{Key: key, DType: dtype, from: at, elements: int(at.size) / dtype.Size()})
	}); err != nil {
		return err
	}
	views, err := s.pickle("views")
	if err != nil {
		return err
	}
	l, ok := views.(*list)
	if !ok {
		return fmt.Errorf("views: expected a list, found %s", describe(views))
	}
	for _, v := range l.items {
		if err := s.tuple(v, 4, f.addView); err != nil {
			return err
		}
	}
	return s.end("the views")
}

func (f *tarFile) addView(tuple []any) error {
	number, _ := tuple[1].(int64)
	whole, _ := f.objects[number].(*Storage)
	offset, isOffset := tuple[2].(int64)
	count, isCount := tuple[3].(int64)
	if whole == nil || !isOffset || !isCount || offset < 0 || count < 0 || offset > int64(whole.Len()) || count > int64(whole.Len())-offset {
		return fmt.Errorf("view: expected a part of a storage, found %s, %s and %s", describe(tuple[1]), describe(tuple[2]), describe(tuple[3]))
	}
	at, size := whole.from.(span), int64(whole.DType.Size())
	return f.add(tuple[0], &Storage{Key: describe(tuple[0]), DType: whole.DType, from: span{f.src, at.at + offset*size, count * size}, elements: int(count)})
}

// readTensors reads (number, storage, class), the number of dimensions, shape,
// strides and offset of each tensor.
func (f *tarFile) readTensors() error {
	s := f.stream("tensors", noIDs)
	if err := s.each(3, func(tuple []any) error {
		what := "tensor " + describe(tuple[0])
		number, _ := tuple[1].(int64)
		storage, ok := f.objects[number].(*Storage)
		if !ok {
			return fmt.Errorf("%s: expected a storage, found %s", what, describe(tuple[1]))
		}
		head, err := s.take(8, what) // the number of dimensions and 4 bytes more
		if err != nil {
			return err
		}
		dimensions := int(int32(binary.LittleEndian.Uint32([]byte(head))))
		if dimensions < 0 || dimensions > maxDimensions {
			return fmt.Errorf("%s: expected at most %d dimensions, found %d", what, maxDimensions, dimensions)
		}
		layout, err := s.take(8*(2*dimensions+1), what)
		if err != nil {
			return err
		}
		numbers, words := make([]int64, 2*dimensions+1), fields(layout)
		for i := range numbers {
			numbers[i] = int64(words.next(8))
		}
		t, err := newTensor(f.src.allow, storage, numbers[2*dimensions], numbers[:dimensions], numbers[dimensions:2*dimensions])
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return f.add(tuple[0], t)
	}); err != nil {
		return err
	}
	return s.end("the last tensor")
}

func (f *tarFile) add(number, object any) error {
	n, ok := number.(int64)
	if !ok || f.objects[n] != nil {
		return fmt.Errorf("expected a number that was not there before, found %s", describe(number))
	}
	f.objects[n] = object
	return f.src.allow.take(storageBytes)
}
