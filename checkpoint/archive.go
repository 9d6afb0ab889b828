package checkpoint

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// archive is the zip file that torch.save writes since 1.6: a folder with
// data.pkl, the pickle, and data/0, data/1, …, the storages' bytes.
type archive struct {
	file      []byte
	prefix    string // the folder, with its slash
	entries   map[string]zipEntry
	bigEndian bool
	inflated  uint64 // bytes of the deflated entries read so far
	storages  map[string]*Storage
}

// zipEntry is an entry of the directory and its bytes in the file.
type zipEntry struct {
	*zip.File
	bytes []byte
}

// maxExpansion bounds what deflated entries make: so much times the file's size, in all.
const maxExpansion = 64

func isZip(file []byte) bool { return bytes.HasPrefix(file, []byte("PK\x03\x04")) }

func openArchive(file []byte) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("expected a PyTorch zip archive: %w", err)
	}
	const end = 22 // bytes of the directory's end without its comment
	if at := len(file) - end - len(z.Comment); at < 0 || !bytes.HasPrefix(file[at:], []byte("PK\x05\x06")) {
		return nil, errors.New("zip archive: expected its directory at the end of the file, found more bytes after it")
	}
	a := &archive{file: file, entries: make(map[string]zipEntry, len(z.File)), storages: map[string]*Storage{}}
	if err := a.addEntries(z.File); err != nil {
		return nil, fmt.Errorf("zip archive: %w", err)
	}
	if a.entries[a.prefix+"byteorder"].File != nil {
		order, err := a.read("byteorder")
		if err != nil {
			return nil, err
		}
		if s := string(order); s != "little" && s != "big" {
			return nil, fmt.Errorf("byteorder: expected little or big, found %.20q", s)
		}
		a.bigEndian = string(order) == "big"
	}
	return a, nil
}

// addEntries takes entries with names of their own that stay within the
// folder, and with bytes of their own that begin where the file does.
func (a *archive) addEntries(files []*zip.File) error {
	type span struct {
		name       string
		start, end int64
	}
	var spans []span
	pickle := ""
	for _, f := range files {
		if a.entries[f.Name].File != nil {
			return fmt.Errorf("expected one entry %q, found two", f.Name)
		}
		if !filepath.IsLocal(f.Name) || strings.Contains(f.Name, `\`) {
			return fmt.Errorf("expected names of entries within the archive, found %q", f.Name)
		}
		start, err := f.DataOffset()
		if err != nil {
			return fmt.Errorf("entry %s: %w", f.Name, err)
		}
		if size := uint64(len(a.file)); f.CompressedSize64 > size || uint64(start) > size-f.CompressedSize64 {
			return fmt.Errorf("entry %s: expected %d bytes, found the end of the file", f.Name, f.CompressedSize64)
		}
		if f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64 {
			return fmt.Errorf("entry %s: expected %d bytes as they are, found %d", f.Name, f.UncompressedSize64, f.CompressedSize64)
		}
		end := start + int64(f.CompressedSize64)
		a.entries[f.Name] = zipEntry{f, a.file[start:end:end]}
		spans = append(spans, span{f.Name, start, end})
		if folder, base := path.Split(f.Name); base == "data.pkl" && (pickle == "" || len(folder) < len(a.prefix)) {
			pickle, a.prefix = f.Name, folder
		}
	}
	slices.SortFunc(spans, func(x, y span) int { return cmp.Compare(x.start, y.start) })
	if len(spans) > 0 && spans[0].start != localHeader+int64(binary.LittleEndian.Uint16(a.file[26:]))+int64(binary.LittleEndian.Uint16(a.file[28:])) {
		return errors.New("expected an entry at the beginning of the file, found bytes of none")
	}
	for i := 1; i < len(spans); i++ {
		if x, y := spans[i-1], spans[i]; x.end > y.start {
			return fmt.Errorf("expected entries beside one another, found %q and %q over the same bytes", x.name, y.name)
		}
	}
	if pickle == "" {
		return errors.New("expected an entry data.pkl, found none; this is no PyTorch checkpoint")
	}
	return nil
}

// read is the bytes of an entry, its checksum checked: those of the file
// itself where the entry is stored as it is.
func (a *archive) read(name string) ([]byte, error) {
	e := a.entries[a.prefix+name]
	if e.File == nil {
		return nil, fmt.Errorf("zip archive: expected an entry %s, found none", a.prefix+name)
	}
	content, err := a.content(e)
	if err != nil {
		return nil, fmt.Errorf("zip entry %s: %w", e.Name, err)
	}
	return content, nil
}

func (a *archive) content(e zipEntry) ([]byte, error) {
	if e.Method == zip.Store {
		return e.bytes, e.checksum()
	}
	if limit := maxExpansion*uint64(len(a.file)) - a.inflated; e.UncompressedSize64 > limit {
		return nil, fmt.Errorf("expected entries of at most %d times the size of the file in all, found more", maxExpansion)
	}
	a.inflated += e.UncompressedSize64
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, int64(e.UncompressedSize64)+1)) // the reader checks length and checksum
}

func (e zipEntry) checksum() error {
	if crc32.ChecksumIEEE(e.bytes) != e.CRC32 {
		return zip.ErrChecksum
	}
	return nil
}

// storage is the storage of a key, the same one for the same key.
func (a *archive) storage(key string, dtype DType, elements int64, view any) (*Storage, error) {
	if view != nil {
		return nil, fmt.Errorf("storage %s: expected a whole one, found a view", key)
	}
	s := a.storages[key]
	if s == nil {
		var err error
		if s, err = a.open(key); err != nil {
			return nil, err
		}
		s.DType = dtype
		a.storages[key] = s
	}
	if s.DType != dtype {
		return nil, fmt.Errorf("storage %s: expected %s, as before, found %s", key, s.DType, dtype)
	}
	if int64(len(s.Data)/dtype.Size()) != elements || len(s.Data)%dtype.Size() != 0 {
		return nil, fmt.Errorf("storage %s: expected %d elements of %s, found %d bytes", key, elements, dtype, len(s.Data))
	}
	return s, nil
}

// open is the bytes of a storage. Stored ones are used in place, and their
// checksum is looked at when a tensor is read: opening a large file touches
// little of it.
func (a *archive) open(key string) (*Storage, error) {
	e := a.entries[a.prefix+"data/"+key]
	if e.File == nil || e.Method != zip.Store {
		content, err := a.read("data/" + key)
		return &Storage{Key: key, Data: content, BigEndian: a.bigEndian}, err
	}
	check := sync.OnceValue(func() error {
		if err := e.checksum(); err != nil {
			return fmt.Errorf("zip entry %s: %w", e.Name, err)
		}
		return nil
	})
	return &Storage{Key: key, Data: e.bytes, BigEndian: a.bigEndian, check: check}, nil
}
