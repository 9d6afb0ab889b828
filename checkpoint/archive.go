package checkpoint

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"strings"
)

// archive is the zip file that torch.save writes since 1.6: a folder with
// data.pkl, the pickle, and data/0, data/1, …, the storages' bytes.
type archive struct {
	src       *source
	prefix    string // the folder, with its slash
	entries   map[string]*zipEntry
	bigEndian bool
	inflated  int64 // bytes of the deflated entries that were asked for
	storages  map[string]*Storage
}

// What deflated entries make: at most so many bytes and so much times the file's size, in all.
const (
	inflatedAtLeast = 32 << 20
	inflatedPerByte = 4
)

func isZip(head string) bool { return strings.HasPrefix(head, "PK\x03\x04") }

func openArchive(src *source) (*archive, error) {
	entries, err := readDirectory(src)
	if err != nil {
		return nil, fmt.Errorf("zip archive: %w", err)
	}
	a := &archive{src: src, entries: make(map[string]*zipEntry, len(entries)), storages: map[string]*Storage{}}
	pickle := ""
	for i := range entries {
		e := &entries[i]
		if a.entries[e.name] != nil {
			return nil, fmt.Errorf("zip archive: expected one entry %.80q, found two", e.name)
		}
		a.entries[e.name] = e
		if folder, base := path.Split(e.name); base == "data.pkl" && (pickle == "" || len(folder) < len(a.prefix)) {
			pickle, a.prefix = e.name, folder
		}
	}
	for name := range a.entries {
		if lower := strings.ToLower(name); lower != name && path.Ext(name) != ".py" && a.entries[lower] != nil { // which PyTorch does not tell apart
			return nil, fmt.Errorf("zip archive: expected one entry %.80q, found %.80q too", lower, name)
		}
	}
	if pickle == "" && len(entries) == 0 {
		return nil, errors.New("zip archive: expected an entry data.pkl, found no entries")
	}
	if pickle == "" {
		var names []string
		for _, e := range entries[:min(len(entries), 3)] {
			names = append(names, e.name)
		}
		if strings.HasSuffix(entries[0].name, ".npy") {
			return nil, errors.New("zip archive: expected an entry data.pkl, found arrays of NumPy: torch.save writes a checkpoint of a dict of them")
		}
		return nil, fmt.Errorf("zip archive: expected an entry data.pkl, found none among %d, such as %.80q; this is no PyTorch checkpoint: one may be in it, unpack it", len(entries), names)
	}
	if a.entries[a.prefix+"byteorder"] != nil {
		order, err := a.read("byteorder")
		if err != nil {
			return nil, err
		}
		if order != "little" && order != "big" {
			return nil, fmt.Errorf("byteorder: expected little or big, found %.20q", order)
		}
		a.bigEndian = order == "big"
	}
	return a, nil
}

// entry is an entry of the folder, whose bytes are counted.
func (a *archive) entry(name string) (*zipEntry, error) {
	e := a.entries[a.prefix+name]
	if e == nil {
		return nil, fmt.Errorf("zip archive: expected an entry %.80s, found none", a.prefix+name)
	}
	if !e.deflated {
		return e, nil
	}
	if a.inflated += e.inflated; e.inflated > a.src.size*inflatedPerByte+inflatedAtLeast || a.inflated > a.src.size*inflatedPerByte+inflatedAtLeast {
		return nil, fmt.Errorf("zip entry %.80s: expected entries of at most %d times the size of the file and %d MB in all, found more", e.name, inflatedPerByte, inflatedAtLeast>>20)
	}
	return e, a.src.allow.take(int(e.inflated))
}

// read is the text of an entry.
func (a *archive) read(name string) (string, error) {
	e, err := a.entry(name)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.Grow(int(e.inflated))
	err = zipContents{a.src, e}.copy(&text)
	return text.String(), err
}

// zipContents is an entry's bytes.
type zipContents struct {
	src   *source
	entry *zipEntry
}

func (c zipContents) read() ([]byte, error) {
	content := bytes.NewBuffer(make([]byte, 0, c.entry.inflated))
	err := c.copy(content)
	return content.Bytes(), err
}

// copy writes the bytes as they were before they were deflated, and looks at their checksum.
func (c zipContents) copy(w io.Writer) error {
	e, sum := c.entry, crc32.NewIEEE()
	var r io.Reader = io.NewSectionReader(c.src.r, e.data, e.size)
	if e.deflated {
		r = flate.NewReader(r)
	}
	_, err := io.CopyN(io.MultiWriter(w, sum), r, e.inflated)
	switch {
	case err != nil:
		err = fmt.Errorf("expected %d bytes: %w", e.inflated, err)
	case sum.Sum32() != e.crc:
		err = errors.New("expected the bytes of the checksum, found others")
	default:
		if n, _ := r.Read(make([]byte, 1)); n != 0 {
			err = fmt.Errorf("expected %d bytes, found more", e.inflated)
		}
	}
	if err = c.src.end(err); err != nil {
		return fmt.Errorf("zip entry %.80s: %w", e.name, err)
	}
	return nil
}

// storage is the storage of a key, the same one for the same key. Its checksum is
// looked at when a tensor is read: opening a large file touches little of it.
func (a *archive) storage(key string, dtype DType, elements int64, view any) (*Storage, error) {
	if view != nil {
		return nil, fmt.Errorf("storage %.80s: expected a whole one, found a view", key)
	}
	s := a.storages[key]
	if s == nil {
		if err := a.src.allow.take(storageBytes); err != nil {
			return nil, err
		}
		e, err := a.entry("data/" + key)
		if err != nil {
			return nil, err
		}
		s = &Storage{Key: key, DType: dtype, BigEndian: a.bigEndian, from: zipContents{a.src, e}, elements: int(e.inflated) / dtype.Size()}
		if int64(s.elements) != elements || e.inflated%int64(dtype.Size()) != 0 {
			return nil, fmt.Errorf("storage %.80s: expected %d elements of %s, found %d bytes", key, elements, dtype, e.inflated)
		}
		a.storages[key] = s
	}
	if s.DType != dtype || int64(s.elements) != elements {
		return nil, fmt.Errorf("storage %.80s: expected %d elements of %s, as before, found %d of %s", key, s.elements, s.DType, elements, dtype)
	}
	return s, nil
}
